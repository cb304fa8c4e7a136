import httpx

from tests.fixtures.corpus import CORPUS, find_fault


def test_rejects_what_nobody_should_send_over_http(server: str) -> None:
    with httpx.Client(base_url=server, trust_env=False) as client:
        replies = [
            (bad, client.post(bad.path, content=bad.body, headers=dict(bad.headers)))
            for bad in CORPUS
        ]
    faults = [find_fault(bad, reply.status_code, reply.text) for bad, reply in replies]
    assert [fault for fault in faults if fault] == []
