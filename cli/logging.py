"""The format and destination of log lines, of this service and of the libraries that it uses."""

import logging
import sys
from typing import Any

import structlog

_SHARED: Any = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
)


def configure_logging(log_format: str) -> None:
    """Write log lines to standard error: JSON for the format ``json``, otherwise coloured text.

    Warnings of libraries, such as those of the HTTP server, have the same format. Their errors state the class of an
    exception, and neither its message nor its traceback, which may contain values.
    """
    renderer: Any = structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*_SHARED, renderer],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[*_SHARED, structlog.stdlib.add_logger_name, _without_values],
        )
    )
    root = logging.getLogger()
    root.handlers = [
        each for each in root.handlers if not isinstance(each.formatter, structlog.stdlib.ProcessorFormatter)
    ]
    root.addHandler(handler)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    logging.captureWarnings(capture=True)


def _without_values(_logger: Any, _method: str, entry: Any) -> Any:
    """Replace the exception of a log record by its class."""
    error = entry.pop("exc_info", None)
    if error is not None:
        kind = error[0] if isinstance(error, tuple) else type(error)
        entry["problem"] = getattr(kind, "__name__", "unknown")
    record = entry.get("_record")
    if record is not None:
        record.exc_info, record.exc_text = None, None
    return entry
