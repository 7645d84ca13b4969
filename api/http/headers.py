"""The headers of all responses."""

from typing import Final

from api.http.request import JSON, RESPONSE

SECURITY_HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
]
JSON_HEADERS: Final = [(b"content-type", f"{JSON}; charset=utf-8".encode()), *SECURITY_HEADERS]
RESPONSE_HEADERS: Final = [(b"content-type", f"{RESPONSE}; charset=utf-8".encode()), *SECURITY_HEADERS]
"""The headers of application/graphql-response+json."""
