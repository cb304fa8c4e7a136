"""Every route against its own description, with good data and bad, by all of Schemathesis' checks.

Run by Schemathesis' engine and not as its pytest plug-in: that gives all routes one name, and with
several processes only one of them is tried.
"""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from schemathesis.engine import Status, events, from_schema

from tests.fixtures.bundles import make_champion, make_contract
from tests.unit.inference.service import Service

SUCCESS = ["2xx", "404"]
MAX_EXAMPLES = 10


def accept(path: str, status: str) -> dict[str, Any]:
    """Allow a path to refuse what its schema cannot say."""
    check = {"expected-statuses": [*SUCCESS, status]}
    return {"include-path": path, "checks": {"positive_data_acceptance": check}}


CONFIG = {
    "continue-on-failure": True,
    "suppress-health-check": ["all"],
    "generation": {"max-examples": MAX_EXAMPLES, "deterministic": True},
    "checks": {"positive_data_acceptance": {"expected-statuses": SUCCESS}},
    "operations": [
        # That numbers of a record, added up, leave the range of a float32.
        accept("/v1/predict", "422"),
        accept("/v1/models/{model}/predict", "422"),
        # That an id was made in the past, and a time lies there too and in the calendar.
        accept("/v1/feedback", "422"),
        accept("/v1/models/{model}/feedback", "422"),
        # That tensors and rows have the size that is told of them.
        accept("/v2/models/{model}/infer", "400"),
        accept("/v2/models/{model}/versions/{version}/infer", "400"),
        accept("/invocations", "400"),
    ],
}


def run(schema: schemathesis.BaseSchema) -> Counter[str]:
    """Run all phases; return how often each check passed, or fail with what was found."""
    passed: Counter[str] = Counter()
    found: dict[str, str] = {}
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            found[f"{event.label}: {event.value}"] = ""
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.ScenarioFinished):
            for checks in event.recorder.checks.values():
                for check in checks:
                    passed[check.name] += check.status is Status.SUCCESS
                    if check.failure_info:
                        failure = check.failure_info.failure
                        found[f"{event.label}: {failure.title}"] = (
                            f"{failure.message}\n{check.failure_info.code_sample}"
                        )
    assert not found, "\n\n".join(f"{title}\n{text}" for title, text in found.items())
    return passed


@pytest.mark.timeout(280)
def test_answers_are_what_the_page_promises_in_process() -> None:
    service = Service(share=0.0, refresh_s=3600.0)
    make_champion(service.store, make_contract())
    config = schemathesis.Config.from_dict(CONFIG)
    passed = run(schemathesis.openapi.from_asgi("/openapi.json", service.app, config=config))
    for check in ("not_a_server_error", "response_schema_conformance", "negative_data_rejection"):
        assert passed[check] > 100


@pytest.mark.timeout(280)
def test_answers_are_what_the_page_promises_over_http(server: str) -> None:
    config = schemathesis.Config.from_dict(CONFIG)
    passed = run(schemathesis.openapi.from_url(f"{server}/openapi.json", config=config))
    assert passed["not_a_server_error"] > 100
