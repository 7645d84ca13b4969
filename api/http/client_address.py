"""Where requests come from: what wrong guesses are counted by."""

import re
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

LONGEST: Final = 64
"""Characters that are looked at of an address that a proxy names."""
_BESIDE_PORT = re.compile(r"\[([^\]]+)\](?::\d+)?|([^:]+):\d+")
"""How some proxies write an address: in brackets, with a port."""


def client_address(scope: Mapping[str, Any], *, is_proxied: bool) -> str:
    """Return the client address of a request; for IPv6 the network, because one subscriber has all of it.

    Behind a proxy it is the last one of X-Forwarded-For, which the proxy puts there: those before it are what the
    caller says of itself. Where there is no proxy, nothing that a caller says counts.
    """
    host: str = (scope.get("client") or ("",))[0]
    if is_proxied:
        named: list[bytes] = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        host = named[-1].rpartition(b",")[2].strip().decode("latin-1")[:LONGEST] if named else host
    if beside := _BESIDE_PORT.fullmatch(host):
        host = beside[1] or beside[2]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped) if address.ipv4_mapped else address.packed[:8].hex(":", 2)
    return str(address)
