"""The settings: read from the environment once; in production an unsafe or missing one stops the start."""

import re
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.access.tokens import DEFAULT_LIFETIMES
from models.encryption.master_keys import MasterKeys
from models.erasure.backups import MAX_RETENTION
from models.requests.intake import COOLING_OFF

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,9})([smhd]?)")
_TIMES = re.compile(r"datetime\.timedelta\(days=([0-9]+)\)")


def _duration(given: object) -> object:
    """Read a duration as people write it: ``183d``, ``72h``, ``0``; without a letter it is seconds."""
    match = _DURATION.fullmatch(given) if isinstance(given, str) else None
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]]) if match else given


class UnsafeSettingError(Exception):
    """A setting is missing or unsafe; the message says what to set."""


class Settings(BaseSettings):
    """Every setting, with what it means. Times are in seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="PRIVACY_", extra="ignore", hide_input_in_errors=True, frozen=True)

    database_url: SecretStr = Field(description="The first database: postgresql://…")
    keyring_url: SecretStr = Field(description="The keyring's database, of its own, with a short backup life.")
    owner_url: SecretStr | None = Field(
        None,
        description="The first database as its owner, for all commands but serve and work; else DATABASE_URL.",
    )
    keyring_owner_url: SecretStr | None = Field(None, description="The keyring's database as its owner, likewise.")
    master_key: SecretStr = Field(
        description="VERSION:BASE64 of 32 octets, several separated by commas; the highest wraps."
    )
    environment: Literal["production", "development"] = Field(
        "production", description="`development` permits the embedded database and demo tokens."
    )
    jwks_url: str | None = Field(None, description="Where the keys that sign JWTs are published (JSON Web Key Set).")
    jwt_issuer: str | None = Field(None, description="The issuer that JWTs must name.")
    jwt_audience: str | None = Field(None, description="The audience that JWTs must name.")
    public_url: str = Field("http://127.0.0.1:8000", description="Where people's browsers reach this service.")
    smtp_url: SecretStr = Field(
        SecretStr("maildir:var/mail"),
        description="How letters leave: smtp://USER:PASSWORD@HOST:PORT, smtps://…, or maildir:DIRECTORY.",
    )
    mail_from: str = Field("Privacy <privacy@localhost>", description="Who letters are from.")
    reply_to: str | None = Field(None, description="Where answers to letters go, if not to whom they are from.")
    officers: str = Field(
        "privacy-officers@localhost",
        description="Whom access grants and tokens of people are told to at once: addresses, separated by commas.",
    )
    witness: str | None = Field(None, description="Whom the head of the record is mailed to every day, to keep.")
    tls_in_front: bool = Field(
        default=False,
        description="Whether a proxy ends TLS in front of this service, and names callers in `X-Forwarded-For`.",
    )
    read_connections: Annotated[int, Field(ge=1, le=200)] = Field(
        6, description="Connections for reads, for each database and role; `serve --workers` divides them."
    )
    write_connections: Annotated[int, Field(ge=1, le=200)] = Field(
        6, description="Connections to PostgreSQL for deeds; `serve --workers` divides them."
    )
    statement_timeout: Annotated[float, Field(gt=0, le=60)] = Field(
        5.0,
        description="After how long a statement, or waiting for a connection, is given up: UNAVAILABLE. "
        "A transaction that idles thrice as long is ended.",
    )
    erasure_grace: Annotated[timedelta, BeforeValidator(_duration), Field(ge=timedelta(0), le=timedelta(days=30))] = (
        Field(COOLING_OFF, description="How long people may think better of an erasure: 3d, 72h, 0.")
    )
    backup_life: Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta(0), le=MAX_RETENTION)] = Field(
        MAX_RETENTION, description="How long backups are kept, 183d at most: the policy says six months."
    )
    erasures_per_second: Annotated[float, Field(gt=0, le=10_000)] = Field(
        50.0,
        description="How many people a worker erases in a second at most, so that the others are not kept waiting.",
    )
    token_life_people: Annotated[
        timedelta, BeforeValidator(_duration), Field(gt=timedelta(0), le=timedelta(days=90))
    ] = Field(DEFAULT_LIFETIMES.people, description="How long tokens with a role of people live at most: 90d or less.")
    token_life_services: Annotated[
        timedelta, BeforeValidator(_duration), Field(gt=timedelta(0), le=timedelta(days=365))
    ] = Field(DEFAULT_LIFETIMES.services, description="How long all other tokens live at most: 365d or less.")
    log_format: Literal["json", "text"] = Field("json", description="How log lines are written.")
    log_requests: bool = Field(default=True, description="Whether each operation gets a log line.")

    @field_validator("master_key")
    @classmethod
    def _is_a_master_key(cls, value: SecretStr) -> SecretStr:
        MasterKeys(value.get_secret_value())
        return value

    @classmethod
    def read(cls, **given: object) -> "Settings":
        """Read the environment; UnsafeSettingError with a sentence when something is missing or malformed."""
        try:
            settings = cls(**given)  # type: ignore[arg-type]
        except ValidationError as error:
            problems = error.errors(include_input=False, include_url=False)
            raise UnsafeSettingError("; ".join(map(_sentence, problems))) from None
        settings.demand_safety()
        return settings

    def demand_safety(self) -> None:
        """Refuse what would be unsafe in production; the sentence says what to set."""
        if self.jwks_url and not (self.jwt_issuer and self.jwt_audience):
            raise UnsafeSettingError("PRIVACY_JWKS_URL needs PRIVACY_JWT_ISSUER and PRIVACY_JWT_AUDIENCE beside it")
        if self.environment == "development":
            return
        if self.database_url.get_secret_value() == self.keyring_url.get_secret_value():
            raise UnsafeSettingError("PRIVACY_KEYRING_URL must name another database than PRIVACY_DATABASE_URL")
        if urlsplit(self.public_url).scheme != "https":
            raise UnsafeSettingError("PRIVACY_PUBLIC_URL must begin with https://")
        if self.jwks_url and urlsplit(self.jwks_url).scheme != "https":
            raise UnsafeSettingError("PRIVACY_JWKS_URL must begin with https://")


def _sentence(problem: ErrorDetails) -> str:
    """Say what to set, in the setting's own words where it has some; never what was given."""
    name = f"PRIVACY_{'_'.join(map(str, problem['loc'])).upper()}"
    if problem["type"] == "missing":
        return f"set {name}"
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    said = _TIMES.sub(lambda found: f"{found[1]}d", problem["msg"])
    return f"set {name} to something else: {said[:1].lower()}{said[1:]}"
