"""Judges words' weights, rows of texts, and what a model makes of texts that it has not seen."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curriculum.checker.bench import Bench, Case
from curriculum.checker.results import Failure
from curriculum.material.answers import name_type, read_numbers
from curriculum.material.tickets import tickets

LEAST = 0.7
ALONE = 4


def prepare(bench: Bench) -> list[Case]:
    """Write messages; some of them shout, repeat themselves or say nothing."""
    chance = np.random.default_rng([bench.seed, 12])
    known = [text.lower() for text in tickets(40, seed=bench.seed).texts]
    # One customer says the same word over and over, and it stands in two texts alone.
    known += ["zebra " * 6 + "invoice", "the zebra"]
    later = [text.lower() for text in tickets(12, seed=bench.seed + 1).texts]
    loud = [text.upper() if chance.random() < 0.5 else text.title() for text in known]
    strange = [*later[:6], "", "qwertz uiop!", "?!"]
    many, hidden = tickets(400, seed=bench.seed + 2), tickets(300, seed=bench.seed + 3)
    return [
        make_case("forty messages", known, later),
        make_case("messages in capitals", loud, [each.upper() for each in later]),
        make_case("an empty message, and one of unknown words", known, strange),
        Case(
            name="300 messages that have not been seen",
            arguments=("answer", many.texts, hidden.texts, many.y),
            expected=hidden.y,
        ),
    ]


def make_case(name: str, known: list[str], later: list[str]) -> Case:
    """Make a case of weights and rows."""
    weights = learn(known)
    return Case(
        name=name,
        arguments=("weigh", known, later, None),
        expected={"weights": weights, "rows": weigh(later, weights)},
    )


def cut(text: str) -> list[str]:
    """Return the words of a text."""
    return re.findall(r"[a-z]+", text.lower())


def learn(texts: Sequence[str]) -> dict[str, float]:
    """Work the right weights out."""
    counts = Counter(word for text in texts for word in set(cut(text)))
    return {w: log((1 + len(texts)) / (1 + k)) + 1 for w, k in counts.items() if k > 1}


def weigh(texts: Sequence[str], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Work the right rows out."""
    words = sorted(weights)
    table = np.array([[cut(text).count(w) * weights[w] for w in words] for text in texts])
    length = np.sqrt((table**2).sum(axis=1, keepdims=True))
    return np.where(length > 0, table / np.maximum(length, 1e-300), 0.0)


def judge(case: Case, answer: object) -> Failure | None:
    """Look at weights, then at rows; or at answers."""
    told: dict[str, Any] = answer if isinstance(answer, dict) else {}
    if case.arguments[0] == "answer":
        return judge_answers(case, told)
    return judge_weights(case, told.get("weights")) or judge_rows(case, told)


def judge_weights(case: Case, told: object) -> Failure | None:
    """Compare which words there are, then what each weighs."""
    right: dict[str, float] = case.expected["weights"]
    if not isinstance(told, dict):
        return Failure(
            expected="a dict of words and weights", observed=name_type(told), where="`learn`."
        )
    missing, more = sorted(set(right) - set(told)), sorted(set(told) - set(right))
    if missing or more:
        where = "`learn`: words that stand in two texts or more."
        if any(str(word) != str(word).lower() for word in told):
            where = "The same word in capitals is the same word: `cut` both alike."
        elif more:
            where += " It matters in how many texts a word stands, not how often."
        names = f"{', '.join(map(str, more[:3]))} too many" if more else "too few"
        observed = f"{len(told)}; {names}"
        return Failure(expected=f"{len(right)} words", observed=observed, where=where)
    counts = Counter(word for text in case.arguments[1] for word in set(cut(text)))
    rank = sorted(right, key=lambda word: (-counts[word], word))
    for word in rank:
        weight = read_numbers(told[word], (), what="one number for each word", where="`learn`.")
        if isinstance(weight, Failure):
            return weight
        if not np.isclose(float(weight), right[word], rtol=1e-6):
            return tell_weight(case, word, counts[word], told)
    return None


def tell_weight(case: Case, word: str, texts: int, told: Mapping[str, Any]) -> Failure:
    """Say what is wrong with a word's weight."""
    n = len(case.arguments[1])
    often = sum(cut(text).count(word) for text in case.arguments[1])
    where = "`learn`: ln((1 + n) / (1 + k)) + 1, with the natural logarithm."
    if len({round(float(each), 9) for each in told.values()}) == 1:
        where = "As it is, a word of every text weighs as much as a rare one."
    elif np.isclose(float(told[word]), log((1 + n) / (1 + often)) + 1):
        where = "`learn`: k is in how many texts a word stands, not how often."
    return Failure(
        expected=f"'{word}', of {texts} of {n} texts, weighs {case.expected['weights'][word]:.4f}",
        observed=f"{float(told[word]):.4f}",
        where=where,
    )


def judge_rows(case: Case, told: Mapping[str, Any]) -> Failure | None:
    """Compare rows of texts, among others and alone."""
    right = case.expected["rows"]
    rows = read_numbers(
        told.get("rows"), right.shape, what="one row for each text", where="`weigh`.", finite=False
    )
    if isinstance(rows, Failure):
        return rows
    bad = ~np.isclose(rows, right, rtol=1e-6, atol=1e-9).all(axis=1)
    alone = [np.asarray(each, dtype=np.float64) for each in told.get("alone", [])]
    moved = [
        row
        for row, each in enumerate(alone)
        if each.shape != (1, right.shape[1]) or not np.allclose(each[0], rows[row], equal_nan=True)
    ]
    if moved:
        return Failure(
            expected="a text's row to depend on nothing but the text and the weights",
            observed=f"text {moved[0]}: alone it weighs something else than among others",
            where="`weigh`: weights are learned once, in `learn`. New texts do not change them.",
        )
    if not bad.any():
        return None
    row = int(np.argmax(bad))
    where = "`weigh`: how often, times the weight, divided by the row's length."
    if not np.isfinite(rows[row]).all() or not right[row].any():
        where = "A message without a known word: its row is zeros, and has no length to divide by."
    return Failure(
        expected=f"text {row}: a row of length {np.linalg.norm(right[row]):.3f}, largest value "
        f"{right[row].max():.4f}",
        observed=f"length {np.linalg.norm(rows[row]):.3f}, largest {rows[row].max():.4f}",
        where=where,
    )


def judge_answers(case: Case, told: Mapping[str, Any]) -> Failure | None:
    """Compare with the teams that the messages were written for."""
    y = case.expected
    found = read_numbers(
        told.get("answers"), (len(y),), what="one class for each text", where="`predict`."
    )
    if isinstance(found, Failure):
        return found
    right = float((found == y).mean())
    if right >= LEAST:
        return None
    return Failure(
        expected=f"at least {LEAST:.0%} right (the commonest team alone: "
        f"{np.bincount(y).max() / len(y):.0%})",
        observed=f"{right:.0%}",
        where="`fit`: give the rows of `weigh` to a classifier; keep the weights with it.",
    )


def measure(cases: Sequence[Case], answers: Sequence[object]) -> Mapping[str, float]:
    """Keep the share of hidden messages that it has right."""
    last: Any = answers[-1]
    found = np.asarray(last["answers"]).ravel()
    return {"hidden_messages_right": round(float((found == cases[-1].expected).mean()), 4)}
