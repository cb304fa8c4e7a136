"""Every resource of every stack, so that no change to the infrastructure goes unseen."""

import re
from typing import Any, cast

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from cdk.config import Stage, Target
from tests.infra.conftest import STACKS, Synthesize

# Asset names, and logical ids that are hashes of contents: they change with every build.
_HASH = re.compile(r"[0-9a-f]{64}")
_CONTENT_ID = re.compile(r"((?:CurrentVersion|Deployment)[0-9A-F]{8})[0-9a-f]{32}")


def normalised(value: object) -> object:
    """Return a template without what depends on packages or on the CDK library's own code."""
    if isinstance(value, dict):
        return {
            cast("str", normalised(key)): normalised(item) for key, item in sorted(value.items())
        }
    if isinstance(value, list):
        return [normalised(item) for item in value]
    if isinstance(value, str):
        return _CONTENT_ID.sub(r"\1<hash>", _HASH.sub("<hash>", value))
    return value


@pytest.fixture
def as_json(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(JSONSnapshotExtension)


# Local clouds get the same templates, and so does prod on AWS: tested with the properties.
@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize(("target", "stage"), [("local", "dev"), ("local", "prod"), ("aws", "dev")])
def test_template_is_the_known_one(
    synthesize: Synthesize, as_json: SnapshotAssertion, target: Target, stage: Stage, stack: str
) -> None:
    template: dict[str, Any] = synthesize(target, stage).templates[stack]
    assert normalised(template) == as_json
