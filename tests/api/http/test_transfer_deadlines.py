"""A transfer may take any time while it goes on, and is ended when it stops. The tests move the clock of the server."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Iterator
from typing import Any, TypeVar

import pytest

from api.http import connection_limits
from api.http.transfer_deadlines import STEP_BYTES
from tests.api.http.connections import connect, read_response
from tests.conftest import Api, Databases, Running, settings_for
from tests.journeys.exports import begin_export, step_of, values
from tests.people import known

_Result = TypeVar("_Result")
SECONDS = 30


@pytest.fixture(scope="module")
def patient(databases: Databases) -> Iterator[Running]:
    """Serve the API without the regular checks of deadlines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection_limits, "SWEEP_SECONDS", 3600.0)
        running = Running(settings_for(databases, body_seconds=SECONDS, reader_seconds=SECONDS))
        with running:
            yield running


def on_server(running: Running, function: Awaitable[_Result]) -> _Result:
    """Run a function in the event loop of the server."""

    async def run() -> _Result:
        return await function

    return asyncio.run_coroutine_threadsafe(run(), running.server.loop).result(60)


class Client:
    """One raw connection, with the server's side of it."""

    def __init__(self, running: Running, stream: socket.socket) -> None:
        self._running = running
        self.stream = stream
        self._now = 0.0
        self._sent = 0

    async def _side(self) -> Any:
        port = self.stream.getsockname()[1]
        while True:
            for side in [*self._running.server.server_state.connections]:
                if side.client and side.client[1] == port:  # type: ignore[union-attr]
                    return side
            await asyncio.sleep(0)

    def send_head(self, head: bytes) -> None:
        self.stream.sendall(head)

    def send(self, content: bytes) -> None:
        """Send a part of the body, and return when the service has read it."""
        self.stream.sendall(content)
        self._sent += len(content)

        async def arrived() -> None:
            side = await self._side()
            while side.body_bytes < self._sent or side.flow.read_paused:  # noqa: ASYNC110 -- no event tells of it
                await asyncio.sleep(0)

        on_server(self._running, arrived())

    def wait(self, seconds: float) -> None:
        """Check the deadline of this connection, as if these seconds had passed."""
        self._now += seconds

        async def check() -> None:
            (await self._side()).check_deadline(self._now)

        on_server(self._running, check())


def upload(api: Api, step: str, framing: bytes) -> bytes:
    return (
        f"POST /exports/{step} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {api.secrets['STORE']}\r\n".encode()
        + b"Content-Type: application/json\r\n"
        + framing
        + b"\r\n\r\n"
    )


def test_a_slow_upload_is_stored_and_one_that_stops_is_refused(
    api: Api, databases: Databases, patient: Running
) -> None:
    person = known(api)
    begin_export(api, databases, person.id)
    step = step_of(api, "STORE", "store")["id"]
    line = json.dumps("x" * 1021).encode() + b","
    pieces = [b"[" + line * 255 + b" " * 1023, *([line * 256] * 11), line * 255 + b'"' + b"x" * 1021 + b'"]']
    assert {len(piece) for piece in pieces} == {STEP_BYTES}
    with connect(Api(patient.url, {})) as stream:
        client = Client(patient, stream)
        client.send_head(upload(api, step, b"Content-Length: %d" % (len(pieces) * STEP_BYTES)))
        for piece in pieces[:-1]:
            client.send(piece)
            client.wait(SECONDS - 1)
        stream.sendall(pieces[-1])
        status, body = read_response(stream)
        assert (status, json.loads(body)["sizeBytes"]) == (200, len(pieces) * STEP_BYTES)
    stored = values(databases, "SELECT count(*) FROM export_chunks")
    with connect(Api(patient.url, {})) as stream:
        client = Client(patient, stream)
        client.send_head(upload(api, step, b"Content-Length: %d" % (len(pieces) * STEP_BYTES)))
        client.send(pieces[0])
        client.send(pieces[1][:-1])
        client.wait(0)
        client.wait(SECONDS - 1)
        client.send(pieces[1][-1:])
        client.wait(1)
        client.wait(SECONDS - 1)
        client.send(pieces[2][:1000])
        client.wait(1)
        assert read_response(stream)[0] == 408, "a thousand bytes are no progress"

    async def ended() -> None:
        await asyncio.gather(*[*patient.server.server_state.tasks], return_exceptions=True)

    on_server(patient, ended())
    assert values(databases, "SELECT count(*) FROM export_chunks") == stored, "nothing is kept of it"


def test_the_parts_of_a_small_body_do_not_prolong_its_time(api: Api, patient: Running) -> None:
    with connect(Api(patient.url, {})) as stream:
        client = Client(patient, stream)
        head = b"POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n"
        client.send_head(head + f"Authorization: Bearer {api.secrets['STORE']}\r\n\r\n".encode())
        client.send(b"{")
        client.wait(0)
        client.wait(SECONDS / 2)
        client.send(b" ")
        client.wait(SECONDS / 2)
        assert read_response(stream)[0] == 408
