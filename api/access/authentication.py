"""Authentication: a bearer token becomes an actor; without a valid token the request is refused before it is parsed."""

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
from models.storage.ids import Prefix, format_id
from resolvers.batch_loader import BatchLoader

CACHE_SECONDS = 1.0
"""Seconds for which a verified token is cached: a revoked token works no longer than this."""
MAX_CACHE_ENTRIES = 10_000
_CASE = re.compile(r"[A-Za-z0-9#:_/-]{3,64}")
_BEARER = "bearer "


class VerifiedToken(NamedTuple):
    """The name and the roles of a token. The cache may use it until ``valid_until``, a monotonic time."""

    name: str
    roles: tuple[Role, ...]
    valid_until: float = 0.0
    token_id: object = None
    system: str | None = None
    identity: str | None = None


def resolve_actor(token: VerifiedToken, role: str | None, case: str | None) -> Actor:
    """Return the actor: the token's name, the acting role and the case.

    Raises FORBIDDEN for a role that the token does not have, BAD_INPUT for a malformed case.
    """
    if role is not None and role not in token.roles:
        raise Forbidden(header="X-Role", access=[])
    if case is not None:
        if not _CASE.fullmatch(case):
            raise BadInput("X-Case", "it is a reference of 3 to 64 letters, digits, and #:_/-")
        if looks_like_card_number(case):
            raise CardNumberRefused(argument="X-Case")
    acting = Role(role) if role is not None else token.roles[0]
    return Actor(token.name, acting, token.roles, case, token.system, token.identity)


def credentials_of(headers: Mapping[bytes, bytes]) -> tuple[bytes | None, ...]:
    """Return the headers that identify the caller: Authorization, X-Role and X-Case."""
    return headers.get(b"authorization"), headers.get(b"x-role"), headers.get(b"x-case")


class Authenticator:
    """Verifies the tokens of one process and caches the result for at most ``CACHE_SECONDS``."""

    def __init__(self, loader: BatchLoader, jwt_verifier: JwtVerifier | None) -> None:
        self._loader = loader
        self._jwt_verifier = jwt_verifier
        self._tokens: dict[str, VerifiedToken] = {}
        self._actors: dict[tuple[bytes | None, ...], tuple[Actor, VerifiedToken]] = {}
        self.used: set[object] = set()
        """The ids of the tokens used since this set was last written to the database."""

    def cached_actor(self, credentials: tuple[bytes | None, ...]) -> Actor | None:
        """Return the actor of these headers if it is cached and still valid, otherwise None."""
        actor, token = self._actors.get(credentials, (None, None))
        if token is None or token.valid_until < time.monotonic():
            return None
        self.used.add(token.token_id)
        return actor

    def cache_actor(self, credentials: tuple[bytes | None, ...], actor: Actor, token: VerifiedToken) -> None:
        """Cache the actor of these headers for as long as its token is cached."""
        if len(self._actors) >= MAX_CACHE_ENTRIES:
            self._actors.clear()
        self._actors[credentials] = actor, token

    async def verify(self, authorization: str) -> VerifiedToken:
        """Return the token in an Authorization header; raise UNAUTHENTICATED when it is not valid."""
        token = self._tokens.get(authorization)
        if token is None or token.valid_until < time.monotonic():
            token = await self._verify(authorization)
        self.used.add(token.token_id)
        return token

    async def _verify(self, authorization: str) -> VerifiedToken:
        self._tokens.pop(authorization, None)
        if not authorization[: len(_BEARER)].lower() == _BEARER:
            raise Unauthenticated
        secret = authorization[len(_BEARER) :].strip()
        if secret.startswith(PREFIX):
            token = await self._verify_issued_token(secret)
        elif self._jwt_verifier:
            claims = await self._jwt_verifier.verify(secret)
            valid_until = time.monotonic() + min(CACHE_SECONDS, claims.expires_in)
            token = VerifiedToken(
                claims.name, claims.roles, valid_until, system=claims.system, identity=claims.identity
            )
        else:
            raise Unauthenticated
        if len(self._tokens) >= MAX_CACHE_ENTRIES:
            self._tokens.clear()
        self._tokens[authorization] = token
        return token

    async def _verify_issued_token(self, secret: str) -> VerifiedToken:
        read_at = time.monotonic()
        row: TokenRow | None = (await self._loader.load(tokens.find_valid, [tokens.hash_secret(secret)]))[0]
        if row is None:
            raise Unauthenticated
        remaining = (row.expires_at - now()).total_seconds() if row.expires_at else CACHE_SECONDS
        roles = tuple(Role(role) for role in row.roles)
        identity = format_id(Prefix.TOKEN, row.id)
        return VerifiedToken(row.name, roles, read_at + min(CACHE_SECONDS, remaining), row.id, row.system, identity)
