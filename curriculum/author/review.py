"""Everything that can be said of exercises without running them."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from curriculum.author.coverage import load_promise
from curriculum.author.drafts import Draft, read_drafts
from curriculum.author.findings import Finding
from curriculum.author.lessons import ROOT, lint_lesson
from curriculum.author.manifests import lint_manifest, lint_order
from curriculum.author.mentions import ExplainCommand
from curriculum.author.pictures import lint_picture, write_picture
from curriculum.author.schema import find_stale_schema, write_schema
from curriculum.checker.manifest import STAGES_FOLDER, no_exercise


def review(
    slugs: Sequence[str],
    *,
    explain_command: ExplainCommand,
    stages: Path = STAGES_FOLDER,
    root: Path = ROOT,
    fix: bool = False,
) -> list[Finding]:
    """Find what an author has to mend; nothing when all is well.

    Parameters
    ----------
    slugs
        The exercises to look at; all of them when empty.
    explain_command
        Says what is wrong with a ``loop …`` or ``make …`` command, or None.
    fix
        Write pictures and the published schema anew before looking at them.

    Raises
    ------
    NotFoundError
        When there is no exercise of a slug.
    """
    drafts = read_drafts(stages)
    chosen = choose(drafts, slugs)
    if fix:
        _write_anew(chosen)
    places = {draft.folder.name for draft in chosen}
    findings = list(find_stale_schema())
    findings += [each for each in lint_order(drafts) if _folder_of(each) in places]
    for draft in chosen:
        findings += draft.findings
        if draft.exercise:
            findings += lint_manifest(draft.exercise, load_promise())
            findings += lint_lesson(draft.exercise, explain_command=explain_command, root=root)
        findings += lint_picture(draft.folder)
    return findings


def choose(drafts: Sequence[Draft], slugs: Sequence[str]) -> list[Draft]:
    """Return the exercises of these slugs, or all when there are no slugs."""
    names = [draft.slug for draft in drafts]
    for slug in slugs:
        if slug not in names:
            raise no_exercise(slug, names)
    return [draft for draft in drafts if not slugs or draft.slug in slugs]


def _write_anew(drafts: Sequence[Draft]) -> None:
    write_schema()
    for draft in drafts:
        # What breaks is told when the picture is looked at.
        with suppress(Exception):
            write_picture(draft.folder)


def _folder_of(finding: Finding) -> str:
    return finding.where.split("/")[-2]
