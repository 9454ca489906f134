"""Short requests over connections that stay open: which is used again, and what becomes of an answer that is none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sync.stores.couchdb import connections
from sync.stores.couchdb.connections import Connections

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Peer:
    """Answers each request with the next of `answers`; None closes the connection."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.heard: list[bytes] = []
        self.connections = 0
        self.asked = asyncio.Event()

    @asynccontextmanager
    async def open(self, connections_max: int = 4) -> AsyncIterator[Connections]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        asking = Connections(f"http://127.0.0.1:{port}", "Accept: application/json\r\n", connections_max)
        yield asking
        await asking.close()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = dict(line.split(b": ") for line in head.split(b"\r\n")[1:] if line)
                self.heard.append(head + await reader.readexactly(int(lines.get(b"Content-Length", b"0"))))
                self.asked.set()
                answer = self.answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
        except asyncio.IncompleteReadError:
            pass
        writer.close()


async def test_cs13_a_connection_is_used_again() -> None:
    chunked = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
    peer = Peer(OK, chunked, b"HTTP/1.1 100 Continue\r\n\r\n" + OK)
    async with peer.open() as asking:
        assert await asking.ask("GET", "/a?b=c", None) == (200, b"{}")
        assert await asking.ask("POST", "/a", b"[]") == (201, b"[1,2]")
        assert await asking.ask("DELETE", "/a", None) == (200, b"{}")
    assert peer.connections == 1
    assert peer.heard[0].startswith(b"GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:")
    assert peer.heard[1].endswith(b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]")


async def test_cs13_a_connection_that_was_closed_is_replaced() -> None:
    peer = Peer(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", OK)
    async with peer.open() as asking:
        assert [await asking.ask("GET", "/", None) for _ in range(2)] == [(200, b"{}")] * 2
    assert peer.connections == 2


@pytest.mark.parametrize(
    "answer", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"SSH-2.0-OpenSSH\r\n\r\n"]
)
async def test_cs2_an_answer_that_breaks_off_or_is_none_is_an_error(
    answer: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "SILENCE_SECONDS", 0.05)
    peer = Peer(answer, OK)
    async with peer.open() as asking:
        with pytest.raises((OSError, TimeoutError)):
            await asking.ask("GET", "/", None)
        assert await asking.ask("GET", "/", None) == (200, b"{}")
    assert peer.connections == 2


async def test_cs13_an_answer_that_nobody_waits_for_any_more_is_given_to_no_other() -> None:
    peer = Peer(b"", OK)
    async with peer.open(1) as asking:
        first = asyncio.create_task(asking.ask("GET", "/first", None))
        second = asyncio.create_task(asking.ask("GET", "/second", None))
        await peer.asked.wait()
        first.cancel()
        assert await second == (200, b"{}")
    assert [request.split()[1] for request in peer.heard] == [b"/first", b"/second"]
    assert peer.connections == 2
