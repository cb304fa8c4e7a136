"""A card shows what is known, says what is not, and lets nothing out of a name."""

import re
from functools import cache
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from core import keys
from core.contract import Task
from core.errors import NotFoundError
from core.registry import Registry
from tests.unit.report.worlds import LEVELS, PIPE, SCRIPT, gather, train_twice
from training.report.about import About, DataAnswers, ModelAnswers
from training.report.blocks import Document, Figure, Said
from training.report.card import write_card
from training.report.facts import Facts, gather_run, gather_version
from training.report.markdown import write_markdown
from training.report.page import write_page
from training.report.sheet import write_sheet

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
CARD_SECTIONS = [
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
    "Quantitative analyses", "Ethical considerations", "Caveats and recommendations",
]  # fmt: skip
SHEET_SECTIONS = [
    "Motivation", "Composition", "Collection process", "Preprocessing, cleaning and labelling",
    "Uses", "Distribution", "Maintenance",
]  # fmt: skip
PICTURES: dict[Task, set[str]] = {
    "binary": {
        "ROC curve.", "Precision-recall curve.", "Reliability diagram.", "Confusion matrix.",
        "Cost of a decision.", "Worst slices.", "Permutation importance.",
    },
    "multiclass": {
        "ROC curve.", "Precision-recall curve.", "Reliability diagram.", "Confusion matrix.",
        "Worst slices.", "Permutation importance.",
    },
    "regression": {
        "Residuals along the predictions.", "How far predictions are off.",
        "Coverage of the interval.", "Worst slices.", "Permutation importance.",
    },
}  # fmt: skip
_VOID = {"meta", "br", "img", "link", "input", "hr"}
_ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "nav", "p", "a", "ul", "li", "main",
    "article", "header", "section", "h1", "h2", "h3", "h4", "div", "span", "dl", "dt", "dd", "pre",
    "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "figcaption", "b",
    "svg", "g", "path", "defs", "use", "text", "tspan", "clippath", "rect", "image",
}  # fmt: skip


class Reader(HTMLParser):
    """Reads a page as a browser does, and keeps what it would show and do."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data


def make_page(facts: Facts) -> str:
    return write_page([write_card(facts), write_sheet(facts)])


@cache
def card_of(task: Task) -> Document:
    """Draw the pictures of a task once for all tests that only look at them."""
    return write_card(gather(task))


def page_of(task: Task) -> str:
    return write_page([card_of(task), write_sheet(gather(task))])


@pytest.mark.parametrize("task", TASKS)
def test_a_page_needs_nothing_and_runs_nothing_whatever_the_names_are(task: Task) -> None:
    page = page_of(task)
    reader = Reader(page)
    assert reader.open == []
    assert reader.tags <= _ALLOWED
    for text in (SCRIPT, PIPE, LEVELS["pro"], "<b>rows</b>.csv"):
        assert text in reader.text
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    links = [v for name, v in reader.attributes if name in ("href", "src", "xlink:href", "action")]
    assert all(link.startswith("#") for link in links)
    assert "default-src 'none'" in page
    assert "url(http" not in page
    assert "@import" not in page


@pytest.mark.parametrize("task", TASKS)
def test_the_same_facts_give_the_same_bytes(task: Task) -> None:
    assert make_page(gather(task)) == page_of(task)


@pytest.mark.parametrize("task", TASKS)
def test_a_card_has_all_sections_and_pictures(task: Task) -> None:
    facts = gather(task)
    card, sheet = card_of(task), write_sheet(facts)
    assert [each.title for each in card.sections] == CARD_SECTIONS
    assert [each.title for each in sheet.sections] == SHEET_SECTIONS
    blocks = [block for section in card.sections for block in section.blocks]
    figures = [block for block in blocks if isinstance(block, Figure)]
    large = {each.title for each in figures if not each.small}
    assert large - {f"Groups of {name}." for name in (SCRIPT, "autopay")} == PICTURES[task]
    assert len(figures) - len(large) == len(facts.spec.contract.columns) + 1
    for figure in figures:
        root = ET.fromstring(figure.svg)  # well formed
        assert root.find("{http://www.w3.org/2000/svg}title") is not None
        # Every colour is the page's own, so that light and dark both work.
        colours = re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", figure.svg)
        assert not colours, (figure.title, set(colours))


def test_pictures_in_one_page_share_no_names() -> None:
    reader = Reader(page_of("binary"))
    ids = [value for name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_markdown_names_each_picture_in_a_sentence() -> None:
    lines = [
        line for line in write_markdown(card_of("binary")).splitlines() if "a picture in" in line
    ]
    assert lines[0].startswith("*tenure: a picture in card.html.*")
    assert not [line for line in lines if ".:" in line or line.endswith(" ")]


def test_markdown_shows_names_as_they_are() -> None:
    text = write_markdown(card_of("binary"))
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    for line in text.splitlines():
        if line.startswith("|") and "---" not in line:
            cells = re.split(r"(?<!\\)\|", line)
            assert len(cells) > 3
    (row,) = [line for line in text.splitlines() if line.startswith(r"| a\|b \*c\* \[d\]")][-1:]
    assert "http:" not in row
    widths: list[int] = []
    for line in text.splitlines():
        if line.startswith("|"):
            widths.append(len(re.split(r"(?<!\\)\|", line)))
        elif widths:
            assert len(set(widths)) == 1
            widths = []


def test_what_nobody_said_is_not_stated() -> None:
    facts = gather("binary")
    for document in (card_of("binary"), write_sheet(facts)):
        said = [b for section in document.sections for b in section.blocks if isinstance(b, Said)]
        given = [each for each in said if each.answer]
        assert len(said) > 9
        assert [each.question for each in given] in ([], ["Is the raw data kept?"])
        assert write_markdown(document).count("*not stated*") == len(said) - len(given)


def test_what_a_person_said_is_shown_as_it_was_said() -> None:
    store = train_twice("binary")
    said = About(
        model=ModelAnswers(intended_uses="To call people.\n\n<b>Not</b> to fire them."),
        data=DataAnswers(licence="CC BY 4.0"),
    )
    store.put(keys.about("small"), said.to_json())
    try:
        facts = gather("binary")
        assert facts.about == said
        card, sheet = write_card(facts), write_sheet(facts)
    finally:
        store.put(keys.about("small"), About().to_json())
    page, text = write_page([card, sheet]), write_markdown(card)
    assert "<p>To call people.</p><p>&lt;b&gt;Not&lt;/b&gt; to fire them.</p>" in page
    assert "To call people.\n\n&lt;b&gt;Not&lt;/b&gt; to fire them." in text
    assert "CC BY 4.0" in page


def test_a_card_tells_metrics_gate_and_how_to_make_it_again() -> None:
    facts = gather("binary")
    text = write_markdown(card_of("binary"))
    for name in facts.report.metrics:
        assert name.replace("_", " ").lower() in text.lower() or name in ("f1", "mcc")
    for rule in facts.gate.rules:
        assert rule.rule.split("(")[0].strip().split("'")[0] in text
    assert "loop reproduce 2 --model small" in text
    assert "version 1" in text
    assert "demographic" in text
    assert facts.manifest.provenance.code_sha256 in text
    for name, digest in facts.manifest.provenance.locks.items():
        assert f"{name} | {digest}" in text


def test_a_sheet_tells_columns_quarantine_and_split() -> None:
    facts = gather("binary")
    text = write_markdown(write_sheet(facts))
    assert f"holdout rows: {facts.data.holdout_rows}" in text
    assert "| tenure | numeric | yes | " in text
    assert "Rows in quarantine" in text
    assert str(facts.summary["raw_key"]) in text


def test_the_first_version_has_nothing_to_be_compared_with() -> None:
    facts = gather("binary", version=1)
    assert facts.previous is None
    assert "no earlier version" in make_page(facts)


def test_a_refused_run_has_a_card_that_says_so() -> None:
    store = train_twice("regression")
    facts = gather_run(store, "run-1")
    refused = Facts(
        **{
            name: getattr(facts, name)
            for name in Facts.__dataclass_fields__
            if name not in ("version", "gate", "aliases")
        },
        version=None,
        aliases=(),
        gate=facts.gate.model_copy(update={"passed": False, "reason": "Failed: too slow."}),
    )
    text = write_markdown(write_card(refused))
    assert "The gate refused it." in text
    assert "Failed: too slow." in text
    assert "loop reproduce" not in text


def test_rejects_a_run_that_left_no_report() -> None:
    store = train_twice("binary")
    record = Registry(store).version("small", 1).model_copy(update={"run_id": "nothing"})
    with pytest.raises(NotFoundError, match="wrote no evaluation"):
        gather_version(store, record, best_possible={})
