"""JSON Web Tokens of the company's identity provider (RFC 7519), verified with its published keys (RFC 7517)."""

import asyncio
import re
import time

import httpx
import jwt

from models.actors import Role
from models.errors import Unauthenticated, Unavailable

ALGORITHMS = ["RS256", "ES256", "EdDSA"]
MAX_KEY_AGE_SECONDS = 300.0
"""Seconds after which the published keys are fetched again."""
MIN_FETCH_INTERVAL_SECONDS = 10.0
"""Seconds between two fetches at least, however many unknown key ids the tokens name."""
FETCH_TIMEOUT_SECONDS = 5.0
LEEWAY_SECONDS = 5.0
"""Seconds by which the clocks of this service and the identity provider may differ."""
_NAME = re.compile(r"[A-Za-z0-9 ._@/:|-]{1,64}")


class JwtVerifier:
    """Verifies signature, issuer, audience and times, and caches the published keys."""

    def __init__(self, url: str, issuer: str, audience: str) -> None:
        self._url = url
        self._issuer = issuer
        self._audience = audience
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._fetch_lock = asyncio.Lock()

    async def verify(self, token: str) -> tuple[str, tuple[Role, ...], float]:
        """Return the token's name, its roles and its remaining life in seconds.

        Raises UNAUTHENTICATED when it is not valid, UNAVAILABLE when no keys could be fetched.
        """
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
                leeway=LEEWAY_SECONDS,
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
        if age > MAX_KEY_AGE_SECONDS or (kid not in self._keys and age > MIN_FETCH_INTERVAL_SECONDS):
            async with self._fetch_lock:
                if time.monotonic() - self._fetched_at > MIN_FETCH_INTERVAL_SECONDS:
                    await self._fetch()
        return self._keys.get(kid)

    async def _fetch(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=FETCH_TIMEOUT_SECONDS, follow_redirects=False) as client:
                response = await client.get(self._url)
                response.raise_for_status()
                key_set = jwt.PyJWKSet.from_dict(response.json())
        except (httpx.HTTPError, jwt.PyJWTError, ValueError):
            if not self._keys:
                raise Unavailable from None
        else:
            self._keys = {str(key.key_id or ""): key for key in key_set.keys}
        self._fetched_at = time.monotonic()
