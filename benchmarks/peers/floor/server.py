"""The floor: plain ASGI on the same uvicorn, a constant for an answer. Nothing in Python can be faster on it."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

ANSWER = (
    b'{"data":{"consentDecision":{"subjectId":"sub_019b76e97628798b91e8a6f3b3ae2cdc","purpose":"newsletter",'
    b'"allowed":false,"reason":"WITHDRAWN","legalBasis":"CONSENT","effectiveAt":"2026-01-01T00:16:10Z"}}}'
)
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def application(_scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


if __name__ == "__main__":
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
    )
