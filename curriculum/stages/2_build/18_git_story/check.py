"""Judges a history by its commits: their size, what each leaves behind, what they do together."""

import ast
import os
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from curriculum.checker.bench import Bench, NotReadyError
from curriculum.checker.results import Failure

_HERE = Path(__file__).resolve().parent
FOLDER = f"{_HERE.parent.name}/{_HERE.name}"
NOT_THEIRS = "loop@localhost"
LEAST, MOST_LINES, MOST_FILES = 6, 60, 3
_FIELD, _RECORD = "\x1f", "\x1e"


@dataclass
class Change:
    """A commit that changed the folder."""

    commit: str
    subject: str
    files: set[str] = field(default_factory=set)
    binary: set[str] = field(default_factory=set)
    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """How to find it."""
        return self.commit[:8]

    @property
    def lines(self) -> int:
        """How many lines it added and removed."""
        return self.added.total() + self.removed.total()


def probe(bench: Bench) -> Failure | None:
    """Read the history of the exercise's folder in the learner's repository."""
    workspace = bench.workspace
    if workspace is None or not (workspace / ".git").exists():
        raise NotReadyError("This check reads your workspace's history.", next_step="loop learn")
    changes = read_changes(workspace)
    if not changes:
        return Failure(
            expected=f"commits that change files in {FOLDER}/ of your workspace",
            observed="no commit of yours",
            where="Make the folder, write something small into it, commit. The lesson says what.",
        )
    failure = (
        judge_sizes(changes)
        or judge_names(changes)
        or judge_states(workspace, changes)
        or judge_undone(changes)
        or judge_merges(workspace)
        or judge_count(changes)
        or judge_rest(workspace)
    )
    if failure is None:
        bench.metrics |= {
            "commits": float(len(changes)),
            "lines_in_the_largest": float(max(each.lines for each in changes)),
        }
    return failure


def judge_sizes(changes: list[Change]) -> Failure | None:
    """Look for commits that are too large to read, and for what is no text."""
    for each in changes:
        if each.binary:
            return Failure(
                expected="files whose changes can be read",
                observed=f"commit {each.name}: {min(each.binary)} is no text that can be compared",
                where="Data and models belong in a bucket; git keeps them for ever. Leave it out, "
                "or name it in .gitignore. It is in the history: begin the folder's story anew on "
                "a new branch, or take the commit out while nobody else has it.",
            )
        if each.lines > MOST_LINES or len(each.files) > MOST_FILES:
            return Failure(
                expected=f"commits of up to {MOST_LINES} lines in up to {MOST_FILES} files",
                observed=f"commit {each.name} has {each.lines} lines in {len(each.files)} files: "
                "too much for one step",
                where="What are its parts? Each that stands alone is a commit. As long as nobody "
                "else has it, `git reset --soft` takes it back and leaves your files alone.",
            )
    return None


def judge_names(changes: list[Change]) -> Failure | None:
    """Look for commits that cannot be told apart."""
    subject, times = Counter(each.subject for each in changes).most_common(1)[0]
    if times == 1:
        return None
    return Failure(
        expected="a first line for each commit that says what it changes",
        observed=f"{times} commits have the same first line, {len(subject)} letters long",
        where="`git log --oneline` is what you will read in a year. As long as nobody else has "
        "them, `git rebase -i` lets you reword.",
    )


def judge_states(workspace: Path, changes: list[Change]) -> Failure | None:
    """Read the Python files of every state."""
    for each in changes:
        for path in sorted(each.files):
            if not path.endswith(".py"):
                continue
            text = git(workspace, "show", f"{each.commit}:{path}", check=False)
            try:
                ast.parse(text)
            except (SyntaxError, ValueError):
                return Failure(
                    expected="every state of the code to be one that runs",
                    observed=f"{Path(path).name} cannot be read by Python at commit {each.name}",
                    where="Whoever looks for a mistake by trying states in between gets stuck "
                    "there. Mend it in the commit that broke it, as long as nobody else has it.",
                )
    return None


def judge_undone(changes: list[Change]) -> Failure | None:
    """Look for a commit that is the opposite of one before."""
    for place, later in enumerate(changes):
        for before in changes[:place]:
            opposite = (later.added, later.removed) == (before.removed, before.added)
            if opposite and later.files == before.files and later.lines:
                return None
    return Failure(
        expected="a commit that takes an earlier one back",
        observed="no commit undoes another",
        where="Commit a mistake, and let git write its opposite: `git revert`. Then both are told.",
    )


def judge_merges(workspace: Path) -> Failure | None:
    """Look for work that was done on a branch and came back."""
    merges = git(workspace, "log", "--merges", "--format=%P", "-n", "500").splitlines()
    for line in merges:
        first, *others = line.split()
        for other in others:
            if git(workspace, "log", "--format=%H", "-n", "1", f"{first}..{other}", "--", FOLDER):
                return None
    return Failure(
        expected=f"a branch with a change in {FOLDER}/ that was merged by a commit of its own",
        observed="no merge of such a branch",
        where="`git merge` just moves on where nothing else happened. Its option `--no-ff` tells "
        "the story.",
    )


def judge_count(changes: list[Change]) -> Failure | None:
    """Ask for enough commits to be a story."""
    if len(changes) >= LEAST:
        return None
    return Failure(
        expected=f"at least {LEAST} commits",
        observed=f"{len(changes)}",
        where="One step more: a test, an edge, a sentence that says what it is for.",
    )


def judge_rest(workspace: Path) -> Failure | None:
    """Look for what has not been committed."""
    left = git(workspace, "status", "--porcelain", "--", FOLDER).splitlines()
    if not left:
        return None
    return Failure(
        expected="nothing left to commit",
        observed=f"{len(left)} files are not as the last commit has them",
        where="`git status` names them.",
    )


def read_changes(workspace: Path) -> list[Change]:
    """Return the learner's own commits that change the folder, the oldest first."""
    if not git(workspace, "rev-parse", "--verify", "--quiet", "HEAD", check=False):
        return []
    told = git(
        workspace, "log", "--reverse", "--topo-order", "--full-history", "--no-merges", "-n", "300",
        f"--format={_RECORD}%H{_FIELD}%ae{_FIELD}%s", "--patch", "--unified=0", "--no-color",
        "--no-ext-diff", "--no-textconv", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/",
        "--", FOLDER,
    )  # fmt: skip
    changes = []
    for part in told.split(_RECORD)[1:]:
        head, _, patch = part.partition("\n")
        commit, email, subject = head.split(_FIELD, 2)
        if email != NOT_THEIRS:
            changes.append(read_patch(Change(commit, subject), patch))
    return changes


def read_patch(change: Change, patch: str) -> Change:
    """Take the files and lines of a patch down."""
    inside, path = False, ""
    for line in patch.splitlines():
        if line.startswith("diff --git "):
            inside, path = False, line.rpartition(" b/")[2]
            change.files.add(path)
        elif line.startswith("@@"):
            inside = True
        elif line.startswith("Binary files "):
            change.binary.add(Path(path).name)
        elif inside and line.startswith("+"):
            change.added[line[1:]] += 1
        elif inside and line.startswith("-"):
            change.removed[line[1:]] += 1
    return change


def git(workspace: Path, *arguments: str, check: bool = True) -> str:
    """Ask git, without a surrounding git command's variables; nothing is changed."""
    environment = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    ran = subprocess.run(  # noqa: S603 - fixed commands that only read
        ["git", "-C", str(workspace), "-c", "core.quotepath=false", *arguments],  # noqa: S607
        env=environment | {"GIT_OPTIONAL_LOCKS": "0"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=30,
        check=False,
    )
    if check and ran.returncode != 0:
        raise NotReadyError(
            f"git {arguments[0]} does not answer in your workspace.",
            next_step=f"git -C {workspace} status",
        )
    return ran.stdout if ran.returncode == 0 else ""
