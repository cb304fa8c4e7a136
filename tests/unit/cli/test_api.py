import httpx
import pytest

from cli.api import Api
from core.errors import NotFoundError, UnavailableError
from tests.unit.cli.doubles import answer_with_yes


class Endpoint:
    """Answers with the given statuses, then as a healthy endpoint does."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.slept: list[float] = []

    def api(self) -> Api:
        return Api(
            url="http://127.0.0.1:1",
            key="k",
            transport=httpx.MockTransport(self.respond),
            sleep=self.slept.append,
        )

    def respond(self, request: httpx.Request) -> httpx.Response:
        if self.statuses:
            return httpx.Response(self.statuses.pop(0))
        return answer_with_yes(request)


def test_first_prediction_waits_for_a_cold_endpoint() -> None:
    endpoint = Endpoint(503, 404, 502)
    answer = endpoint.api().first_prediction("m", {})

    assert answer["predictions"][0]["prediction"] == "Yes"
    assert len(endpoint.slept) == 3


@pytest.mark.parametrize(("status", "kind"), [(503, UnavailableError), (404, NotFoundError)])
def test_first_prediction_gives_up_in_the_end(status: int, kind: type[Exception]) -> None:
    endpoint = Endpoint(*[status] * 10)
    with pytest.raises(kind):
        endpoint.api().first_prediction("m", {}, patience_s=0)
    assert endpoint.slept == []


def test_request_is_sent_again_when_the_api_asks_for_less_haste() -> None:
    endpoint = Endpoint(429, 429)
    assert endpoint.api().predict("m", [{}])["model_version"] == 1
    assert endpoint.slept == [1.0, 1.0]


def test_haste_is_told_when_waiting_does_not_help() -> None:
    endpoint = Endpoint(*[429] * 10)
    with pytest.raises(UnavailableError, match="429"):
        endpoint.api().predict("m", [{}])
    assert len(endpoint.statuses) == 5


def test_wrong_key_names_the_way_to_see_it() -> None:
    with pytest.raises(Exception, match="403") as caught:
        Endpoint(403).api().predict("m", [{}])
    assert "loop status" in getattr(caught.value, "next_step", "")


def test_health_is_no_when_nobody_answers() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    api = Api(url="http://127.0.0.1:1", key="k", transport=httpx.MockTransport(refuse))
    assert api.is_healthy() is False
    with pytest.raises(UnavailableError, match="did not answer"):
        api.predict("m", [{}])
