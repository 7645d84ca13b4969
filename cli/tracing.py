"""Starts the traces of a process, if a setting asks for them: OpenTelemetry is optional, and takes long to import."""

from typing import Final

from api.settings import Settings, UnsafeSettingError
from cli.lazy import load
from models.storage import tracing

REQUESTS_PER_SECOND: Final = 10
"""The most requests that an API process traces a second, where neither their callers nor a sampler decide."""


def start_tracing(settings: Settings, service: str, requests_per_second: int | None = None) -> None:
    """Trace this process from now on, if PRIVACY_OTLP_ENDPOINT is set.

    A process without requests passes no number of requests a second, and all its work is traced. Raise
    UnsafeSettingError when the setting is set and OpenTelemetry is not installed.
    """
    if not settings.otlp_endpoint:
        return
    try:
        tracer = load("cli.otlp:OtlpTracer")
    except ImportError:
        raise UnsafeSettingError(
            "PRIVACY_OTLP_ENDPOINT needs the packages of the extra otel: pip install '.[otel]'"
        ) from None
    tracing.install(tracer(settings.otlp_endpoint, service, requests_per_second=requests_per_second))
