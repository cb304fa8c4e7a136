"""What a lesson names must exist: files, modules, pictures, and commands with their options."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from curriculum.author.markdown import Line, find_spans
from curriculum.checker.manifest import Exercise

ROOMS: Final = ("cdk", "cli", "core", "curriculum", "docs", "lambdas", "locks", "tests", "training")

ExplainCommand = Callable[[Sequence[str]], str | None]
"""Given the words of a command, ``("loop", "learn", "check")``, say what is wrong with it."""

_LINK: Final = re.compile(r"(!?)\[[^\]\n]*\]\(([^)\s]+)\)")
_FILE: Final = re.compile(rf"(?:{'|'.join(ROOMS)})/[\w./-]+|(?:Makefile|app\.py|pyproject\.toml)")
_MODULE: Final = re.compile(rf"(?:{'|'.join(ROOMS)})(?:\.[A-Za-z_]\w*)+")
_FILE_ENDINGS: Final = {"json", "md", "toml", "txt", "yaml"}
_Told = Iterator[tuple[int, str]]


def lint_links(lines: Sequence[Line], exercise: Exercise) -> _Told:
    """Tell of links and pictures that lead nowhere, and of a picture that is not shown."""
    shown = set()
    for line in lines:
        for is_picture, target in _LINK.findall("" if line.is_code else line.text):
            if re.match(r"[a-z]+:", target):
                if not target.startswith("https://"):
                    yield line.number, f"The link {target} is to begin with https://."
                continue
            path = exercise.folder / target.partition("#")[0]
            if not path.exists():
                yield line.number, f"The link leads to {target}, and there is no such file."
            if is_picture:
                shown.add(path.name)
    if (exercise.folder / "picture.svg").exists() and "picture.svg" not in shown:
        yield 0, "It does not show its picture: ![what is to be seen](picture.svg)."


def lint_paths(lines: Sequence[Line], root: Path) -> _Told:
    """Tell of files and modules in backticks that the project has not."""
    for line, span in find_spans(lines):
        name = span.partition("::")[0]
        name = re.sub(r":\d+(-\d+)?$", "", name)
        if _FILE.fullmatch(name) and not (root / name).exists():
            yield line.number, f"There is no file {name} in the project."
        elif _MODULE.fullmatch(name) and not _module_exists(name, root):
            yield line.number, f"There is no {name} in the project."


def _module_exists(name: str, root: Path) -> bool:
    """Say whether a dotted name is a module, or something that a module's text names."""
    *parents, last = name.split(".")
    if last in _FILE_ENDINGS:  # `docs.md` is somebody's file, and none of ours
        return True
    path = root
    for position, part in enumerate((*parents, last)):
        if (path / part).is_dir():
            path /= part
        elif (module := path / f"{part}.py").is_file():
            text = module.read_text(encoding="utf-8")
            rest = name.split(".")[position + 1 :]
            return all(re.search(rf"\b{word}\b", text) for word in rest)
        else:
            face = path / "__init__.py"
            return face.is_file() and part in face.read_text(encoding="utf-8")
    return True


def lint_commands(lines: Sequence[Line], explain: ExplainCommand) -> _Told:
    """Tell of commands that nobody could run, in backticks and in blocks of code."""
    for line, text in (*find_spans(lines), *((line, line.text) for line in lines if line.is_code)):
        for words in split_commands(text):
            problem = explain(words)
            if problem:
                yield line.number, problem


def split_commands(text: str) -> list[tuple[str, ...]]:
    """Return the words of each ``loop`` or ``make`` command in a line of a shell.

    Examples
    --------
    >>> split_commands("$ loop runs --json | jq .  # your runs")
    [('loop', 'runs', '--json')]
    """
    bare = re.sub(r"\s#.*$", "", text.strip().removeprefix("$ "))
    parts = re.split(r"\s*(?:\|\||&&|[|;>])\s*", bare)
    words = [tuple(_unquote(word) for word in _WORDS.findall(part)) for part in parts]
    # `loop = 3` is a program's line.
    return [each for each in words if each[:1] in {("loop",), ("make",)} and each[1:2] != ("=",)]


_WORDS: Final = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")


def _unquote(word: str) -> str:
    return re.sub(r"""["']""", "", word)
