"""Judges `audit`: groups that a rule treats alike, and groups that it does not."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case, plain
from curriculum.checker.results import Failure
from curriculum.material.agreement import agree, show_value
from curriculum.material.answers import name_type, read_fields

RATES = ("flagged", "recall", "false_alarms")
BASES = {
    "flagged": "all people of the group",
    "recall": "those of the group who left",
    "false_alarms": "those of the group who stayed",
}
BAR, BELOW, ABOVE = 3.5, 3.0, 4.0
THRESHOLD = 0.5
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def prepare(bench: Bench) -> list[Case]:
    """Make people of some groups; no difference of theirs lies near the bar."""
    chance = np.random.default_rng([bench.seed, 312])
    return [
        make_case("one group leaves far more often", chance, [900, 900], [0.25, 0.5], [0, 0]),
        make_case("groups that differ by luck alone", chance, [400, 300, 200], [0.4] * 3, [0] * 3),
        make_case("a group whose leavers are missed", chance, [1_400, 500], [0.4, 0.4], [0, -0.9]),
        make_small(chance),
        make_case("a small group without anybody who left", chance, [600, 15], [0.35, 0.0], [0, 0]),
    ]


def make_case(
    name: str,
    chance: np.random.Generator,
    sizes: Sequence[int],
    shares: Sequence[float],
    shifts: Sequence[float],
) -> Case:
    """Draw until no difference of rates is near the bar.

    Parameters
    ----------
    shares
        Of each group, the share that leaves.
    shifts
        By how much the scores of each group's leavers are moved, in log-odds.
    """
    for _ in range(500):
        groups = [f"region {place + 1}" for place, size in enumerate(sizes) for _ in range(size)]
        left = np.concatenate(
            [chance.random(size) < share for size, share in zip(sizes, shares, strict=True)]
        )
        moved = np.repeat(shifts, sizes)
        odds = chance.normal(-0.6, 1.0, len(left)) + left * (1.3 + moved)
        order = chance.permutation(len(left))
        case = Case(
            name,
            (
                [groups[place] for place in order],
                left[order].astype(np.int64),
                np.round(1 / (1 + np.exp(-odds[order])), 4),
                THRESHOLD,
            ),
        )
        if is_clear(case):
            return case
    raise AssertionError("chance makes no clear groups")


def make_small(chance: np.random.Generator) -> Case:
    """Make a group with few leavers: beyond chance by its rows, and not by its leavers."""
    name = "a large group with a handful of leavers"
    for _ in range(500):
        case = make_case(name, chance, [900, 700], [0.4, 0.035], [0, -0.9])
        groups, left, scores, threshold = case.arguments
        member, leaves = np.array(groups) == "region 2", left == 1
        flagged = scores >= threshold
        inside, outside = flagged[member & leaves], flagged[~member & leaves]
        by_rows = count_errors(inside, outside, int(member.sum()), int((~member).sum()))
        if by_rows > ABOVE and count_errors(inside, outside) < BELOW:
            return case
    raise AssertionError("chance makes no such group")


def is_clear(case: Case) -> bool:
    """Say whether every difference is well below the bar or well above it."""
    found = [errors for _, _, errors in compare_all(case)]
    return not any(BELOW < errors < ABOVE for errors in found)


def compare_all(case: Case, *, by_rows: bool = False) -> list[tuple[str, str, float]]:
    """Return of each group and rate by how many standard errors it differs from the others'.

    Parameters
    ----------
    by_rows
        Make the mistake of counting all rows of a group, not those that the rate is a share of.
    """
    groups, left, scores, threshold = case.arguments
    people, flagged = np.array(groups), scores >= threshold
    found = []
    for name in sorted(set(groups)):
        member = people == name
        counts = (int(member.sum()), int((~member).sum())) if by_rows else (0, 0)
        for rate, base in find_bases(left).items():
            inside, outside = flagged[member & base], flagged[~member & base]
            found.append((name, rate, count_errors(inside, outside, *counts)))
    return found


def find_bases(left: NDArray[np.int64]) -> dict[str, Mask]:
    """Return whom each rate is a share of."""
    return {"flagged": left >= 0, "recall": left == 1, "false_alarms": left == 0}


def count_errors(inside: Mask, outside: Mask, n: int = 0, m: int = 0) -> float:
    """Return by how many standard errors two shares differ."""
    if not len(inside) or not len(outside):
        return 0.0
    n, m = n or len(inside), m or len(outside)
    share = (inside.sum() + outside.sum()) / (len(inside) + len(outside))
    error = (share * (1 - share) * (1 / n + 1 / m)) ** 0.5
    return float(abs(inside.mean() - outside.mean()) / error) if error else 0.0


def judge(case: Case, answer: object) -> Failure | None:
    """Compare the rates, what is unequal, the thresholds, and the price."""
    answer = plain(answer)
    fields = ("rates", "unequal", "thresholds", "price")
    failure = read_fields(answer, fields, where="What `audit` returns; its docstring names it all.")
    if failure or not isinstance(answer, dict):
        return failure
    return (
        judge_rates(case, answer["rates"])
        or judge_unequal(case, answer["unequal"])
        or judge_lines(case, answer)
    )


def judge_rates(case: Case, told: object) -> Failure | None:
    """Compare each group's rates."""
    groups, left, scores, threshold = case.arguments
    people, flagged = np.array(groups), scores >= threshold
    names = sorted(set(groups))
    failure = read_fields(told, names, where="`rates` has one entry for each group.")
    if failure or not isinstance(told, dict):
        return failure
    for name in names:
        failure = read_fields(told[name], RATES, where=f"`rates` of {name}.")
        if failure:
            return failure
        for rate, base in find_bases(left).items():
            rows = flagged[(people == name) & base]
            right = float(rows.mean()) if len(rows) else None
            if not agree(told[name][rate], right):
                return explain_rate(case, name, rate, right, told[name][rate])
    return None


def explain_rate(case: Case, name: str, rate: str, right: float | None, told: object) -> Failure:
    """Say of whom a rate is a share."""
    groups, left, scores, threshold = case.arguments
    member, flagged = np.array(groups) == name, scores >= threshold
    precision = float((left[member & flagged] == 1).mean()) if (member & flagged).any() else None
    if agree(told, float(flagged[left == 1].mean())):
        where = "One number for everybody cannot show a difference. Look at each group for itself."
    elif rate == "recall" and precision is not None and agree(told, precision):
        where = "This is the precision. Of whom is the recall a share? Of those who left."
    elif right is None:
        where = (
            "Nobody is there to measure it on, and None says so; 0 would say that all were missed."
        )
    else:
        where = f"Here {rate} is the share that is flagged, of {BASES[rate]}."
    return Failure(
        expected=f"{rate} of {name} = {show_value(right)}", observed=show_value(told), where=where
    )


def judge_unequal(case: Case, told: object) -> Failure | None:
    """Compare what is told as unequal with what is beyond chance."""
    found = compare_all(case)
    right = [[name, rate] for name, rate, errors in found if errors >= BAR]
    if told == right:
        return None
    if not isinstance(told, list) or not all(isinstance(each, list) for each in told):
        return Failure(
            expected="a list of [group, rate]", observed=name_type(told), where="`unequal`."
        )
    for name, rate, errors in found:
        is_told = [name, rate] in told
        if is_told and errors < BAR:
            return Failure(
                expected=f"{rate} of {name} not in `unequal`: {errors:.1f} standard errors",
                observed="it is told as unequal",
                where=explain_luck(case, told, name, rate),
            )
        if not is_told and errors >= BAR:
            return Failure(
                expected=f"{rate} of {name} in `unequal`: {errors:.1f} standard errors",
                observed="it is not there",
                where="Compare the group with all other people together, up or down: less than "
                "the others is a difference, too.",
            )
    return Failure(
        expected=f"{len(right)} entries, by group and rate",
        observed=f"{len(told)} entries, or another order",
        where="The order of the groups' names, then flagged, recall, false_alarms; each once.",
    )


def explain_luck(case: Case, told: Sequence[Any], name: str, rate: str) -> str:
    """Say why a difference is none, or counts rows that took no part."""
    groups, left, _scores, _threshold = case.arguments
    rows = int(((np.array(groups) == name) & find_bases(left)[rate]).sum())
    if all(errors >= BAR for *place, errors in compare_all(case, by_rows=True) if place in told):
        return (
            f"This rate is measured on fewer rows than the group has: only on {BASES[rate]}. "
            f"These are {rows}. The standard error is theirs."
        )
    return (
        "Two groups are never exactly alike in a sample. This much is luck and no more; ask for "
        "3.5 standard errors of the difference."
    )


def judge_lines(case: Case, answer: Mapping[str, Any]) -> Failure | None:
    """Compare the groups' thresholds, and what they cost."""
    groups, left, scores, threshold = case.arguments
    people, leaves = np.array(groups), left == 1
    flagged = scores >= threshold
    wanted = float(flagged[leaves].mean())
    told, after = answer["thresholds"], np.zeros(len(left), bool)
    names = sorted(set(groups))
    failure = read_fields(told, names, where="`thresholds` has one entry for each group.")
    if failure:
        return failure
    for name in names:
        mine = people == name
        right = find_line(scores[mine & leaves], wanted)
        if not agree(told[name], right):
            return explain_line(name, right, told[name], threshold, wanted)
        if right is not None:
            after |= mine & (scores >= right)
    price = int((after & ~leaves).sum()) - int((flagged & ~leaves).sum())
    if agree(answer["price"], price):
        return None
    return Failure(
        expected=f"price = {price}",
        observed=f"price = {show_value(answer['price'])}",
        where="Flagged people who stay: with the groups' thresholds, less with the one threshold.",
    )


def find_line(scores: Array, wanted: float) -> float | None:
    """Return the highest leaver's score that flags the wanted share of them."""
    able = [line for line in scores if (scores >= line).mean() >= wanted - 1e-9]
    return float(max(able)) if able else None


def explain_line(
    name: str, right: float | None, told: object, threshold: float, wanted: float
) -> Failure:
    """Say what a group's threshold has to do."""
    if right is None:
        where = "Nobody of this group left, so no threshold can find a share of them: None."
    elif agree(told, threshold):
        where = "The same line for all finds a different share of the leavers of each group."
    else:
        where = (
            f"Of the leavers of this group, at least {wanted:.4f} must be flagged, as of all "
            "leavers together; and no one more than needed. A score on the line is flagged."
        )
    return Failure(
        expected=f"threshold of {name} = {show_value(right)}",
        observed=show_value(told),
        where=where,
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep what equal recall costs where groups differ most."""
    first: Any = plain(answers[0])
    people = len(cases[0].arguments[0])
    return {"price_of_equal_recall_per_1000": round(1000 * float(first["price"]) / people, 1)}
