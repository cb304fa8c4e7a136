"""The page at ``/docs``: the OpenAPI document for people, without anything from other servers."""

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'"
)
"""Content security policy: nothing is loaded from anywhere, and only this server is asked."""

HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Closed Loop API</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --key: #2563c9; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0;
  padding: .4rem .8rem; }
summary { cursor: pointer; }
code, pre, textarea { font: 14px/1.45 ui-monospace, monospace; }
pre, textarea { background: var(--soft); border: 0; border-radius: 6px; padding: .7rem;
  box-sizing: border-box; width: 100%; overflow: auto; max-height: 24rem; color: inherit; }
textarea { min-height: 9rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left;
  vertical-align: top; }
.method { display: inline-block; min-width: 3.5rem; font-weight: 600; color: var(--key); }
.quiet { opacity: .7; }
</style>
</head>
<body>
<h1>Closed Loop API</h1>
<p id="about">Reading the description …</p>
<p id="key" hidden><label>API key <input id="secret" type="password" autocomplete="off"></label></p>
<main id="main"></main>
<script>
"use strict";
const make = (name, text, parent, kind) => {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (kind) node.className = kind;
  if (parent) parent.append(node);
  return node;
};
const show = value => JSON.stringify(value, null, 2);

function follow(schema, document_) {
  const name = (schema.$ref || "").split("/").pop();
  return name ? { name, ...document_.components.schemas[name] } : schema;
}

function addColumns(main, document_) {
  const record = document_.components.schemas.Record;
  if (!record || !record.properties) return;
  make("h2", "Columns of the model", main);
  const table = make("table", undefined, main);
  const head = make("tr", undefined, table);
  for (const title of ["column", "needed", "what it holds"]) make("th", title, head);
  for (const [name, column] of Object.entries(record.properties)) {
    const row = make("tr", undefined, table);
    make("code", name, make("td", undefined, row));
    make("td", (record.required || []).includes(name) ? "yes" : "", row);
    make("td", column.description, row);
  }
}

function exampleOf(operation, document_) {
  const content = ((operation.requestBody || {}).content || {})["application/json"];
  if (!content) return undefined;
  const form = follow(content.schema, document_);
  return content.example || (form.examples || [])[0] || {};
}

function addOperation(parent, method, path, operation, document_) {
  const box = make("details", undefined, parent);
  const summary = make("summary", undefined, box);
  make("span", method.toUpperCase(), summary, "method");
  make("code", path, summary);
  make("span", "  " + operation.summary, summary, "quiet");
  const fields = {};
  for (const parameter of operation.parameters || []) {
    const label = make("label", parameter.name + " ", make("p", undefined, box));
    const field = make("input", undefined, label);
    field.value = (parameter.schema.enum || [""])[0];
    fields[parameter.name] = { field, where: parameter.in };
    make("div", parameter.description, label.parentNode, "quiet");
  }
  const example = exampleOf(operation, document_);
  const body = example === undefined ? null : make("textarea", undefined, box);
  if (body) { body.value = show(example); body.spellcheck = false; }
  const send = make("button", "Send", make("p", undefined, box));
  const answer = make("pre", undefined, box);
  answer.hidden = true;
  send.addEventListener("click", async () => {
    const headers = {};
    const secret = document.getElementById("secret").value;
    if (secret) headers["x-api-key"] = secret;
    if (body) headers["content-type"] = "application/json";
    let address = path.slice(1);
    for (const [name, { field, where }] of Object.entries(fields)) {
      if (where === "path") address = address.replace(`{${name}}`, encodeURIComponent(field.value));
      else if (field.value) headers[name] = field.value;
    }
    answer.hidden = false;
    answer.textContent = "…";
    try {
      const reply = await fetch(address, { method, headers, body: body ? body.value : undefined });
      const text = await reply.text();
      let shown = text;
      try { shown = show(JSON.parse(text)); } catch { /* not JSON */ }
      answer.textContent = `${reply.status} ${reply.statusText}\\n${shown}`;
    } catch (error) {
      answer.textContent = String(error);
    }
  });
  const forms = make("details", undefined, box);
  make("summary", "What goes in and comes out", forms);
  const names = Object.values((operation.requestBody || {}).content || {}).map(c => c.schema);
  for (const [status, reply] of Object.entries(operation.responses)) {
    make("p", `${status}: ${reply.description}`, forms);
    if (status < "300") names.push(...Object.values(reply.content || {}).map(c => c.schema));
  }
  for (const schema of names) make("pre", show(follow(schema, document_)), forms);
}

async function main() {
  const reply = await fetch("openapi.json" + location.search);
  const document_ = await reply.json();
  const about = document.getElementById("about");
  if (!reply.ok) { about.textContent = document_.error.message; return; }
  about.textContent = document_.info.summary;
  document.getElementById("key").hidden = !document_.security;
  const main_ = document.getElementById("main");
  addColumns(main_, document_);
  const told = new Map(document_.tags.map(tag => [tag.name, tag.description]));
  const groups = new Map();
  for (const [path, item] of Object.entries(document_.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const name = operation.tags[0];
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push([method, path, operation]);
    }
  }
  for (const [name, found] of groups) {
    make("h2", name, main_);
    make("p", told.get(name), main_);
    for (const each of found) addOperation(main_, ...each, document_);
  }
}
main().catch(error => { document.getElementById("about").textContent = String(error); });
</script>
</body>
</html>
"""
