"""Synthesises the learner's bucket, and returns the template."""

from types import ModuleType

from curriculum.material.synthesis import Template, make_once, synthesise


def drive(learner: ModuleType, *_asked: object) -> Template:
    """Return the template of a stack with the bucket in it; the same for all questions."""
    return make_once(learner, make_template)


def make_template(learner: ModuleType) -> Template:
    """Synthesise the stack."""
    return synthesise(learner.add_bucket)
