"""The bounds of a request's head and trailers, and the responses to requests that are refused before they are read."""

import re
from http import HTTPStatus
from typing import Final

Headers = list[tuple[bytes, bytes]]
LINE_END: Final = b"\r\n"
HEAD_END: Final = b"\r\n\r\n"
MAX_HEAD_BYTES: Final = 32 * 1024
"""The longest head; also the longest trailer section, in bytes."""
MAX_FIELDS: Final = 100
"""The most header fields of a head; also the most trailer fields."""
MAX_TARGET_BYTES: Final = 8 * 1024
"""The longest request target (path and query string), in bytes."""
CHUNKED_PIECE_BYTES: Final = 512
"""The bytes of a chunked body that are parsed at once: other requests may follow it among them."""
_HOP_BY_HOP: Final = {b"upgrade", b"http2-settings"}
_PROBLEMS: Final = {
    400: b"The request is not valid HTTP.",
    408: b"The request did not arrive in time.",
    414: b"The request target has at most %d bytes." % MAX_TARGET_BYTES,
    431: b"The head of a request has at most %d bytes and %d fields." % (MAX_HEAD_BYTES, MAX_FIELDS),
    501: b"The method CONNECT and codings of the body other than chunked are not supported.",
    503: b"The server has too many connections. Please try again later.",
    505: b"The version of HTTP is 1.0 or 1.1.",
}


class RefusedHead(Exception):  # noqa: N818 -- it is a response
    """The head of a request is refused with this status."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


def refusal_response(status: int, default_headers: Headers) -> bytes:
    """Return the whole response that refuses a request and closes its connection."""
    body = _PROBLEMS[status]
    lines = [b"HTTP/1.1 %d %b" % (status, HTTPStatus(status).phrase.encode())]
    lines += [b"%b: %b" % header for header in default_headers]
    lines += [b"content-type: text/plain; charset=utf-8", b"content-length: %d" % len(body), b"connection: close"]
    return b"\r\n".join((*lines, b"", body))


def head_size(target: bytes, headers: Headers) -> int:
    """Return the size in bytes of a head without the method and the version."""
    return len(target) + sum(len(name) + len(value) + 4 for name, value in headers)


_SINGLE: Final = (b"host", b"authorization", b"x-role", b"x-case")
"""Headers that a request has once at most."""
_HOST: Final = re.compile(rb"(\[[\w:.%~-]+\]|[\w.~!$&'()*+,;=%-]*)(:[0-9]*)?", re.ASCII)
"""A host name or address, with a port or without one (RFC 3986, 3.2.2); empty where the target has no authority."""


def require_valid_head(version: str, headers: Headers) -> None:
    """Refuse a head whose version, framing, host or caller is invalid or ambiguous."""
    _require_framing(version, headers)
    _require_host(version, headers)


def _require_host(version: str, headers: Headers) -> None:
    """Refuse a request without the header Host (HTTP/1.1), with two or an invalid one: 400 (RFC 9112, 3.2).

    A header that identifies the caller may not be repeated either: proxies and services differ in which one they take.
    """
    names = [name for name, _ in headers]
    if b"host" not in names and version != "1.0":
        raise RefusedHead(400)
    if len({*names}) < len(names) and any(names.count(name) > 1 for name in _SINGLE):
        raise RefusedHead(400)
    if not all(_HOST.fullmatch(value) for name, value in headers if name == b"host"):
        raise RefusedHead(400)


def _require_framing(version: str, headers: Headers) -> None:
    """Refuse another version than HTTP/1.0 and HTTP/1.1, and a body in another coding than chunked (RFC 9112, 6.1)."""
    if version not in {"1.0", "1.1"}:
        raise RefusedHead(505)
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if codings and version == "1.0":
        raise RefusedHead(400)
    if codings and b",".join(codings).strip(b", \t").lower() != b"chunked":
        raise RefusedHead(501)


def declared_length(headers: Headers) -> int | None:
    """Return the body length that a head declares; 0 without a body, None for a chunked body."""
    length = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length" and value.isdigit():
            length = int(value)
    return length


def without_upgrade(method: bytes, target: bytes, version: str, headers: Headers) -> bytes:
    """Return a head without what asks for another protocol (RFC 9110, 7.8: a server may ignore Upgrade)."""
    lines = [b"%b %b HTTP/%b" % (method, target, version.encode())]
    for name, value in headers:
        kept = value
        if name == b"connection":
            options = [option.strip() for option in value.split(b",")]
            kept = b", ".join(option for option in options if option.lower() not in _HOP_BY_HOP)
        if kept and name not in _HOP_BY_HOP:
            lines.append(b"%b: %b" % (name, kept))
    return b"\r\n".join((*lines, b"", b""))
