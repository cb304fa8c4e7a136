"""How a model came about: what it was made of, and how its decisions were chosen."""

from collections.abc import Iterator

from training.data.judging import Decision
from training.report.blocks import Block, Cell, Code, Table, Text, tell_name, tell_number
from training.report.blocks import Facts as Pairs
from training.report.facts import Facts


def tell_provenance(facts: Facts) -> Iterator[Block]:
    """Tell all that decides the bundle, and how to make it again."""
    rows: list[tuple[str, str]] = []
    packages: list[tuple[str, str]] = []
    for name, value in facts.manifest.provenance.model_dump(mode="json").items():
        if name == "packages":
            packages = sorted(value.items())
        elif isinstance(value, dict):
            rows += [(f"{tell_name(name)}: {key}", str(each)) for key, each in value.items()]
        else:
            rows.append((tell_name(name), str(value)))
    rows += [(f"file {name}", each) for name, each in sorted(facts.manifest.files.items())]
    yield Table("What it was made of", ("what", "which"), rows,
                note="The same data, spec, code and packages give the same bytes.")  # fmt: skip
    if facts.version:
        yield Text("To train it again and see that the bytes are the same:")
        yield Code(f"loop reproduce {facts.version.version} --model {facts.manifest.model}")
    if packages:
        yield Table("Packages", ("package", "version"), packages)


def tell_decision(facts: Facts) -> Iterator[Block]:
    """Tell from where a model answers yes, or how wide its interval is, and why."""
    report, decision = facts.report, facts.spec.judging.decision
    if report.decision_threshold is not None:
        yield Pairs(
            [
                ("answers yes from", report.decision_threshold),
                ("because", _explain_threshold(decision)),
                ("mean cost of a decision", report.expected_cost),
            ]
        )
        yield Table(
            "Declared costs",
            ("", "answered no", "answered yes"),
            [
                ["no was true", decision.true_negative_cost, decision.false_positive_cost],
                ["yes was true", decision.false_negative_cost, decision.true_positive_cost],
            ],
        )
    if report.interval_half_width is not None:
        yield Pairs(
            [
                (
                    "interval",
                    f"the prediction, {tell_number(report.interval_half_width)} up and down",
                ),
                ("made to hold", f"{decision.interval_coverage:.0%} of true values"),
            ]
        )
    if report.calibration_losses:
        tried: list[list[Cell]] = [
            [name, value, name == report.calibration]
            for name, value in report.calibration_losses.items()
        ]
        yield Table(
            "Calibrations that were tried",
            ("calibration", "cross-validated Brier score", "taken"),
            tried,
        )


def _explain_threshold(decision: Decision) -> str:
    if decision.target_precision is not None:
        return f"it finds the most at a precision of {decision.target_precision:.0%}"
    if decision.target_recall is not None:
        return f"it makes the fewest false alarms at a recall of {decision.target_recall:.0%}"
    return "both answers cost the same there, by the declared costs"
