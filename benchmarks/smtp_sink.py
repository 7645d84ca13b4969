"""A minimal SMTP server that accepts and discards all messages: ``python -m benchmarks.smtp_sink PORT``."""

import asyncio
import sys


class SmtpSink(asyncio.Protocol):
    """One SMTP connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""
        self._is_data = False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\r\n")
        for line in lines:
            if self._is_data:
                if line == b".":
                    self._is_data = False
                    self._transport.write(b"250 accepted\r\n")
            elif line == b"DATA":
                self._is_data = True
                self._transport.write(b"354 go ahead\r\n")
            else:
                self._transport.write(b"250 ok\r\n")


async def serve(port: int) -> None:
    """Accept messages on loopback until stopped."""
    server = await asyncio.get_running_loop().create_server(SmtpSink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
