"""A model card: what a model is, what for, how good, for whom, and how that is known.

The sections are those of Mitchell, M. et al. (2019), "Model cards for model reporting", FAT*. What
only a person can say comes from `training.report.about`.
"""

from collections.abc import Iterator

from core.counted import counted
from core.metrics import LOSS_NAMES
from training.report import pictures
from training.report.blocks import (
    Block,
    Cell,
    Document,
    Highlight,
    Said,
    Section,
    Table,
    Text,
    tell,
    tell_interval,
    tell_name,
    tell_number,
)
from training.report.blocks import Facts as Pairs
from training.report.facts import Facts
from training.report.findings import (
    HEADLINES,
    MAX_ROWS,
    tabulate_candidates,
    tabulate_classes,
    tabulate_comparisons,
    tabulate_fairness,
    tabulate_gate,
    tabulate_importances,
    tabulate_metrics,
    tabulate_slices,
)
from training.report.making import tell_decision, tell_provenance

_METHOD = (
    "Intervals hold 95%, by the bootstrap over rows of the holdout (over groups, where rows belong"
    " together); that of the calibration error is mirrored, because resampling only makes it"
    " larger. Which threshold or interval is used was decided on out-of-fold answers of training"
    " rows; the holdout had no part in it."
)


def write_card(facts: Facts) -> Document:
    """Write the model card of a model version, or of a refused run."""
    return Document(
        title=f"Model card: {facts.name}",
        lead=_introduce(facts),
        highlights=tuple(_find_highlights(facts)),
        sections=(
            Section("Model details", tuple(_tell_details(facts))),
            Section("Intended use", tuple(_tell_use(facts))),
            Section("Factors", tuple(_tell_factors(facts))),
            Section("Metrics", tuple(_tell_metrics(facts))),
            Section("Evaluation data", tuple(_tell_evaluation_data(facts))),
            Section("Training data", tuple(_tell_training_data(facts))),
            Section("Quantitative analyses", tuple(_tell_results(facts))),
            Section("Ethical considerations", tuple(_tell_ethics(facts))),
            Section("Caveats and recommendations", tuple(_tell_caveats(facts))),
        ),
    )


def _introduce(facts: Facts) -> str:
    contract = facts.spec.contract
    task = {"binary": "yes or no", "multiclass": f"one of {len(contract.classes)} classes",
            "regression": "a number"}[contract.task]  # fmt: skip
    passed = "It passed the gate." if facts.gate.passed else "The gate refused it."
    alias = f" It is the {' and '.join(facts.aliases)}." if facts.aliases else ""
    return (
        f"Predicts {contract.target} ({task}) from"
        f" {counted(len(contract.columns), 'column')}. {passed}{alias}"
    )


def _find_highlights(facts: Facts) -> Iterator[Highlight]:
    report = facts.report
    for name in HEADLINES:
        if name not in report.metrics:
            continue
        notes = [tell_interval(report.intervals.get(name))]
        if name in report.baseline_metrics:
            notes.append(f"baseline {tell_number(report.baseline_metrics[name])}")
        if name in facts.best_possible:
            notes.append(f"best possible {tell_number(facts.best_possible[name])}")
        note = "; ".join(filter(None, notes))
        yield Highlight(tell_name(name), tell_number(report.metrics[name]), note)


def _tell_details(facts: Facts) -> Iterator[Block]:
    about, version, manifest = facts.about.model, facts.version, facts.manifest
    pairs: list[tuple[str, str | int | None]] = [
        ("model", manifest.model),
        ("version", version.version if version else "none: the gate refused it"),
        ("aliases", ", ".join(facts.aliases) or None),
        ("registered", f"{version.registered_at:%Y-%m-%d %H:%M} UTC" if version else None),
        ("kind of model", manifest.candidate),
        ("calibration", manifest.calibration),
        ("form", f"ONNX graph of {tell(manifest.graph_size_bytes)} bytes, {manifest.precision}"),
        ("bundle", facts.evaluation.bundle_id),
        ("run", facts.run_id),
    ]
    yield Pairs(tuple(pairs))
    yield tabulate_candidates(facts)
    yield Said("Who is responsible for the model?", about.owner)
    yield Said("Where can questions and complaints be sent?", about.contact)
    yield Said("Under which licence may it be used?", about.licence)
    yield Said("How should it be cited?", about.citation)
    yield from tell_provenance(facts)


def _tell_use(facts: Facts) -> Iterator[Block]:
    about = facts.about.model
    yield Said("What is it meant to be used for?", about.intended_uses)
    yield Said("Who is meant to use it?", about.intended_users)
    yield Said("What should it not be used for?", about.out_of_scope_uses)


def _tell_factors(facts: Facts) -> Iterator[Block]:
    sensitive = [column.name for column in facts.spec.contract.columns if column.sensitive]
    yield Said("Which groups and conditions matter?", facts.about.model.relevant_factors)
    yield Text(
        "Quality is told apart by every category (the most frequent ones), by the quarters of every"
        " number, and by what is missing; slices of at least 10 rows are listed."
    )
    yield Pairs([("sensitive columns", ", ".join(sensitive) or "none declared in the contract")])
    yield Text("Combinations of several columns (intersectional groups) were not measured.")


def _tell_metrics(facts: Facts) -> Iterator[Block]:
    yield Said(
        "Why are these metrics and limits the right ones?", facts.about.model.why_these_metrics
    )
    loss = tell_name(LOSS_NAMES[facts.spec.contract.task])
    yield Text(f"Models are compared by one number, the {loss}: lower is better. {_METHOD}")
    yield from tell_decision(facts)


def _tell_evaluation_data(facts: Facts) -> Iterator[Block]:
    data = facts.data
    ways = {
        "hash": "a hash of each row's identity, so that it stays the same when rows are added",
        "group": "a hash of each row's group, so that no group is on both sides",
        "time": "time: the latest rows are held out",
    }
    yield Pairs([("rows of the holdout", data.holdout_rows), ("chosen by", ways[data.split])])
    if data.holdout_classes:
        yield Table("Classes of the holdout", ("class", "rows"), list(data.holdout_classes.items()))
    yield Text("No candidate was fitted to, and nothing was decided on, any of these rows.")


def _tell_training_data(facts: Facts) -> Iterator[Block]:
    data, previous = facts.data, facts.previous_version
    yield Pairs([("rows trained on", data.training_rows), ("dataset version", data.version),
                 ("more", "the data sheet of this dataset")])  # fmt: skip
    figures, histograms = pictures.draw_histograms(facts.manifest, facts.previous)
    if previous is None:
        yield Text("There is no earlier version to compare the columns with.")
    else:
        yield Text(
            f"Blue bars are the training rows of this version, orange lines those of version"
            f" {previous}, the most changed column first. Numbers are shown between the values that"
            " both versions keep; within a tenth of the rows they are taken as evenly spread."
        )
    yield from figures
    changed: list[list[Cell]] = [
        ["score of the model" if each is histograms[-1] else each.column, each.change]
        for each in histograms
        if each.change is not None
    ]
    if changed:
        yield Table(
            "Change since the version before",
            ("column", "PSI"),
            changed[:MAX_ROWS],
            note="Population stability index: below 0.1 stable, from 0.25 a large shift.",
        )


def _tell_results(facts: Facts) -> Iterator[Block]:
    contract, report, judging = facts.spec.contract, facts.report, facts.spec.judging
    yield tabulate_metrics(facts)
    yield tabulate_comparisons(facts)
    yield tabulate_gate(facts)
    yield from pictures.draw_curves(contract, report)
    yield from pictures.draw_decisions(contract, report)
    yield from pictures.draw_numbers(report)
    yield from pictures.draw_slices(contract, report)
    yield from pictures.draw_importances(report)
    yield from pictures.draw_stakes(report, judging.decision)
    yield from tabulate_classes(facts)
    yield from tabulate_slices(facts)
    yield from tabulate_importances(facts)
    yield from tabulate_fairness(facts)


def _tell_ethics(facts: Facts) -> Iterator[Block]:
    about = facts.about.model
    yield Said("Does it decide on matters central to human life?", about.sensitive_use)
    yield Said("What harm could its use do, to whom, and how likely?", about.risks)
    yield Said("What was done against these risks?", about.mitigations)


def _tell_caveats(facts: Facts) -> Iterator[Block]:
    about = facts.about.model
    for leak in facts.data.leaks:
        yield Text(
            f"The column {leak.column} alone explains {leak.skill:.0%} of the target: it may be"
            " known only after the outcome."
        )
    if not facts.gate.passed:
        yield Text(facts.gate.reason)
    yield Said("What else should a reader know?", about.caveats)
    yield Said("What should be tested or done next?", about.recommendations)
