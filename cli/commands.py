"""What a text says to type must work: commands with their options, as the command line has them."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from typer.core import TyperCommand, TyperGroup, TyperOption

_EVERYWHERE = {"--debug", "--help", "-h"}


def explain_with(top: TyperGroup, makefile: Path) -> Callable[[Sequence[str]], str | None]:
    """Return what says which word of a command is wrong.

    Parameters
    ----------
    top
        ``loop`` itself.
    makefile
        What ``make`` reads.
    """
    text = makefile.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))

    def explain(words: Sequence[str]) -> str | None:
        if words[0] == "make":
            return _explain_make(words[1:], targets)
        return _explain_loop(top, list(words[1:]))

    return explain


def _explain_make(words: Sequence[str], targets: set[str]) -> str | None:
    for word in words:
        is_target = not (_is_placeholder(word) or "=" in word or word.startswith("-"))
        if is_target and word not in targets:
            return f"There is no 'make {word}'."
    return None


def _explain_loop(command: TyperCommand | TyperGroup, words: list[str]) -> str | None:
    path, arguments = ["loop"], 0
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            problem = _take_option(command, word, words, " ".join(path))
            if problem:
                return problem
        elif isinstance(command, TyperGroup):
            if _is_placeholder(word):
                return None
            if word not in command.commands:
                return f"There is no '{' '.join([*path, word])}'."
            command = command.commands[word]  # type: ignore[assignment]  # typer makes no others
            path.append(word)
        else:
            arguments += 1
    return _count_arguments(command, arguments, " ".join(path))


def _take_option(
    command: TyperCommand | TyperGroup, word: str, words: list[str], path: str
) -> str | None:
    name, equals, _ = word.partition("=")
    if name in _EVERYWHERE:
        return None
    for each in command.params:
        if isinstance(each, TyperOption) and name in (*each.opts, *each.secondary_opts):
            if not each.is_flag and not equals and words:
                words.pop(0)
            return None
    return f"'{path}' has no option {name}."


def _count_arguments(command: TyperCommand | TyperGroup, given: int, path: str) -> str | None:
    if isinstance(command, TyperGroup):
        return None
    takes = [each.nargs for each in command.params if not isinstance(each, TyperOption)]
    if -1 not in takes and given > sum(takes):
        return f"'{path}' takes {sum(takes) or 'no'} arguments, and {given} are given."
    return None


def _is_placeholder(word: str) -> bool:
    return word.isupper() or not re.fullmatch(r"[\w-]+", word)
