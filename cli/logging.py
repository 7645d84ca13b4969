"""The format and destination of log lines."""

import sys
from typing import Any

import structlog


def configure_logging(log_format: str) -> None:
    """Write log lines to standard error: JSON for the format ``json``, otherwise coloured text."""
    renderer: Any = structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
