"""Signing in with an OpenID Connect provider: the authorization code flow with PKCE, state and nonce."""

import hmac
import time
from typing import Any, Final, NamedTuple

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import parse_authorization_code_response, prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from itsdangerous import BadData, URLSafeTimedSerializer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from desk.settings import DeskSettings

STATE_SECONDS: Final = 600
"""Seconds that a sign-in at the provider may take."""
ALGORITHMS: Final = ["RS256", "PS256", "ES256"]
CALLBACK: Final = "/sign-in/callback"


class SignInFailed(Exception):  # noqa: N818 -- the provider's answer, not an error of the desk
    """The provider, or the answer that the browser brought, is not what the standard asks for."""


class Attempt(NamedTuple):
    """A sign-in that was begun: what its end needs, in a signed cookie that lives for `STATE_SECONDS`."""

    state: str
    nonce: str
    verifier: str
    zone: str
    back: str
    csrf: str


class Provider:
    """The company's OpenID Connect provider."""

    def __init__(self, settings: DeskSettings, secret: str) -> None:
        self._settings = settings
        self._serializer = URLSafeTimedSerializer(secret, salt="oidc-state")
        self._client = httpx2.AsyncClient(timeout=10, trust_env=False)
        self._redirect_uri = settings.url.rstrip("/") + CALLBACK

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self._client.aclose()

    async def begin(self, *, zone: str, back: str, csrf: str) -> tuple[str, str]:
        """Return the address at the provider, and the value of the state cookie."""
        attempt = Attempt(generate_token(32), generate_token(32), generate_token(48), zone, back, csrf)
        metadata = await self._metadata()
        address = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self._settings.oidc_client_id,
            "code",
            redirect_uri=self._redirect_uri,
            scope=self._settings.oidc_scope,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
        return address, str(self._serializer.dumps(list(attempt)))

    async def end(self, url: str, cookie: str) -> tuple[str, Attempt]:
        """Return the agent's token for the API; raise SIGN_IN_FAILED when anything does not fit."""
        try:
            attempt = Attempt(*self._serializer.loads(cookie, max_age=STATE_SECONDS))
            answer = parse_authorization_code_response(url)
            if not hmac.compare_digest(str(answer.get("state", "")).encode(), attempt.state.encode()):
                raise SignInFailed
            metadata = await self._metadata()
            tokens = await self._exchange(metadata, answer["code"], attempt)
            await self._verify(metadata, tokens, attempt)
            return str(tokens[self._settings.oidc_token]), attempt
        except (AuthlibBaseError, BadData, JoseError, KeyError, TypeError, ValueError):
            raise SignInFailed from None

    async def _metadata(self) -> dict[str, Any]:
        """Return the provider's metadata (OpenID Connect Discovery)."""
        issuer = (self._settings.oidc_issuer or "").rstrip("/")
        metadata = await self._json("GET", f"{issuer}/.well-known/openid-configuration")
        if str(metadata.get("issuer", "")).rstrip("/") != issuer:
            raise SignInFailed
        return metadata

    async def _exchange(self, metadata: dict[str, Any], code: str, attempt: Attempt) -> dict[str, Any]:
        """Exchange the code for tokens, as the confidential client."""
        secret = self._settings.oidc_client_secret
        client = (self._settings.oidc_client_id or "", secret.get_secret_value() if secret else "")
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": attempt.verifier,
        }
        return await self._json("POST", metadata["token_endpoint"], data=fields, auth=client)

    async def _verify(self, metadata: dict[str, Any], tokens: dict[str, Any], attempt: Attempt) -> None:
        """Verify the ID token: signature, issuer, audience, times, nonce, and the hash of the access token."""
        keys = KeySet.import_key_set(await self._json("GET", metadata["jwks_uri"]))  # type: ignore[arg-type]
        token = jwt.decode(tokens["id_token"], keys, algorithms=ALGORITHMS)
        options: Any = {
            "iss": {"essential": True, "value": metadata["issuer"]},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
            "nonce": {"essential": True},
        }
        params = {
            "nonce": attempt.nonce,
            "client_id": self._settings.oidc_client_id,
            "access_token": tokens.get("access_token"),
        }
        CodeIDToken(token.claims, token.header, options, params).validate(now=int(time.time()), leeway=60)

    async def _json(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            answer = await self._client.request(method, url, headers={"accept": "application/json"}, **options)
            content = answer.json() if answer.is_success else None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError):
            raise SignInFailed from None
        if not isinstance(content, dict):
            raise SignInFailed
        return content
