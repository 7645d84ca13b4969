"""The least that a mail server can be: it says yes, and forgets. ``python -m benchmarks.smtp_sink PORT``."""

import asyncio
import sys


class Sink(asyncio.Protocol):
    """One conversation."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest = b""
        self._is_letter = False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if self._is_letter:
                if line == b".":
                    self._is_letter = False
                    self._transport.write(b"250 taken\r\n")
            elif line == b"DATA":
                self._is_letter = True
                self._transport.write(b"354 go ahead\r\n")
            else:
                self._transport.write(b"250 yes\r\n")


async def serve(port: int) -> None:
    """Take letters on loopback until stopped."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
