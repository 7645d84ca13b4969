"""JSON Web Tokens of the company's identity provider (RFC 7519), checked against its published keys (RFC 7517)."""

import asyncio
import re
import time

import httpx
import jwt

from models.actors import Role
from models.errors import Unauthenticated, Unavailable

ALGORITHMS = ["RS256", "ES256", "EdDSA"]
KEYS_LIVE = 300.0
"""Seconds after which the published keys are fetched again."""
NOT_SOONER = 10.0
"""Seconds between two fetches, however many unknown keys callers name."""
TIMEOUT = 5.0
LEEWAY = 5.0
_NAME = re.compile(r"[A-Za-z0-9 ._@/:|-]{1,64}")


class JwtVerifier:
    """Verifies signature, issuer, audience and times; remembers the published keys for a while."""

    def __init__(self, url: str, issuer: str, audience: str) -> None:
        self._url = url
        self._issuer = issuer
        self._audience = audience
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def verified(self, token: str) -> tuple[str, tuple[Role, ...], float]:
        """Give the name, the roles and the seconds that are left to a token; UNAUTHENTICATED when it is not valid."""
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(str(header.get("kid", "")))
            if header.get("alg") not in ALGORITHMS or key is None:
                raise Unauthenticated
            claims = jwt.decode(
                token,
                key,
                algorithms=[header["alg"]],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            raise Unauthenticated from None
        roles, name = claims.get("roles"), claims["sub"]
        if (
            not isinstance(roles, list)
            or not roles
            or not all(isinstance(role, str) and role in set(Role) for role in roles)
        ):
            raise Unauthenticated
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Unauthenticated
        return name, tuple(Role(role) for role in dict.fromkeys(roles)), claims["exp"] - time.time()

    async def _key(self, kid: str) -> jwt.PyJWK | None:
        age = time.monotonic() - self._fetched_at
        if age > KEYS_LIVE or (kid not in self._keys and age > NOT_SOONER):
            async with self._fetching:
                if time.monotonic() - self._fetched_at > NOT_SOONER:
                    await self._fetch()
        return self._keys.get(kid)

    async def _fetch(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as client:
                answer = await client.get(self._url)
                answer.raise_for_status()
                found = jwt.PyJWKSet.from_dict(answer.json())
        except (httpx.HTTPError, jwt.PyJWTError, ValueError):
            if not self._keys:
                raise Unavailable from None
        else:
            self._keys = {str(key.key_id or ""): key for key in found.keys}
        self._fetched_at = time.monotonic()
