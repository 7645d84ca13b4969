"""The targets that webhooks may have: public addresses, and private ones of permitted networks.

A URL is checked when it is registered. Its host is resolved and checked again before each connection. The connection
goes to a checked address, so that a changed DNS record cannot redirect a webhook into another network.
"""

import asyncio
import re
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from models.errors import BadInput

Network: TypeAlias = IPv4Network | IPv6Network
URL_LENGTH: Final = 500
LOOPBACK_NETWORKS: Final[Sequence[Network]] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_TRANSLATED: Final = (ip_network("64:ff9b::/96"), ip_network("::ffff:0:0:0/96"))
"""NAT64 (RFC 6052) and SIIT (RFC 2765): the last 32 bits are the IPv4 address that packets go to."""
_COMPATIBLE: Final = ip_network("::/96")
_NOT_GLOBAL: Final = tuple(
    ip_network(network)
    for network in ("64:ff9b:1::/48", "fec0::/10", "3fff::/20", "5f00::/16", "192.0.0.0/24", "192.88.99.0/24")
)
"""Networks that are not reachable globally, and that the modules of some versions of Python do not know."""
_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_NUMBER: Final = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)")
"""A host that ends in a number, which some resolvers read as an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1."""
_URL: Final = re.compile(r"[!-\[\]^-~]+")
"""Printable ASCII without spaces and backslashes: no character of it can end a line of a request."""
_AUTHORITY: Final = re.compile(r"(?:[^@]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^][:@%]*)(?::[0-9]*)?")
"""A host without a zone, in brackets if it is an IPv6 address, with or without a user and a port."""


class ForbiddenTargetError(Exception):
    """The host of a webhook has no address, or one outside the permitted networks."""


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a list with commas, such as ``10.0.0.0/8,fd00::/8``. Raise ValueError if it is invalid."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_permitted(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    """Return whether a webhook may be sent to an address: a public one, or one in these networks."""
    if any(address in network for network in networks):
        return True
    inner = _inner_address(address)
    if inner is not None:
        return is_permitted(inner, networks)
    is_special = any(address in network for network in _NOT_GLOBAL)
    return address.is_global and not address.is_multicast and not is_special


def _inner_address(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that packets to an IPv6 address go to, if it contains one.

    Such addresses are IPv4-mapped, IPv4-compatible, 6to4, NAT64 and SIIT addresses. Teredo addresses contain two, of a
    server and of a client, and are not reachable globally.
    """
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in _TRANSLATED) or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def validate_url(url: str, networks: Sequence[Network], argument: str) -> None:
    """Raise BAD_INPUT unless this is the URL of a webhook: https://, or http:// to this machine, and a permitted host.

    A host that is a name is not resolved: its addresses are checked before each connection.
    """
    parts = _split(url)
    if parts is None:
        raise BadInput(argument, "it is not a URL of printable ASCII with a host and a port of 1 to 65535")
    host = (parts.hostname or "").removesuffix(".")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK_HOSTS)
    has_extras = parts.username is not None or parts.password is not None or "#" in url
    if not is_safe or not host or len(url) > URL_LENGTH or has_extras:
        raise BadInput(argument, "it is not an https:// URL (http:// only to this machine)")
    addresses = ["127.0.0.1", "::1"] if host == "localhost" or host.endswith(".localhost") else [host]
    for address in addresses:
        try:
            permitted = is_permitted(ip_address(address), networks)
        except ValueError:
            if not _NAME.fullmatch(host) or _NUMBER.fullmatch(host):
                raise BadInput(argument, "its host is neither a name nor an address in the usual notation") from None
            continue
        if not permitted:
            raise BadInput(argument, "its address is private: permit its network in PRIVACY_WEBHOOK_NETWORKS")


async def resolve(url: str, networks: Sequence[Network]) -> list[str]:
    """Return the addresses of a URL's host. Raise ForbiddenTargetError unless all of its addresses are permitted."""
    parts = _split(url)
    if parts is None or not parts.hostname:
        raise ForbiddenTargetError
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        rows = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ForbiddenTargetError from None
    addresses = [str(row[4][0]).partition("%")[0] for row in rows]
    if not addresses or not all(is_permitted(ip_address(address), networks) for address in addresses):
        raise ForbiddenTargetError
    return addresses


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL, None if its host or port is impossible, or if a character is not printable ASCII."""
    try:
        parts = urlsplit(url)
        is_valid = bool(_URL.fullmatch(url) and _AUTHORITY.fullmatch(parts.netloc)) and parts.port != 0
    except ValueError:
        return None
    return parts if is_valid else None
