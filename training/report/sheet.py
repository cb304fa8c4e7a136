"""A data sheet: what a dataset version is, where it came from, and what became of its rows.

The sections are those of Gebru, T. et al. (2021), "Datasheets for datasets", Communications of the
ACM 64(12). What only a person can say comes from `training.report.about`.
"""

from collections.abc import Iterator

from core.contract import Column
from core.profile import CategoryShares, NumericBins
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
    tell_number,
)
from training.report.blocks import Facts as Pairs
from training.report.facts import Facts

MAX_LEVELS = 8


def write_sheet(facts: Facts) -> Document:
    """Write the data sheet of the dataset version that a run worked on."""
    data, about = facts.data, facts.about.data
    quarantined = facts.summary.get("quarantined")
    return Document(
        title=f"Data sheet: {data.dataset}",
        lead=f"Dataset version {data.version[:12]}, as the run {facts.run_id} used it.",
        highlights=(
            Highlight("clean rows", tell(data.rows)),
            Highlight("columns", tell(len(facts.spec.contract.columns)), "features"),
            Highlight("in quarantine", tell(quarantined), "rows that broke the contract"),
            Highlight(
                "holdout", tell(data.holdout_rows), f"{tell(data.training_rows)} to train on"
            ),
        ),
        sections=(
            Section(
                "Motivation",
                (
                    Said("For what purpose was it created?", about.purpose),
                    Said("Who created it, and on whose behalf?", about.creators),
                    Said("Who funded its creation?", about.funding),
                ),
            ),
            Section("Composition", tuple(_tell_composition(facts))),
            Section("Collection process", tuple(_tell_collection(facts))),
            Section("Preprocessing, cleaning and labelling", tuple(_tell_cleaning(facts))),
            Section(
                "Uses",
                (
                    Said("What else has it been used for, or could it be?", about.other_uses),
                    Said("What should it not be used for?", about.unsuitable_uses),
                ),
            ),
            Section(
                "Distribution",
                (
                    Said("Under which licence or terms may it be used?", about.licence),
                    Said("Will it be passed on, how and when?", about.distribution),
                ),
            ),
            Section(
                "Maintenance",
                (
                    Said("Who keeps it, and how can they be reached?", about.maintainer),
                    Said("Will it be corrected, extended or deleted?", about.updates),
                    Said("How long may it be kept?", about.retention),
                ),
            ),
        ),
    )


def _tell_composition(facts: Facts) -> Iterator[Block]:
    contract, about = facts.spec.contract, facts.about.data
    yield Said("What does one row stand for?", about.instances)
    yield Said("Is it all there is or a sample?", about.sampling)
    sensitive = [column.name for column in contract.columns if column.sensitive]
    yield Pairs(
        [
            ("target", f"{contract.target} ({contract.task})"),
            ("classes", ", ".join(contract.classes) or None),
            ("identifier", contract.identifier),
            ("group", contract.group),
            ("time", contract.time),
            ("sensitive columns", ", ".join(sensitive) or "none declared"),
            ("left out", ", ".join(contract.ignored) or None),
        ]
    )
    parts = _find_parts(facts)
    yield Table(
        "Columns",
        ("column", "kind", "may be missing", "missing", "range or categories", "sensitive"),
        [_describe_column(column, parts.get(column.name)) for column in contract.columns],
        note="Shares and levels are those of the training rows; ranges are the contract's.",
    )
    yield Said("Do rows relate to people, and can these be identified?", about.people)
    yield Said("Is anything confidential, or offensive if looked at?", about.confidential)
    yield from _tell_suspicions(facts)


def _find_parts(facts: Facts) -> dict[str, NumericBins | CategoryShares]:
    profile = facts.manifest.profile
    parts: list[NumericBins | CategoryShares] = [*profile.numeric, *profile.texts]
    parts += profile.categorical
    return {part.column: part for part in parts}


def _describe_column(column: Column, part: NumericBins | CategoryShares | None) -> list[Cell]:
    missing = "unknown" if part is None else f"{part.missing_share:.1%}"
    return [column.name, column.kind, column.nullable, missing, _describe_values(column, part),
            "yes" if column.sensitive else ""]  # fmt: skip


def _describe_values(column: Column, part: NumericBins | CategoryShares | None) -> str:
    if isinstance(part, CategoryShares):
        shown = part.levels[:MAX_LEVELS]
        levels = [f"{level} {share:.0%}" for level, share in zip(shown, part.shares, strict=False)]
        count = len(column.categories) if column.categories else len(part.levels)
        more = f", {count} in all" if count > len(shown) else ""
        return ", ".join(levels) + more
    if column.kind == "boolean" and isinstance(part, NumericBins) and len(part.shares) == 2:
        return f"true {part.shares[1]:.0%}"
    ends = [
        "" if column.minimum is None else f"at least {tell_number(column.minimum)}",
        "" if column.maximum is None else f"at most {tell_number(column.maximum)}",
    ]
    if isinstance(part, NumericBins) and len(part.edges) > 2:
        middle = "words, " if column.kind == "text" else ""
        ends.append(f"most {middle}{tell_number(part.edges[0])} to {tell_number(part.edges[-1])}")
    return ", ".join(filter(None, ends))


def _tell_suspicions(facts: Facts) -> Iterator[Block]:
    """Tell what the system noticed: leaks, near-duplicates, rows alike."""
    data = facts.data
    if data.leaks:
        yield Table(
            "Columns that may know the outcome",
            ("column", "share of the target that it explains alone"),
            [[leak.column, leak.skill] for leak in data.leaks],
        )
    else:
        yield Text("No column alone explains the target suspiciously well.")
    yield Pairs(
        [
            ("near-duplicates of holdout rows, set aside", data.set_aside_rows),
            ("training rows that look like a holdout row by chance", data.overlap_rows),
        ]
    )


def _tell_collection(facts: Facts) -> Iterator[Block]:
    about = facts.about.data
    if facts.source:
        known = [(name, str(value)) for name, value in sorted(facts.source.items())]
        yield Pairs([(f"source: {name}", value) for name, value in known])
    yield Said("Where was it obtained?", about.source)
    yield Said("How were the values obtained?", about.collection)
    yield Said("Who collected them, and how were they paid?", about.collectors)
    yield Said("Over what time were they collected?", about.collected_when)
    yield Said("Was there an ethical review?", about.ethical_review)
    yield Said("Were people told, did they consent, can they withdraw?", about.consent)


def _tell_cleaning(facts: Facts) -> Iterator[Block]:
    contract, summary, about = facts.spec.contract, facts.summary, facts.about.data
    yield Said("How did the target come about?", about.labelling)
    yield Text(
        "Every row is checked against the data contract; one that breaks it goes to the quarantine"
        " with its reason. Nothing is dropped without being counted."
    )
    faults = summary.get("faults") or []
    yield Table(
        "Rows in quarantine",
        ("reason", "column", "rows"),
        [[each["reason"], each["column"] or "the whole row", each["rows"]] for each in faults],
    )
    yield Pairs(
        [
            ("a category that is not declared", contract.policies.unseen_category),
            ("a number out of range", contract.policies.out_of_range),
        ]
    )
    for key, title in (
        ("changed", "Values changed by these policies"),
        ("rounded_numbers", "Numbers that are rounded, because they are too large"),
    ):
        if counts := summary.get(key):
            yield Table(title, ("column", "values"), list(counts.items()))
    if unexpected := summary.get("unexpected_columns"):
        yield Pairs([("columns of the file that no contract names", ", ".join(unexpected))])
    yield Pairs(
        [
            ("split by", facts.data.split),
            ("training rows", facts.data.training_rows),
            ("holdout rows", facts.data.holdout_rows),
            ("landed file", summary.get("raw_key")),
            ("contract (SHA-256)", summary.get("contract_sha256")),
        ]
    )
    yield Said("Is the raw data kept?", about.raw_data or _RAW_DATA)


_RAW_DATA = "In the data bucket, under raw/, unchanged."
