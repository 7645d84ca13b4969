"""The settings, read once from the environment. In production a missing or unsafe one stops the start."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.setting_types import (
    CostTexts,
    DatabaseUrls,
    Duration,
    MasterKeyTexts,
    NetworkTexts,
    RateTexts,
    describe_problem,
    split_urls,
)
from models.access.tokens import DEFAULT_LIFETIMES
from models.erasure.backups import MAX_RETENTION
from models.erasure.webhook_targets import LOOPBACK_NETWORKS, Network, parse_networks
from models.incidents.reporting import DEFAULT_PEOPLE_LIMIT
from models.requests.intake import COOLING_OFF
from models.storage.database import ReplicaSettings


class UnsafeSettingError(Exception):
    """A setting is missing or unsafe; the message says what to set."""


class Settings(BaseSettings):
    """Every setting with its meaning. Durations without a unit are in seconds."""

    model_config = SettingsConfigDict(env_prefix="PRIVACY_", extra="ignore", hide_input_in_errors=True, frozen=True)

    database_url: SecretStr = Field(description="The first database: postgresql://…")
    keyring_url: SecretStr = Field(
        description="The database of the keyring, separate from the first, with short-lived backups."
    )
    replica_urls: DatabaseUrls = Field(
        SecretStr(""),
        description="The first database on standbys, as URLs separated by commas. Queries read from those that are "
        "fresh enough, and one that is promoted is found. The default is none.",
    )
    replica_lag: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(days=1))] = Field(
        timedelta(milliseconds=100), description="How old what is read from a replica may be, such as 100ms."
    )
    replica_decisions: bool = Field(default=False, description="Whether consent decisions are read from replicas, too.")
    owner_url: SecretStr | None = Field(
        None,
        description="The first database with its owner's credentials, for commands other than serve and work. "
        "The default is DATABASE_URL.",
    )
    keyring_owner_url: SecretStr | None = Field(
        None, description="The database of the keyring with its owner's credentials. The default is KEYRING_URL."
    )
    master_key: MasterKeyTexts = Field(
        description="VERSION:BASE64 of 32 bytes; several are separated by commas. The highest version wraps new keys."
    )
    environment: Literal["production", "development"] = Field(
        "production", description="`development` permits the embedded database and demo tokens."
    )
    jwks_url: str | None = Field(None, description="The URL of the JSON Web Key Set that verifies JWTs.")
    jwt_issuer: str | None = Field(None, description="The issuer that JWTs must have.")
    jwt_audience: str | None = Field(None, description="The audience that JWTs must have.")
    public_url: str = Field("http://127.0.0.1:8000", description="The URL at which browsers reach this service.")
    smtp_url: SecretStr = Field(
        SecretStr("maildir:var/mail"),
        description="The transport of letters: smtp://USER:PASSWORD@HOST:PORT, smtps://…, or maildir:DIRECTORY.",
    )
    mail_from: str = Field("Privacy <privacy@localhost>", description="The From address of letters.")
    reply_to: str | None = Field(None, description="The Reply-To address of letters. The default is the From address.")
    company_name: str | None = Field(
        None,
        description="The name of the company, in letters and on the unsubscribe page. The default is the display name "
        "of MAIL_FROM.",
    )
    company_contact: str | None = Field(
        None,
        description="The address for questions, in letters and on the unsubscribe page. The default is the Reply-To "
        "address.",
    )
    company_address: str | None = Field(
        None,
        description="The postal address of the company, in one line, for letters and the unsubscribe page. Set it in "
        "production.",
    )
    officers: str = Field(
        "privacy-officers@localhost",
        description="The addresses of the privacy officers, separated by commas. They are notified at once of access "
        "grants and of tokens with roles of people.",
    )
    webhook_authorities: FilePath | None = Field(
        None, description="A file of certificates (PEM) of authorities that webhooks trust beside the public ones."
    )
    people_per_case: Annotated[int, Field(ge=0)] = Field(
        20,
        description="The number of people under one case in a day (UTC) beyond which the privacy officers are warned, "
        "once for each case and day; 0 warns of none.",
    )
    policy_notices_per_second: float = Field(
        50, gt=0, le=10_000, description="The rate at which letters about a new privacy policy are enqueued."
    )
    incident_people: int = Field(
        DEFAULT_PEOPLE_LIMIT,
        gt=0,
        description="How many people an incident may affect that SUPPORT or ADMIN report; PRIVACY has no limit.",
    )
    webhook_networks: NetworkTexts = Field(
        "",
        description="The private networks that webhooks may be sent to, such as `10.0.0.0/8,fd00::/8`. Public "
        "addresses are always permitted, and loopback in development.",
    )
    witness: str | None = Field(
        None, description="The address that the head of the audit log is mailed to every day, as evidence."
    )
    tls_in_front: bool = Field(
        default=False,
        description="Whether a proxy terminates TLS in front of this service and sets `X-Forwarded-For`.",
    )
    read_connections: Annotated[int, Field(ge=1, le=200)] = Field(
        6,
        description="The most connections for reads of the first database, and the most to the keyring, of all roles "
        "together; `serve --workers` divides them among its processes.",
    )
    write_connections: Annotated[int, Field(ge=1, le=200)] = Field(
        6, description="The most connections for mutations; `serve --workers` divides them among its processes."
    )
    statement_timeout: Annotated[float, Field(gt=0, le=60)] = Field(
        5.0,
        description="Seconds after which a statement, or waiting for a connection, fails with UNAVAILABLE. "
        "A transaction that is idle for three times as long is ended.",
    )
    erasure_grace: Annotated[Duration, Field(ge=timedelta(0), le=timedelta(days=30))] = Field(
        COOLING_OFF, description="The cooling-off period of erasures, such as 3d, 72h or 0."
    )
    backup_life: Annotated[Duration, Field(gt=timedelta(0), le=MAX_RETENTION)] = Field(
        MAX_RETENTION, description="The retention of backups, at most 183d: the privacy policy says six months."
    )
    audit_retention: Annotated[Duration, Field(ge=timedelta(days=1))] = Field(
        timedelta(days=1096), description="How long access events are kept at least: `privacy audit prune` keeps them."
    )
    erasures_per_second: Annotated[float, Field(gt=0, le=10_000)] = Field(
        50.0,
        description="The maximum of erasures per second and worker. It leaves capacity for other requests.",
    )
    token_life_people: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(days=90))] = Field(
        DEFAULT_LIFETIMES.people, description="The maximum lifetime of tokens with a role of people, at most 90d."
    )
    token_life_services: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(days=365))] = Field(
        DEFAULT_LIFETIMES.services, description="The maximum lifetime of all other tokens, at most 365d."
    )
    token_rates: RateTexts = Field(
        "",
        description="How many people each token may ask about, as ROLE=PER_MINUTE/BURST/PER_DAY, separated by commas; "
        "0 is no limit. The default of SUPPORT, BILLING and PRIVACY is 60/100/500, other roles have no limit. "
        "STORE.decisions, SYNC.decisions and SERVICE.decisions limit consent decisions.",
    )
    role_rates: RateTexts = Field(
        "", description="The same for all tokens of a role together. The default is no limit."
    )
    head_seconds: Annotated[float, Field(gt=0, le=600)] = Field(
        10.0, description="Seconds until the head of a request has arrived."
    )
    body_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        30.0, description="Seconds in which the next 256 KiB of a request's body must arrive, or the rest of it."
    )
    reader_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        60.0, description="Seconds in which a client must read what was sent to it, before more is sent."
    )
    max_connections: Annotated[int, Field(ge=1, le=100_000)] = Field(
        10_000,
        description="The maximum of client connections of a process; its limit of open files may permit fewer.",
    )
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = Field(
        0.0,
        description="Seconds between SIGTERM and the end of a process, in which it answers, but is not ready: long "
        "enough for the load balancer to notice. `serve --drain` sets it, too.",
    )
    reserved_connections: Annotated[int, Field(ge=1, le=1_000)] = Field(
        32,
        description="Connections beyond the maximum that are accepted for health checks only.",
    )
    max_costs: CostTexts = Field(
        "",
        description="The maximum cost of an operation for each role, as ROLE=COST, separated by commas; 0 is no limit. "
        "The default is 10000 for PRIVACY and 5000 for all other roles.",
    )
    otlp_endpoint: str | None = Field(
        None,
        description="The URL of an OpenTelemetry collector that traces are sent to (OTLP over HTTP), such as "
        "http://127.0.0.1:4318. It needs the packages of the extra `otel`. The default is no traces.",
    )
    explorer: bool | None = Field(
        None, description="Whether `/` is the explorer (GraphiQL). The default is true in development only."
    )
    explorer_tokens: Path | None = Field(
        None,
        description="A JSON file with a token for each role, which the explorer offers to browsers on this machine. "
        "Development only; `serve --demo` sets it.",
    )
    log_format: Literal["json", "text"] = Field("json", description="The format of log lines.")
    log_requests: bool = Field(default=True, description="Whether each operation is logged.")

    @property
    def replicas(self) -> ReplicaSettings:
        """The replicas of the first database."""
        return ReplicaSettings(split_urls(self.replica_urls), self.replica_lag.total_seconds())

    @property
    def has_explorer(self) -> bool:
        """Whether `/` is the explorer."""
        return self.environment == "development" if self.explorer is None else self.explorer

    @property
    def permitted_webhook_networks(self) -> tuple[Network, ...]:
        """The private networks that webhooks may be sent to."""
        networks = parse_networks(self.webhook_networks)
        return (*LOOPBACK_NETWORKS, *networks) if self.environment == "development" else networks

    @classmethod
    def read(cls, **values: object) -> "Settings":
        """Read the environment; raise UnsafeSettingError when a setting is missing, malformed or unsafe."""
        try:
            settings = cls(**values)  # type: ignore[arg-type]
        except ValidationError as error:
            problems = error.errors(include_input=False, include_url=False)
            raise UnsafeSettingError("; ".join(map(describe_problem, problems))) from None
        settings.require_safe()
        return settings

    def require_safe(self) -> None:
        """Raise UnsafeSettingError for a combination that is unsafe in production; its message says what to set."""
        if self.jwks_url and not (self.jwt_issuer and self.jwt_audience):
            raise UnsafeSettingError("PRIVACY_JWKS_URL needs PRIVACY_JWT_ISSUER and PRIVACY_JWT_AUDIENCE beside it")
        if self.environment == "development":
            return
        if self.explorer_tokens is not None:
            raise UnsafeSettingError("unset PRIVACY_EXPLORER_TOKENS: it is for development only")
        if self.database_url.get_secret_value() == self.keyring_url.get_secret_value():
            raise UnsafeSettingError("PRIVACY_KEYRING_URL must name another database than PRIVACY_DATABASE_URL")
        if urlsplit(self.public_url).scheme != "https":
            raise UnsafeSettingError("PRIVACY_PUBLIC_URL must begin with https://")
        if self.jwks_url and urlsplit(self.jwks_url).scheme != "https":
            raise UnsafeSettingError("PRIVACY_JWKS_URL must begin with https://")
