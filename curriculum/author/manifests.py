"""What the model of a manifest cannot see: other exercises, the files beside it, and its hints."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from curriculum.author.coverage import Promise, find_components
from curriculum.author.drafts import Draft, place, slug_of
from curriculum.author.findings import Finding
from curriculum.checker.manifest import Exercise

_LEAST_LENGTH: Final = 16  # a shorter line, `return total`, is in every program
_UNFINISHED: Final = re.compile(r"\b(TODO|FIXME|XXX|TBD|lorem ipsum)\b", re.IGNORECASE)
_READ: Final = {".py", ".md", ".toml"}


def lint_manifest(exercise: Exercise, promise: Promise) -> list[Finding]:
    """Find what is wrong with a manifest that can be read, and with the files it speaks of."""
    rules: tuple[Callable[[Exercise, Promise], Iterator[str]], ...] = (
        _lint_words,
        _lint_answers,
        _lint_hints,
    )
    where = place(exercise.folder / "exercise.toml")
    told = (problem for rule in rules for problem in rule(exercise, promise))
    return [Finding(where=where, problem=each) for each in told] + _lint_files(exercise)


def lint_order(drafts: Sequence[Draft]) -> list[Finding]:
    """Find prerequisites that do not exist, that come later, or that wait for one another.

    Slugs are looked at too: two exercises of one name would share one record.
    """
    usable = [draft.exercise for draft in drafts if draft.exercise]
    wanted = {each.manifest.slug: each.manifest.prerequisites for each in usable}
    findings, seen = [], set[str]()
    for exercise in usable:
        slug, where = exercise.manifest.slug, place(exercise.folder / "exercise.toml")
        if slug in seen:
            text = f"The slug {slug} is another exercise's already."
            findings.append(Finding(where=where, problem=text))
        for each in exercise.manifest.prerequisites:
            problem = _explain_prerequisite(slug, each, wanted, seen)
            if problem:
                findings.append(Finding(where=where, problem=problem))
        seen.add(slug)
    return findings


def _explain_prerequisite(
    slug: str, named: str, wanted: dict[str, tuple[str, ...]], seen: set[str]
) -> str | None:
    if named not in wanted:
        return f"The prerequisite {named} does not exist."
    if named in seen:
        return None
    circle = _find_circle(slug, wanted)
    if circle:
        return f"Prerequisites form a circle: {' → '.join(circle)}."
    return f"The prerequisite {named} comes later in the course; number the folders in order."


def _find_circle(start: str, wanted: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the way from an exercise back to itself, if its prerequisites lead there."""
    ways = [[start]]
    visited = set[str]()
    while ways:
        way = ways.pop()
        for each in wanted.get(way[-1], ()):
            if each == start:
                return [*way, each]
            if each not in visited:
                visited.add(each)
                ways.append([*way, each])
    return []


def _lint_words(exercise: Exercise, promise: Promise) -> Iterator[str]:
    manifest = exercise.manifest
    if slug_of(exercise.folder) != manifest.slug:
        name = manifest.slug.replace("-", "_")
        yield f"The folder is to be called like its slug: {exercise.folder.name[:2]}_{name}."
    if not find_components(manifest.component, promise):
        names = ", ".join(promise.components)
        yield f"component: begin with one of {names}; then a colon and its parts."
    for each in manifest.covers:
        if each not in promise.ids:
            yield f"covers: {each} is not in curriculum/covers.toml."
    for each in manifest.ml_test_score:
        if each not in promise.tests:
            yield f"ml_test_score: {each!r} is not one of the 28 of curriculum/covers.toml."
    if not manifest.skills:
        yield "skills: name at least one area and its level."


def _lint_answers(exercise: Exercise, promise: Promise) -> Iterator[str]:
    del promise
    named = exercise.manifest.wrong_answers
    folder = exercise.folder / "wrong"
    there = {path.stem for path in folder.glob("*") if path.is_file()}
    suffix = exercise.wrong("any").suffix
    for each in sorted(there - set(named)):
        yield f"wrong_answers: {each} lies in wrong/, and the manifest does not name it."
    for each in sorted(set(named) - there):
        yield f"wrong_answers: {each} is named, and there is no wrong/{each}{suffix}."
    if len(set(named.values())) < len(named):
        yield "wrong_answers: two of them get the same words; each is to have its own message."


def _lint_hints(exercise: Exercise, promise: Promise) -> Iterator[str]:
    del promise
    hints = exercise.manifest.hints
    if len(set(hints)) < len(hints):
        yield "hints: two are the same; each is to say more than the one before."
    for number, hint in enumerate(hints, start=1):
        for line in _telling_lines(exercise):
            if _squeeze(line) in _squeeze(hint):
                yield f"hints: number {number} gives the answer away: it holds {line!r}."


def _telling_lines(exercise: Exercise) -> Iterator[str]:
    """Yield the solution's lines that the learner has to find: not those of the starter."""
    if not exercise.solution.is_file():
        return
    starter = exercise.starter
    given = starter.read_text(encoding="utf-8") if starter and starter.is_file() else ""
    known = {_squeeze(line) for line in given.splitlines()}
    for line in map(str.strip, exercise.solution.read_text(encoding="utf-8").splitlines()):
        is_told = line.startswith(("#", '"""', "import ", "from ", "def ", "class ", "@"))
        if len(line) >= _LEAST_LENGTH and not is_told and _squeeze(line) not in known:
            yield line


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _lint_files(exercise: Exercise) -> list[Finding]:
    findings = []
    for name in _needed_files(exercise):
        if not (exercise.folder / name).is_file():
            text = f"There is no {name}."
            findings.append(Finding(where=place(exercise.folder), problem=text))
    for path in sorted(exercise.folder.rglob("*")):
        if path.suffix not in _READ:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            found = _UNFINISHED.search(line)
            if found:
                text = f"It says {found[0]!r}: what is committed is finished."
                findings.append(Finding(where=f"{place(path)}:{number}", problem=text))
    return findings


def _needed_files(exercise: Exercise) -> Iterator[str]:
    answers = [each for each in (exercise.starter, exercise.solution) if each]
    yield from ("lesson.md", "check.py")
    yield from (each.relative_to(exercise.folder).as_posix() for each in answers)
