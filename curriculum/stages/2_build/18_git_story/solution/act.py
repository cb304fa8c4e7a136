"""Tell a small story in commits: a function, a test, a mistake that is undone, a branch."""

import os
import subprocess
from pathlib import Path

from curriculum.checker.bench import Bench

FOLDER = "2_build/18_git_story"
CODE = '''"""Clean phone numbers."""


def clean(text):
    """Return the digits of a phone number."""
    return "".join(each for each in text if each.isdigit())
'''
TEST = '''"""Tests of clean."""

from phone import clean


def test_keeps_digits():
    assert clean("030 / 12") == "03012"
'''


def act(bench: Bench) -> None:
    """Do what a learner would do."""
    begin(bench)
    make_mistake(bench)
    git(bench, "revert", "--no-edit", "HEAD")
    git(bench, "switch", "--quiet", "-c", "countries")
    add_countries(bench)
    git(bench, "switch", "--quiet", "-")
    git(bench, "merge", "--no-ff", "-m", "Read numbers of other countries", "countries")


def begin(bench: Bench) -> None:
    """Write the function, a test of it, and what it is for."""
    save(bench, "Return the digits of a phone number", {"phone.py": CODE})
    save(bench, "Show what becomes of blanks and slashes", {"test_phone.py": TEST})
    save(bench, "Say what the function is for", {"README.md": "Phone numbers as digits.\n"})


def make_mistake(bench: Bench) -> None:
    """Commit a change that turns out to be wrong."""
    save(bench, "Drop zeros", {"phone.py": CODE.replace("isdigit()", "strip('0').isdigit()")})


def add_countries(bench: Bench) -> None:
    """Read the plus of a country."""
    plus = CODE.replace("    return", '    text = text.replace("+", "00")\n    return')
    save(bench, "Read a plus as two zeros", {"phone.py": plus})
    more = '\n\ndef test_reads_a_country():\n    assert clean("+49") == "0049"\n'
    save(bench, "Show what becomes of a plus", {"test_phone.py": TEST + more})


def save(bench: Bench, message: str, files: dict[str, str]) -> None:
    """Write files, and commit them."""
    for name, text in files.items():
        place = Path(str(bench.workspace)) / FOLDER / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    git(bench, "add", FOLDER)
    git(bench, "commit", "--quiet", "-m", message)


def git(bench: Bench, *arguments: str) -> None:
    """Run git in the learner's repository."""
    subprocess.run(  # noqa: S603 - fixed words
        ["git", "-C", str(bench.workspace), *arguments],  # noqa: S607 - whichever git there is
        env=os.environ
        | {f"GIT_{who}_NAME": "A Learner" for who in ("AUTHOR", "COMMITTER")}
        | {f"GIT_{who}_EMAIL": "learner@example.org" for who in ("AUTHOR", "COMMITTER")},
        check=True,
        capture_output=True,
    )
