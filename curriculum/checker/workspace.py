"""The learner's own place: a git repository that survives upgrades, with their work and records."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.errors import UnavailableError
from curriculum.checker.manifest import Exercise
from curriculum.checker.records import (
    Record,
    add_record,
    hash_file,
    new_record,
    read_records,
)

_README: Final = """# My workspace

What I build while I learn on Closed Loop. Every exercise has a folder; `progress.jsonl` records
every check, hint and solution, one line each. This repository is mine: commit often, keep it.

`loop learn` says what comes next.
"""
_IGNORED: Final = "__pycache__/\n*.old\n*.old.*\n"
_GIT_TIMEOUT_S: Final = 30


def make_workspace(workspace: Path) -> None:
    """Make the git repository if it is not there yet; what is there is left alone.

    Raises
    ------
    UnavailableError
        When git is not installed, or the folder cannot be written.
    """
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        if not (workspace / ".git").exists():
            _git(workspace, "init", "--quiet", "--initial-branch=main")
        if not (workspace / "README.md").exists():
            (workspace / "README.md").write_text(_README, encoding="utf-8")
            (workspace / ".gitignore").write_text(_IGNORED, encoding="utf-8")
            commit(workspace, "Begin", ["README.md", ".gitignore"])
    except OSError as error:
        raise UnavailableError(
            f"The workspace {workspace} cannot be written ({error.strerror}).",
            next_step="Make room, or make the folder yours to write.",
        ) from error


def lay_out(exercise: Exercise, workspace: Path) -> None:
    """Put an exercise's starter into the workspace, and record its beginning, once.

    A file that is there is the learner's and stays, whatever a new release brings; only a starter
    that they have not touched gives way to a newer one.
    """
    begun = _find_beginning(exercise, workspace)
    laid_out = [
        place
        for source, place in _list_starters(exercise, workspace)
        if _may_write(place, exercise, workspace, begun) and _copy(source, place)
    ]
    is_new = exercise.place_in(workspace) in laid_out
    if begun is None or is_new:
        starter = hash_file(exercise.starter) if is_new else None
        slug = exercise.manifest.slug
        add_record(workspace, new_record(slug, "begin", answer_sha256=starter))
    if laid_out:
        # A repository in the middle of a merge takes it with the learner's next commit.
        with suppress(UnavailableError):
            commit(
                workspace,
                f"Starter of {exercise.manifest.slug}",
                [str(place.relative_to(workspace)) for place in laid_out],
            )


def put_aside(exercise: Exercise, workspace: Path) -> Path | None:
    """Rename the learner's file, so that the starter can come back; return its new place.

    None when there is nothing to lose: no file, or the starter itself.
    """
    place = exercise.place_in(workspace)
    if place is None or not (place.exists() or place.is_symlink()):
        return None
    if not place.is_symlink() and hash_file(place) == hash_file(exercise.starter):
        return None
    aside, number = place.with_name(place.name + ".old"), 2
    while aside.exists() or aside.is_symlink():
        aside, number = place.with_name(f"{place.name}.old.{number}"), number + 1
    return place.replace(aside)


def head(workspace: Path) -> str | None:
    """Return the commit that the workspace stands on, if it has one."""
    if not (workspace / ".git").exists():
        return None
    found = _git(workspace, "rev-parse", "--verify", "--quiet", "HEAD", check=False).strip()
    return found or None


def is_committed(workspace: Path, place: Path | None) -> bool:
    """Tell whether a file is as the last commit holds it."""
    if place is None or not (workspace / ".git").exists():
        return True
    changed = _git(workspace, "status", "--porcelain", "--", str(place), check=False)
    return not changed.strip()


def commit(workspace: Path, message: str, paths: Sequence[str]) -> None:
    """Commit what the checker itself put down; the learner's own work is theirs to commit."""
    if not _git(workspace, "status", "--porcelain", "--", *paths).strip():
        return
    _git(workspace, "add", "--", *paths)
    identity = ["-c", "user.name=loop learn", "-c", "user.email=loop@localhost"]
    signing = ["-c", "commit.gpgsign=false"]
    _git(
        workspace, *identity, *signing, "commit", "--quiet", "--no-verify", "-m", message,
        "--", *paths,
    )  # fmt: skip


def _find_beginning(exercise: Exercise, workspace: Path) -> Record | None:
    slug = exercise.manifest.slug
    found = [each for each in read_records(workspace) if each.slug == slug]
    begun = [each for each in found if each.event == "begin"]
    return next((each for each in reversed(begun) if each.answer_sha256), next(iter(begun), None))


def _list_starters(exercise: Exercise, workspace: Path) -> Iterator[tuple[Path, Path]]:
    own = exercise.place_in(workspace)
    if exercise.starter is None or own is None:
        return
    folder = exercise.starter.parent
    for source in sorted(folder.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            yield source, own.parent / source.relative_to(folder)


def _may_write(place: Path, exercise: Exercise, workspace: Path, begun: Record | None) -> bool:
    # A link that leads nowhere is the learner's too: nothing is written where it points.
    if not place.exists() and not place.is_symlink():
        return True
    untouched = begun is not None and begun.answer_sha256 is not None
    is_starter = untouched and hash_file(place) == begun.answer_sha256 if begun else False
    newest = hash_file(exercise.starter)
    return is_starter and place == exercise.place_in(workspace) and hash_file(place) != newest


def _copy(source: Path, place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)
    return place


def _git(workspace: Path, *arguments: str, check: bool = True) -> str:
    # Variables of a surrounding git command (a hook, say) would lead to another repository.
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    try:
        ran = subprocess.run(  # noqa: S603 - fixed commands on the learner's own folder
            ["git", "-C", str(workspace), *arguments],  # noqa: S607 - whichever git they use
            env=environment,
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise UnavailableError(
            "git is not installed; your workspace is a git repository.",
            next_step="Install git, then run 'loop learn' again.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(
            f"git {arguments[0]} did not end in {workspace}.",
            next_step=f"See 'git -C {workspace} status'.",
        ) from error
    if check and ran.returncode != 0:
        raise UnavailableError(
            f"git {arguments[0]} failed in {workspace}: {ran.stderr.strip()[:200]}",
            next_step=f"See 'git -C {workspace} status'.",
        )
    return ran.stdout


__all__ = [
    "commit",
    "hash_file",
    "head",
    "is_committed",
    "lay_out",
    "make_workspace",
    "put_aside",
    "read_records",
]
