"""Starts the traces of a process, if a setting asks for them: OpenTelemetry is optional, and takes long to import."""

from api.settings import Settings, UnsafeSettingError
from cli.lazy import load
from models.storage import tracing


def start_tracing(settings: Settings, service: str) -> None:
    """Trace this process from now on, if PRIVACY_OTLP_ENDPOINT is set.

    Raise UnsafeSettingError when it is set and OpenTelemetry is not installed.
    """
    if not settings.otlp_endpoint:
        return
    try:
        tracer = load("cli.otlp:OtlpTracer")
    except ImportError:
        raise UnsafeSettingError(
            "PRIVACY_OTLP_ENDPOINT needs the packages of the extra otel: pip install '.[otel]'"
        ) from None
    tracing.install(tracer(settings.otlp_endpoint, service))
