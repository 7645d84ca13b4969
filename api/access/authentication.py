"""Who calls: a bearer token becomes an actor, or 401 and nothing is parsed."""

import re
import time
from collections.abc import Mapping
from typing import NamedTuple

from api.access.jwt_verifier import JwtVerifier
from models.access import tokens
from models.access.tokens import PREFIX, TokenRow
from models.actors import Actor, Role
from models.errors import BadInput, CardNumberRefused, Forbidden, Unauthenticated
from models.storage.card_numbers import looks_like_card_number
from models.storage.clock import now
from resolvers.batch_loader import BatchLoader

CACHE_SECONDS = 1.0
"""Seconds for which a verified token is believed without asking again."""
MAX_CACHE_ENTRIES = 10_000
_CASE = re.compile(r"[A-Za-z0-9#:_/-]{3,64}")
_BEARER = "bearer "


class VerifiedToken(NamedTuple):
    """Whom a token names, and the roles that it may act in."""

    name: str
    roles: tuple[Role, ...]
    until: float = 0.0
    token_id: object = None


def resolve_actor(bearer: VerifiedToken, role: str | None, case: str | None) -> Actor:
    """Give who calls, in which role, for which case.

    FORBIDDEN for a role that the token has not; BAD_INPUT for a malformed case.
    """
    if role is not None and role not in bearer.roles:
        raise Forbidden(header="X-Role", access=[])
    if case is not None:
        if not _CASE.fullmatch(case):
            raise BadInput("X-Case", "it is a reference of 3 to 64 letters, digits, and #:_/-")
        if looks_like_card_number(case):
            raise CardNumberRefused(argument="X-Case")
    return Actor(bearer.name, Role(role) if role is not None else bearer.roles[0], bearer.roles, case)


def credentials_of(headers: Mapping[bytes, bytes]) -> tuple[bytes | None, ...]:
    """Give what names the caller: the headers for the token, the role and the case."""
    return headers.get(b"authorization"), headers.get(b"x-role"), headers.get(b"x-case")


class Authenticator:
    """Verifies tokens for one process."""

    def __init__(self, reader: BatchLoader, jwts: JwtVerifier | None) -> None:
        self._reader = reader
        self._jwts = jwts
        self._known: dict[str, VerifiedToken] = {}
        self._callers: dict[tuple[bytes | None, ...], tuple[Actor, VerifiedToken]] = {}
        self.used: set[object] = set()

    def recalled(self, headers: tuple[bytes | None, ...]) -> Actor | None:
        """Give the actor that these headers named just before, while that is believed."""
        actor, bearer = self._callers.get(headers, (None, None))
        if bearer is None or bearer.until < time.monotonic():
            return None
        self.used.add(bearer.token_id)
        return actor

    def remember(self, headers: tuple[bytes | None, ...], actor: Actor, bearer: VerifiedToken) -> None:
        """Believe that these headers name this actor for as long as the bearer is believed."""
        if len(self._callers) >= MAX_CACHE_ENTRIES:
            self._callers.clear()
        self._callers[headers] = actor, bearer

    async def bearer(self, authorization: str) -> VerifiedToken:
        """Give who calls; UNAUTHENTICATED without a valid token."""
        bearer = self._known.get(authorization)
        if bearer is None or bearer.until < time.monotonic():
            bearer = await self._verified(authorization)
        self.used.add(bearer.token_id)
        return bearer

    def forget(self) -> None:
        """Believe no token without asking again."""
        self._known.clear()
        self._callers.clear()

    async def _verified(self, authorization: str) -> VerifiedToken:
        self._known.pop(authorization, None)
        if not authorization[: len(_BEARER)].lower() == _BEARER:
            raise Unauthenticated
        secret = authorization[len(_BEARER) :].strip()
        if not secret.startswith(PREFIX):
            if self._jwts is None:
                raise Unauthenticated
            name, roles, expires_in = await self._jwts.verified(secret)
            bearer = VerifiedToken(name, roles, time.monotonic() + min(CACHE_SECONDS, expires_in))
        else:
            asked_at = time.monotonic()
            found: TokenRow | None = (await self._reader.load(tokens.valid, [tokens.hash_secret(secret)]))[0]
            if found is None:
                raise Unauthenticated
            lives = (found.expires_at - now()).total_seconds() if found.expires_at else CACHE_SECONDS
            bearer = VerifiedToken(
                found.name,
                tuple(Role(role) for role in found.roles),
                asked_at + min(CACHE_SECONDS, lives),
                found.id,
            )
        if len(self._known) >= MAX_CACHE_ENTRIES:
            self._known.clear()
        self._known[authorization] = bearer
        return bearer
