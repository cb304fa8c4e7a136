import base64

import pytest

from tests.fixtures.bundles import make_champion, make_contract
from tests.fixtures.corpus import CORPUS, Bad, find_fault
from tests.unit.inference.service import Service, make_event

SERVICE = Service(share=0.0, refresh_s=3600.0)
make_champion(SERVICE.store, make_contract())


@pytest.mark.parametrize("bad", CORPUS, ids=lambda bad: bad.name)
def test_rejects_what_nobody_should_send(bad: Bad, caplog: pytest.LogCaptureFixture) -> None:
    body = base64.b64encode(bad.body).decode()
    reply = SERVICE.send(make_event("POST", bad.path, body, headers=bad.headers, is_base64=True))
    assert find_fault(bad, reply.status, reply.text) is None
    assert caplog.text == ""
