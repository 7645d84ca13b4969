"""The types of settings: which texts are valid, and what a refusal says. It never repeats the text."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationInfo
from pydantic_core import ErrorDetails

from models.access.cost_limits import parse_cost_limits
from models.access.people_limits import parse_rates
from models.encryption.master_keys import MasterKeys
from models.erasure.webhook_targets import parse_networks
from models.storage.durations import parse_duration

_TIMEDELTA = re.compile(r"datetime\.timedelta\(days=([0-9]+)\)")


def split_urls(urls: SecretStr) -> list[str]:
    """Return the URLs in a list that is separated by commas."""
    return [url.strip() for url in urls.get_secret_value().split(",") if url.strip()]


def _require_master_keys(value: SecretStr) -> SecretStr:
    MasterKeys(value.get_secret_value())
    return value


def _require_networks(value: str) -> str:
    try:
        parse_networks(value)
    except ValueError:
        raise ValueError("set PRIVACY_WEBHOOK_NETWORKS to networks such as 10.0.0.0/8,fd00::/8") from None
    return value


def _require_database_urls(value: SecretStr) -> SecretStr:
    if any(urlsplit(url).scheme not in {"postgresql", "postgres"} for url in split_urls(value)):
        raise ValueError("set PRIVACY_REPLICA_URLS to URLs such as postgresql://…, separated by commas")
    return value


def _limits(parse: Callable[[str], Any]) -> AfterValidator:
    def require_limits(value: str, info: ValidationInfo) -> str:
        try:
            parse(value)
        except ValueError as problem:
            raise ValueError(f"set PRIVACY_{str(info.field_name).upper()} to something else: {problem}") from None
        return value

    return AfterValidator(require_limits)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""A duration such as 3d, 72h or 0; without a unit it is in seconds."""
MasterKeyTexts = Annotated[SecretStr, AfterValidator(_require_master_keys)]
"""Master keys as VERSION:BASE64, separated by commas."""
NetworkTexts = Annotated[str, AfterValidator(_require_networks)]
"""Networks such as 10.0.0.0/8, separated by commas."""
DatabaseUrls = Annotated[SecretStr, AfterValidator(_require_database_urls)]
"""URLs of databases, separated by commas."""
RateTexts = Annotated[str, _limits(parse_rates)]
"""Rates as ROLE=PER_MINUTE/BURST/PER_DAY, separated by commas."""
CostTexts = Annotated[str, _limits(parse_cost_limits)]
"""Costs as ROLE=COST, separated by commas."""


def describe_problem(problem: ErrorDetails) -> str:
    """Return a sentence that says what to set."""
    name = f"PRIVACY_{'_'.join(map(str, problem['loc'])).upper()}"
    if problem["type"] == "missing":
        return f"set {name}"
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    message = _TIMEDELTA.sub(lambda match: f"{match[1]}d", problem["msg"])
    return f"set {name} to something else: {message[:1].lower()}{message[1:]}"
