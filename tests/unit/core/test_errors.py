import pytest

from core import errors

KINDS = [
    errors.LoopError,
    errors.InvalidInputError,
    errors.NotFoundError,
    errors.ConflictError,
    errors.IntegrityError,
    errors.UnavailableError,
]


def test_every_kind_has_an_exit_code_of_its_own() -> None:
    assert [kind.exit_code for kind in KINDS] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("kind", KINDS)
def test_error_says_what_and_what_next(kind: type[errors.LoopError]) -> None:
    error = kind("It broke.", next_step="Mend it.")
    assert str(error) == "It broke."
    assert error.next_step == "Mend it."
    assert kind("It broke.").next_step == ""
