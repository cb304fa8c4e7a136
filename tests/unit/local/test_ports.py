import socket

from cdk.local.ports import LOOPBACK, bind_loopback, is_free, wait_until_free


def test_takes_the_preferred_port_when_it_is_free() -> None:
    with bind_loopback(()) as free:
        port = free.getsockname()[1]
    with bind_loopback((port,)) as bound:
        assert bound.getsockname() == (LOOPBACK, port)


def test_takes_another_port_when_the_preferred_one_is_taken() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_free(port)
        with bind_loopback((port,)) as bound:
            assert bound.getsockname()[1] not in (0, port)


def test_takes_another_port_when_somebody_listens_on_every_address() -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with bind_loopback((port,)) as bound:
            assert bound.getsockname()[1] != port


def test_waits_no_longer_than_it_is_told() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        assert not wait_until_free(taken.getsockname()[1], timeout_s=0.1)
