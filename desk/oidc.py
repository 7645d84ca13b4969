"""Signing in with an OpenID Connect provider: the authorization code flow with PKCE, state and nonce."""

import hmac
import logging
import re
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from itsdangerous import BadData, URLSafeTimedSerializer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from desk.settings import DeskSettings

STATE_SECONDS: Final = 600
"""Seconds that a sign-in at the provider may take."""
LEEWAY_SECONDS: Final = 60
"""Seconds by which the clocks of the desk and the provider may differ."""
ALGORITHMS: Final = ["RS256", "PS256", "ES256"]
CALLBACK: Final = "/sign-in/callback"
BASIC: Final = "client_secret_basic"
_LOGGER: Final = logging.getLogger("desk")
_ERROR_CODE: Final = re.compile(r"[a-z_]{1,50}")


class SignInFailed(Exception):  # noqa: N818 -- the provider's answer, not an error of the desk
    """The provider, or the answer that the browser brought, is not what the standard asks for.

    The log gets the reason, for the operator; the agent reads the text.
    """

    def __init__(self, reason: str, text: str = "sign_in.failed") -> None:
        super().__init__(reason)
        self.text = text
        _LOGGER.warning("a sign-in failed: %s", reason)


class Attempt(NamedTuple):
    """A sign-in that was begun: what its end needs, in a signed cookie that lives for `STATE_SECONDS`."""

    state: str
    nonce: str
    verifier: str
    back: str


class CompletedSignIn(NamedTuple):
    """A sign-in that has succeeded: the token for the API, the provider's id of the agent, and the way back."""

    token: str
    agent: str
    back: str


class Provider:
    """The company's OpenID Connect provider."""

    def __init__(self, settings: DeskSettings, secret: str) -> None:
        self._settings = settings
        self._serializer = URLSafeTimedSerializer(secret, salt="oidc-state")
        self._client = httpx2.AsyncClient(timeout=10, trust_env=False)
        self._base = settings.url.rstrip("/")
        # RFC 8707: providers that issue tokens for several APIs need the name of this one, in both requests.
        self._resource = {"resource": settings.oidc_resource} if settings.oidc_resource else {}

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self._client.aclose()

    async def begin(self, *, back: str) -> tuple[str, str, str]:
        """Return the address at the provider, the state, and the value of the state's cookie."""
        attempt = Attempt(generate_token(32), generate_token(32), generate_token(48), back)
        metadata = await self._metadata()
        address = prepare_grant_uri(
            _endpoint(metadata, "authorization_endpoint"),
            self._settings.oidc_client_id,
            "code",
            redirect_uri=self._base + CALLBACK,
            scope=self._settings.oidc_scope,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
            **self._resource,
        )
        return address, attempt.state, str(self._serializer.dumps(list(attempt)))

    async def end(self, url: str, cookie: str) -> CompletedSignIn:
        """Return the agent's token for the API, and who they are; raise SIGN_IN_FAILED when anything does not fit."""
        try:
            attempt = Attempt(*self._serializer.loads(cookie, max_age=STATE_SECONDS))
        except (BadData, TypeError):
            raise SignInFailed("the state cookie is missing, forged or too old", "sign_in.late") from None
        answer = dict(parse_qsl(urlsplit(url).query))
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise SignInFailed("the state is not that of the cookie")
        metadata = await self._metadata()
        _require_issuer(answer, metadata)
        if "error" in answer:
            text = "sign_in.denied" if answer["error"] == "access_denied" else "sign_in.failed"
            raise SignInFailed(f"the provider answered {_error_code(answer)}", text)
        tokens = await self._exchange(metadata, answer.get("code", ""), attempt)
        agent = await self._verify(metadata, tokens, attempt)
        token = tokens.get(self._settings.oidc_token)
        if not isinstance(token, str):
            raise SignInFailed(f"the provider sent no {self._settings.oidc_token}")
        return CompletedSignIn(token, agent, attempt.back)

    async def leave(self) -> str:
        """Return the address at which an agent ends the session at the provider (RP-Initiated Logout)."""
        fields = {"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": f"{self._base}/sign-in"}
        endpoint = _endpoint(await self._metadata(), "end_session_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(fields)}"

    async def _metadata(self) -> dict[str, Any]:
        """Return the provider's metadata (OpenID Connect Discovery)."""
        issuer = (self._settings.oidc_issuer or "").rstrip("/")
        metadata = await self._json("GET", f"{issuer}/.well-known/openid-configuration")
        if str(metadata.get("issuer", "")).rstrip("/") != issuer:
            raise SignInFailed("the metadata name another issuer than PRIVACY_DESK_OIDC_ISSUER")
        return metadata

    async def _exchange(self, metadata: Mapping[str, Any], code: str, attempt: Attempt) -> dict[str, Any]:
        """Exchange the code for tokens, as the confidential client."""
        secret = self._settings.oidc_client_secret.get_secret_value() if self._settings.oidc_client_secret else ""
        client = {"client_id": self._settings.oidc_client_id or "", "client_secret": secret}
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._base + CALLBACK,
            "code_verifier": attempt.verifier,
            **self._resource,
        }
        methods = metadata.get("token_endpoint_auth_methods_supported") or [BASIC]
        options: dict[str, Any] = {"data": fields | client}
        if (self._settings.oidc_client_auth or (BASIC if BASIC in methods else "")) == BASIC:
            # RFC 6749, 2.3.1: both are form-encoded before they are joined.
            options = {"data": fields, "auth": (quote_plus(client["client_id"]), quote_plus(secret))}
        return await self._json("POST", _endpoint(metadata, "token_endpoint"), **options)

    async def _verify(self, metadata: Mapping[str, Any], tokens: Mapping[str, Any], attempt: Attempt) -> str:
        """Return the provider's id of the agent from the ID token.

        Its signature, issuer, audience, times, nonce, and the hash of the access token are verified.
        """
        published = await self._json("GET", _endpoint(metadata, "jwks_uri"))
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
        try:
            keys = KeySet.import_key_set(published)  # type: ignore[arg-type]
            token = jwt.decode(tokens["id_token"], keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(token.claims, token.header, options, params)
            claims.validate(now=int(time.time()), leeway=LEEWAY_SECONDS)
        except (AuthlibBaseError, JoseError, KeyError, TypeError, ValueError) as problem:
            raise SignInFailed(f"the ID token does not fit: {type(problem).__name__}") from None
        return str(claims["sub"])

    async def _json(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        """Return a JSON object of the provider."""
        try:
            answer = await self._client.request(method, url, headers={"accept": "application/json"}, **options)
            content = answer.json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as problem:
            raise SignInFailed(f"the provider did not answer: {type(problem).__name__}", "sign_in.away") from None
        if not answer.is_success or not isinstance(content, dict):
            error = _error_code(content if isinstance(content, dict) else {})
            raise SignInFailed(f"the provider answered {answer.status_code} {error}")
        return content


def _endpoint(metadata: Mapping[str, Any], name: str) -> str:
    """Return an address of the metadata."""
    value = metadata.get(name)
    if not isinstance(value, str):
        raise SignInFailed(f"the metadata have no {name}")
    return value


def _require_issuer(answer: Mapping[str, str], metadata: Mapping[str, Any]) -> None:
    """Raise SIGN_IN_FAILED for an answer of another provider (RFC 9207)."""
    is_sent = metadata.get("authorization_response_iss_parameter_supported") is True
    if ("iss" in answer or is_sent) and answer.get("iss") != metadata["issuer"]:
        raise SignInFailed("the answer names another issuer, or none")


def _error_code(answer: Mapping[str, Any]) -> str:
    """Return the code of an error, which may stand in a log."""
    code = str(answer.get("error", ""))
    return code if _ERROR_CODE.fullmatch(code) else "no error code"
