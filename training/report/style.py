"""The style sheet of a page: light or dark as the reader has it, one column on a phone, paper."""

STYLE = """
:root { color-scheme: light dark;
  --paper: #ffffff; --ink: #1a1c1f; --muted: #5c636b; --grid: #e3e6ea; --panel: #f5f7f9;
  --one: #0072b2; --two: #d55e00; --three: #009e73; --four: #a8478a; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171a; --ink: #e8eaed; --muted: #9aa3ad; --grid: #31373d; --panel: #1d2226;
  --one: #56b4e9; --two: #ff9d4d; --three: #2bc596; --four: #e59ac6; --bad: #ff8a80; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 1rem; }
nav { max-width: 66rem; margin: 0 auto; padding: 1rem 1rem 0; font-size: .875rem; }
nav p { margin: .25rem 0 0; font-weight: 600; }
nav ul { margin: 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: 0 1rem; }
a { color: var(--one); text-underline-offset: .15em; }
article + article { margin-top: 4rem; border-top: 3px solid var(--grid); padding-top: 1.5rem; }
h1, article + article h2:first-child { font-size: 1.75rem; line-height: 1.2; margin: .5rem 0; }
h2, article + article h3 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; padding-bottom: .25rem;
  border-bottom: 1px solid var(--grid); }
h4 { font-size: .95rem; margin: 1.25rem 0 .25rem; }
p { margin: .4rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.highlights { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr));
  gap: .75rem; margin: 1.25rem 0; }
.highlight { background: var(--panel); border-radius: .5rem; padding: .7rem .9rem; }
.highlight span { display: block; }
.highlight .name { color: var(--muted); font-size: .8rem; }
.highlight .value { font-size: 1.45rem; font-weight: 650; overflow-wrap: anywhere; }
.highlight .note { color: var(--muted); font-size: .8rem; }
.said p { white-space: pre-line; }
.unsaid { color: var(--muted); font-style: italic; }
.note, figcaption { color: var(--muted); font-size: .85rem; }
figcaption b { color: var(--ink); }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .15rem 1.25rem;
  margin: .5rem 0; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--panel); border-radius: .4rem; padding: .6rem .8rem; overflow-x: auto; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; margin: .25rem 0; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--grid);
  vertical-align: top; max-width: 26rem; overflow-wrap: break-word; }
th { color: var(--muted); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.number { white-space: normal; }
.bad { color: var(--bad); font-weight: 650; }
summary { cursor: pointer; font-weight: 600; font-size: .95rem; margin: 1rem 0 .25rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 23rem), 1fr));
  gap: 1.5rem; margin: 1rem 0; align-items: start; }
.pictures.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 16rem), 1fr)); }
figure { margin: 0; break-inside: avoid; max-width: 34rem; }
svg.plot { display: block; width: 100%; height: auto; font-family: inherit; }
svg.plot * { stroke-linejoin: round; stroke-linecap: butt; }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --muted: #444;
    --grid: #ccc; --panel: #f5f5f5; --one: #0072b2; --two: #d55e00; --three: #009e73;
    --four: #a8478a; --bad: #b3261e; }
  nav { display: none; } html { font-size: 11px; } body { font-size: 1rem; }
  main { max-width: none; padding: 0; }
  details::details-content { content-visibility: visible; display: block; }
  h2, h3, h4 { break-after: avoid; } tr { break-inside: avoid; }
  .pictures { grid-template-columns: 1fr 1fr; }
  .pictures.small { grid-template-columns: 1fr 1fr 1fr; } }
"""
