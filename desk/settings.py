"""The settings of the desk, read once from the environment; a missing or unsafe one stops the start."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class DeskSettingError(Exception):
    """A setting of the desk is missing or unsafe; the message says what to set."""


class DeskSettings(BaseSettings):
    """Every setting of the desk with its meaning."""

    model_config = SettingsConfigDict(
        env_prefix="PRIVACY_DESK_", extra="ignore", hide_input_in_errors=True, frozen=True
    )

    api_url: str = Field("http://127.0.0.1:8000", description="The URL of the API, without `/graphql`.")
    url: str = Field("http://127.0.0.1:8100", description="The URL at which browsers reach the desk.")
    secret: SecretStr | None = Field(
        None,
        description="The secret that encrypts sessions, at least 32 characters, the same in every process. "
        "`--demo` creates one at each start.",
    )
    oidc_issuer: str | None = Field(None, description="The issuer of the company's OpenID Connect provider: https://…")
    oidc_client_id: str | None = Field(None, description="The client id of the desk at the provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="The client secret of the desk at the provider.")
    oidc_scope: str = Field("openid", description="The scopes that the desk asks the provider for.")
    oidc_token: Literal["access_token", "id_token"] = Field(
        "access_token", description="Which token of the provider the API accepts."
    )
    oidc_resource: str | None = Field(
        None,
        description="The resource that the access token is for (RFC 8707), where the provider asks for one: "
        "most often `PRIVACY_JWT_AUDIENCE`.",
    )
    oidc_client_auth: Literal["client_secret_basic", "client_secret_post"] | None = Field(
        None,
        description="How the desk sends its client secret. The default is `client_secret_basic`, unless the provider's "
        "metadata leave it out.",
    )
    demo_tokens: Path | None = Field(
        None,
        description="A file of demonstration tokens, `{ROLE: token}`: the sign-in page offers its roles. "
        "Only on loopback; `--demo` sets it.",
    )

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the desk over TLS."""
        return urlsplit(self.url).scheme == "https"

    @property
    def hosts(self) -> frozenset[str]:
        """The values of the header Host that are accepted; a demonstration answers every name of this machine."""
        parts = urlsplit(self.url)
        names = LOOPBACK if parts.hostname in LOOPBACK and self.demo_tokens else {parts.hostname or ""}
        port = f":{parts.port}" if parts.port else ""
        return frozenset(f"[{name}]{port}" if ":" in name else f"{name}{port}" for name in names)

    @classmethod
    def read(cls, **values: object) -> "DeskSettings":
        """Read the environment; raise DeskSettingError when a setting is missing, malformed or unsafe."""
        try:
            settings = cls(**values)  # type: ignore[arg-type]
        except ValidationError as error:
            names = sorted({f"PRIVACY_DESK_{'_'.join(map(str, each['loc'])).upper()}" for each in error.errors()})
            raise DeskSettingError(f"set {', '.join(names)} to something else") from None
        settings.require_safe()
        return settings

    def require_safe(self) -> None:
        """Raise DeskSettingError for a combination that is unsafe or incomplete."""
        is_loopback = urlsplit(self.url).hostname in LOOPBACK
        if self.demo_tokens:
            if not is_loopback:
                raise DeskSettingError("demonstration tokens sign anybody in: PRIVACY_DESK_URL must be on loopback")
            return
        if not (self.oidc_issuer and self.oidc_client_id and self.oidc_client_secret):
            raise DeskSettingError(
                "set PRIVACY_DESK_OIDC_ISSUER, PRIVACY_DESK_OIDC_CLIENT_ID and PRIVACY_DESK_OIDC_CLIENT_SECRET; "
                "or use --demo beside `make serve`"
            )
        if self.secret is None or len(self.secret.get_secret_value()) < 32:  # noqa: PLR2004 -- the sentence names it
            raise DeskSettingError("set PRIVACY_DESK_SECRET to a random secret of at least 32 characters")
        if not (self.is_secure or is_loopback):
            raise DeskSettingError("PRIVACY_DESK_URL must begin with https://")
        if urlsplit(self.api_url).scheme != "https" and urlsplit(self.api_url).hostname not in LOOPBACK:
            raise DeskSettingError("PRIVACY_DESK_API_URL must begin with https://, or be on loopback")
