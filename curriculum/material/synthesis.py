"""Templates of a learner's CDK code, made in the child process, each file once."""

import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from aws_cdk import App, Stack

Template = dict[str, Any]
Made = TypeVar("Made")

# A proof judges the same file with many seeds, in one process.
_made: dict[tuple[str, str], Any] = {}


def make_once(learner: ModuleType, make: Callable[[ModuleType], Made]) -> Made:
    """Return what `make` makes of a learner's file, made anew only if the file is another one.

    What CDK makes of a file does not depend on the check's seed.
    """
    body = Path(str(learner.__file__)).read_bytes()
    key = (make.__module__, hashlib.sha256(body).hexdigest())
    if key not in _made:
        _made[key] = make(learner)
    made: Made = _made[key]
    return made


def synthesise(build: Callable[[Stack], object]) -> Template:
    """Return the template of a stack that `build` puts something into."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=str(Path(folder) / "out"), analytics_reporting=False)
        stack = Stack(app, "Bench")
        build(stack)
        app.synth()
        path = Path(app.outdir) / "Bench.template.json"
        template: Template = json.loads(path.read_text(encoding="utf-8"))
    return template
