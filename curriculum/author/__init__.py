"""The author's tools: look an exercise over, prove it, see what the curriculum covers.

What the `loop author` command is written on::

    from curriculum.author import review, prove, measure_coverage, create

    review(slugs, explain_command=...)  # -> [Finding]; nothing is run but the pictures' programs
    prove(exercises, seeds=20)          # -> ExerciseProof, one by one, as they are done
    measure_coverage(manifests)         # -> Coverage of components, skills, tests and topics
    create(slug, stage=1)               # -> the folder of a new exercise, which works already
"""

from curriculum.author.coverage import Coverage, measure_coverage
from curriculum.author.creating import Template, create
from curriculum.author.drafts import Draft, read_drafts
from curriculum.author.findings import Finding
from curriculum.author.mentions import ExplainCommand
from curriculum.author.proof import AnswerProof, ExerciseProof
from curriculum.author.proving import SEEDS, prove
from curriculum.author.review import choose, review

__all__ = [
    "SEEDS",
    "AnswerProof",
    "Coverage",
    "Draft",
    "ExerciseProof",
    "ExplainCommand",
    "Finding",
    "Template",
    "choose",
    "create",
    "measure_coverage",
    "prove",
    "read_drafts",
    "review",
]
