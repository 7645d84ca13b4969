"""JSON Web Tokens of the company's identity provider (RFC 7519), verified with its published keys (RFC 7517)."""

import math
import re
import time
from typing import Any

import jwt

from api.access.key_set import ALGORITHMS, KeySet
from models.actors import Role
from models.errors import Unauthenticated

LEEWAY_SECONDS = 5.0
"""Seconds by which the clocks of this service and the identity provider may differ."""
_NAME = re.compile(r"[A-Za-z0-9 ._@/:|-]{1,64}")


class JwtVerifier:
    """Verifies signature, issuer, audience and times."""

    def __init__(self, url: str, issuer: str, audience: str) -> None:
        self._key_set = KeySet(url)
        self._issuer = issuer
        self._audience = audience

    async def verify(self, token: str) -> tuple[str, tuple[Role, ...], float]:
        """Return the token's name, its roles and its remaining life in seconds.

        Raises UNAUTHENTICATED when it is not valid, UNAVAILABLE when no keys could be fetched.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key_set.find(str(header.get("kid", "")))
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
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError):
            raise Unauthenticated from None
        name = claims["sub"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Unauthenticated
        return name, _roles(claims.get("roles")), _seconds(claims["exp"]) - time.time()


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
