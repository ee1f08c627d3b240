"""The tests themselves reach no other machine: what wants a network is found where it asks."""

import socket

import pytest


def test_another_machine_is_refused():
    with socket.socket() as outside, pytest.raises(OSError, match=r"192.0.2.1: the tests reach no"):
        outside.connect(("192.0.2.1", 80))


def test_this_machine_is_reached():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as inside,
    ):
        assert inside.getpeername() == server.getsockname()
