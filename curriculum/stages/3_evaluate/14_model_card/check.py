"""Compares a model card with the learner's own run: facts, and where the limits of use stand."""

import re
from typing import Any

from core.errors import NotFoundError
from core.metrics import LOSS_NAMES
from core.registry import Registry
from curriculum.checker.bench import Bench, Failure, NotReadyError
from curriculum.material.deployed import read_json, read_run

RELATIVE = 0.005
LIMITS, LIMIT_WORDS, CAVEAT_WORDS = 2, 6, 15
FIELDS = {
    "Model details": ("model", "run", "kind of model"),
    "Intended use": ("for",),
    "Training data": ("rows trained on",),
    "Evaluation data": ("rows of the holdout",),
    "Metrics": ("loss", "baseline", "answers yes from"),
    "Quantitative analyses": ("worst slice", "rows of the slice", "loss of the slice"),
    "Ethical considerations": ("sensitive columns",),
    "Caveats and recommendations": (),
}
LINE = re.compile(r"^\s*[-*]\s*([^:]+?)\s*:\s*(.*?)\s*$")
Card = dict[str, list[str]]
Document = dict[str, Any]


def inspect(bench: Bench, text: str) -> Failure | None:
    """Look at the parts of the card, then at its facts, then at the limits of use."""
    card = read_card(text)
    failure = judge_parts(card)
    if failure:
        return failure
    run_id = tell(card, "run").strip("`")
    run = find_run(bench, run_id)
    if run is None:
        return Failure(
            expected="a run of yours that was judged",
            observed=f"run: {run_id[:40]}",
            where="A card is about one model, and one run made it. loop runs lists yours; the "
            "champion's is named by loop report.",
        )
    failure = judge_texts(card, run) or judge_numbers(card, run) or judge_slice(card, run)
    failure = failure or judge_limits(card)
    if failure is None:
        bench.metrics["limits_named"] = len(find_limits(card["Intended use"]))
    return failure


def read_card(text: str) -> Card:
    """Return the lines below each heading of the second level."""
    card: Card = {}
    heading = ""
    known = {name.casefold(): name for name in FIELDS}
    for line in text.splitlines():
        if line.startswith("## "):
            name = line[3:].strip()
            heading = known.get(name.casefold(), name)
            card.setdefault(heading, [])
        elif heading:
            card[heading].append(line)
    return card


def find_field(lines: list[str], name: str) -> str | None:
    """Return what stands behind a name, or None."""
    for line in lines:
        found = LINE.match(line)
        if found and found[1].casefold() == name:
            return found[2]
    return None


def tell(card: Card, name: str) -> str:
    """Return what stands behind a name that is known to be there."""
    section = next(each for each, names in FIELDS.items() if name in names)
    return find_field(card[section], name) or ""


def judge_parts(card: Card) -> Failure | None:
    """Return a failure when a section or a line is missing."""
    for section, names in FIELDS.items():
        if section not in card:
            return Failure(
                expected=f"a section '## {section}'",
                observed="none",
                where="People who read many cards look for the same sections in each.",
            )
        for name in names:
            if find_field(card[section], name):
                continue
            other = next((each for each in card if find_field(card[each], name)), None)
            return Failure(
                expected=f"a line '- {name}: …' under '{section}'",
                observed=f"it stands under '{other}'" if other else "none",
                where="One fact, one line, in its own section: so it can be found, and compared.",
            )
    return None


def find_run(bench: Bench, run_id: str) -> Document | None:
    """Read what a run wrote; None where there is no such run, or it was not judged."""
    if not re.fullmatch(r"[\w.-]{1,100}", run_id):
        return None
    try:
        report = read_run(bench, run_id, "report.json")
        return {
            "id": run_id,
            "report": report,
            "spec": read_run(bench, run_id, "spec.json"),
            "data": read_run(bench, run_id, "data.json"),
            "result": read_json(
                bench, f"runs/{run_id}/candidates/{report['candidate']}/result.json"
            ),
        }
    except (NotFoundError, ValueError):
        return None


def judge_texts(card: Card, run: Document) -> Failure | None:
    """Compare names: the model, its kind, the sensitive columns."""
    contract = run["spec"]["contract"]
    columns = sorted(each["name"] for each in contract["columns"] if each["sensitive"])
    told = split_names(tell(card, "sensitive columns"))
    right = {
        "model": (contract["dataset"], "The name under which the model is asked."),
        "kind of model": (run["report"]["candidate"], "The candidate that the run has taken."),
    }
    for name, (value, where) in right.items():
        if tell(card, name).strip("`").casefold() != value.casefold():
            return Failure(
                expected=f"{name}: as the run that you name has it",
                observed=tell(card, name)[:40],
                where=where,
            )
    if told != (columns or ["none"]):
        return Failure(
            expected="sensitive columns: all that the data contract declares, or 'none'",
            observed=", ".join(told)[:60],
            where="loop card lists them under Factors. Who reads the card for one of these groups "
            "must find it named.",
        )
    return None


def split_names(text: str) -> list[str]:
    """Return the names of a list in words."""
    return sorted(each.strip(" `.") for each in re.split(r",| and ", text) if each.strip(" `."))


def read_numbers(text: str) -> list[float]:
    """Return the numbers of a text; 1,234 is one."""
    joined = re.sub(r"(?<=\d)[,_\u2009\u00a0\u202f](?=\d{3}(?!\d))", "", text)
    return [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", joined)]


def is_near(told: float, right: float) -> bool:
    """Say whether a number is right as far as one writes it down."""
    return abs(told - right) <= RELATIVE * abs(right) + 1e-9


def judge_numbers(card: Card, run: Document) -> Failure | None:
    """Compare rows exactly, the rest to three digits."""
    report, loss = run["report"], LOSS_NAMES[run["spec"]["contract"]["task"]]
    threshold = report["decision_threshold"]
    right: dict[str, tuple[float | None, str]] = {
        "rows trained on": (run["data"]["training_rows"], "Rows of the holdout do not count here."),
        "rows of the holdout": (report["holdout_rows"], "These alone made the metrics."),
        "loss": (report["metrics"][loss], f"The {loss} on the holdout, by which models compare."),
        "baseline": (
            report["baseline_metrics"][loss],
            f"The {loss} of the baseline on the same rows tells what the other number is worth.",
        ),
        "answers yes from": (threshold, "The threshold that the run has chosen, or 'none'."),
    }
    for name, (value, where) in right.items():
        told = read_numbers(tell(card, name))
        if value is None and not told:
            continue
        if value is not None and told and is_near(told[0], value) and "rows" not in name:
            continue
        if value is not None and told and told[0] == value:
            continue
        return Failure(
            expected=f"{name}: as the run that you name measured it",
            observed=tell(card, name)[:60],
            where=explain_loss(told, run) or where if name == "loss" else where,
        )
    return judge_interval(tell(card, "loss"), report["intervals"].get(loss))


def explain_loss(told: list[float], run: Document) -> str:
    """Say whether a loss is the one of the cross-validation."""
    validated = run["result"].get("cross_validated_loss")
    if not told or validated is None or not is_near(told[0], validated):
        return ""
    return (
        "This is the cross-validated loss, by which the candidate was chosen, so it looks a little "
        "better than it is. Nothing was decided on the holdout: take its number."
    )


def judge_interval(text: str, bounds: list[float] | None) -> Failure | None:
    """Return a failure when the loss has not its own interval."""
    told = read_numbers(text)[1:]
    if bounds is None or (
        len(told) >= 2 and all(is_near(a, b) for a, b in zip(told[-2:], bounds, strict=True))
    ):
        return None
    return Failure(
        expected="loss: the value, and behind it both ends of its 95% interval",
        observed=text[:60],
        where="A number alone reads as if it were exact. The holdout is a sample: say how far "
        "chance could have moved it, as '0.150 (0.120 to 0.180)'. loop report has the ends.",
    )


def judge_slice(card: Card, run: Document) -> Failure | None:
    """Compare the worst slice, its rows and its loss."""
    slices = run["report"]["slices"]
    told = tidy(tell(card, "worst slice"))
    if not slices:
        return None
    if told != name_slice(slices[0]):
        largest = max(slices, key=lambda each: float(each["loss"]))
        where = "loop report lists slices worst first. Write it as 'column = value'."
        if told == name_slice(largest):
            where = (
                "It has the largest mean. A few rows can be bad luck: the report sorts by the "
                "lower end of the interval, so that the first one is bad for sure. Take that."
            )
        return Failure(
            expected="worst slice: the first one that the run's report lists",
            observed=told[:60],
            where=where,
        )
    for name, key in (("rows of the slice", "rows"), ("loss of the slice", "loss")):
        numbers = read_numbers(tell(card, name))
        if not numbers or not is_near(numbers[0], slices[0][key]):
            return Failure(
                expected=f"{name}: as the run's report has it",
                observed=tell(card, name)[:40],
                where="The same line of the report that names the slice.",
            )
    return None


def tidy(text: str) -> str:
    """Return a slice's name without marks, spaces and capitals that do not matter."""
    return re.sub(r"\s*=\s*", " = ", re.sub(r"[`\"']", "", text)).strip().casefold()


def name_slice(found: Document) -> str:
    """Return how a slice is called on a card."""
    return tidy(f"{found['column']} = {found['value']}")


def find_limits(lines: list[str]) -> list[str]:
    """Return what stands behind 'not for:'."""
    found = (LINE.match(line) for line in lines)
    return [each[2] for each in found if each and each[1].casefold() == "not for"]


def judge_limits(card: Card) -> Failure | None:
    """Return a failure when the limits of use are too few, too short, or in another place."""
    for section, lines in card.items():
        if section != "Intended use" and find_limits(lines):
            return Failure(
                expected="'not for:' where the uses are",
                observed=f"it stands under '{section}'",
                where="What it is not for belongs under 'Intended use': whoever looks for a use "
                "reads that section, and perhaps no other.",
            )
    limits = find_limits(card["Intended use"])
    told = {each.casefold() for each in limits if len(each.split()) >= LIMIT_WORDS}
    if len(told) < LIMITS:
        return Failure(
            expected=f"{LIMITS} lines '- not for: …' under 'Intended use', each a whole sentence",
            observed=f"{len(told)}",
            where="Which use would somebody think of that goes wrong, and what would go wrong?",
        )
    words = sum(len(line.split()) for line in card["Caveats and recommendations"])
    if words < CAVEAT_WORDS:
        return Failure(
            expected="a few sentences under 'Caveats and recommendations'",
            observed=f"{words} words",
            where="What else must a reader know, and what should be measured next?",
        )
    return None


def fill(bench: Bench, text: str) -> str:
    """Put what the own run measured into the answers of a proof; learners look it up."""
    registry = Registry(bench.store)
    champion = registry.alias("subscriptions")
    if champion is None:
        raise NotReadyError("There is no champion yet.", next_step="loop up")
    run = find_run(bench, registry.version("subscriptions", champion.version).run_id)
    if run is None:
        raise NotReadyError("The champion's run left no report.", next_step="loop train --follow")
    report, columns = run["report"], run["spec"]["contract"]["columns"]
    low, high = report["intervals"]["brier_score"]
    worst = report["slices"][0]
    largest = max(report["slices"], key=lambda each: float(each["loss"]))
    marks = {
        "model": run["spec"]["contract"]["dataset"],
        "run": run["id"],
        "kind": report["candidate"],
        "training": f"{run['data']['training_rows']:,}",
        "holdout": f"{report['holdout_rows']:,}",
        "loss": f"{report['metrics']['brier_score']:.4f}",
        "low": f"{low:.4f}",
        "high": f"{high:.4f}",
        "validated": f"{run['result']['cross_validated_loss']:.4f}",
        "baseline": f"{report['baseline_metrics']['brier_score']:.4f}",
        "threshold": f"{report['decision_threshold']:.4g}",
        "slice": f"{worst['column']} = {worst['value']}",
        "slice_rows": worst["rows"],
        "slice_loss": f"{worst['loss']:.4f}",
        "largest": f"{largest['column']} = {largest['value']}",
        "largest_rows": largest["rows"],
        "largest_loss": f"{largest['loss']:.4f}",
        "sensitive": ", ".join(each["name"] for each in columns if each["sensitive"]),
    }
    for mark, value in marks.items():
        text = text.replace("{" + mark + "}", str(value))
    return text
