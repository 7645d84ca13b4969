"""JSON Web Tokens of the company's identity provider (RFC 7519), verified with its published keys (RFC 7517)."""

import math
import re
import time
from typing import Any, NamedTuple

import jwt

from api.access.key_set import ALGORITHMS, KeySet
from models.access.token_names import is_reserved
from models.access.tokens import DEFAULT_LIFETIMES, TokenLifetimes
from models.actors import Role
from models.errors import BadInput, Unauthenticated
from models.storage.card_numbers import looks_like_card_number
from models.subjects.identifiers import parse_system_name

LEEWAY_SECONDS = 5.0
"""Seconds by which the clocks of this service and the identity provider may differ."""
_NAME = re.compile(r"[A-Za-z0-9._@/:|-]+( [A-Za-z0-9._@/:|-]+)*")
_NAME_LENGTH = 64


class JwtClaims(NamedTuple):
    """What a valid JWT states."""

    name: str
    roles: tuple[Role, ...]
    expires_in: float
    """The remaining life in seconds."""
    system: str | None
    identity: str
    """The issuer and the subject."""


class JwtVerifier:
    """Verifies signature, issuer, audience and times."""

    def __init__(self, url: str, issuer: str, audience: str, lifetimes: TokenLifetimes = DEFAULT_LIFETIMES) -> None:
        self._lifetimes = lifetimes
        self._key_set = KeySet(url)
        self._issuer = issuer
        self._audience = audience

    async def verify(self, token: str) -> JwtClaims:
        """Return what a token states.

        Raises UNAUTHENTICATED when it is not valid, UNAVAILABLE when no keys could be fetched.
        """
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in ALGORITHMS:
                raise Unauthenticated
            key = await self._key_set.find(str(header.get("kid", "")), algorithm)
            if key is None:
                raise Unauthenticated
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError):
            raise Unauthenticated from None
        name, roles, now = _name(claims["sub"]), _roles(claims.get("roles")), time.time()
        # A token that does not state when it was issued counts from now.
        expires_at, issued_at, _ = (_seconds(claims.get(each, now)) for each in ("exp", "iat", "nbf"))
        issued_at = min(issued_at, now)
        if expires_at - issued_at > self._lifetimes.of(roles).total_seconds() + LEEWAY_SECONDS:
            raise Unauthenticated
        return JwtClaims(name, roles, expires_at - now, _system(claims.get("system")), f"{self._issuer}#{name}")


def _name(value: Any) -> str:
    """Return the subject of a token, unless it is malformed, reserved or a card number."""
    if not isinstance(value, str) or len(value) > _NAME_LENGTH or not _NAME.fullmatch(value):
        raise Unauthenticated
    if is_reserved(value) or looks_like_card_number(value):
        raise Unauthenticated
    return value


def _system(value: Any) -> str | None:
    """Return the internal system that a token belongs to, None without the claim."""
    if value is None:
        return None
    try:
        return parse_system_name(value if isinstance(value, str) else "", "system")
    except BadInput:
        raise Unauthenticated from None


def _roles(value: Any) -> tuple[Role, ...]:
    """Return the roles of this service in a claim, each once. Roles of other services are ignored."""
    names = value if isinstance(value, list) else []
    roles = dict.fromkeys(Role(name) for name in names if isinstance(name, str) and name in set(Role))
    if not roles:
        raise Unauthenticated
    return tuple(roles)


def _seconds(value: Any) -> float:
    """Return a NumericDate (RFC 7519, 2), which is a JSON number; jwt accepts strings as well."""
    try:
        seconds = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise Unauthenticated
    return seconds
