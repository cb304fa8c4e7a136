import pytest

from core.errors import InvalidInputError
from training.data import runs
from training.judge.choose import choose, standard_error


def result(name: str, *losses: float) -> runs.CandidateResult:
    return runs.CandidateResult(
        candidate=name,
        status="ok",
        cross_validated_loss=sum(losses) / len(losses),
        fold_losses=losses,
    )


FAILED = runs.CandidateResult(candidate="boosting", status="failed", reason="why")


def test_the_best_is_the_one_with_the_lowest_cross_validated_loss() -> None:
    choice = choose([result("linear", 0.1), result("baseline", 0.3), FAILED])
    assert choice.picked.candidate == choice.best.candidate == "linear"


def test_the_simpler_one_is_best_at_a_tie() -> None:
    tie = [result("boosting", 0.1), result("linear", 0.1), result("baseline", 0.3)]
    assert choose(tie).best.candidate == "linear"


def test_names_the_simplest_within_one_standard_error_and_takes_it_when_preferred() -> None:
    results = [
        result("baseline", 0.3, 0.3, 0.3),
        result("linear", 0.21, 0.21, 0.21),
        result("boosting", 0.205, 0.205, 0.205),
        result("neural", 0.19, 0.20, 0.21),
    ]
    choice = choose(results)
    assert choice.limit == pytest.approx(0.2 + 0.01 / 3**0.5)
    assert [r.candidate for r in (choice.picked, choice.best, choice.simplest)] == [
        "neural", "neural", "boosting",
    ]  # fmt: skip
    assert choose(results, prefer="simple").picked.candidate == "boosting"


def test_the_baseline_is_never_the_simplest_beside_a_better_one() -> None:
    results = [result("baseline", 0.1, 0.5), result("linear", 0.09, 0.49)]
    assert choose(results, prefer="simple").picked.candidate == "linear"


def test_the_baseline_is_picked_when_nothing_is_better() -> None:
    results = [result("baseline", 0.1), result("linear", 0.2)]
    assert choose(results, prefer="simple").picked.candidate == "baseline"


def test_rejects_results_without_a_baseline() -> None:
    with pytest.raises(InvalidInputError, match="baseline could not be fitted"):
        choose([result("linear", 0.1), FAILED])


def test_one_fold_has_no_standard_error() -> None:
    assert standard_error([0.2]) == 0.0
