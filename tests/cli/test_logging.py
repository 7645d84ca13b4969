"""Log lines: a fault says when and where it happened."""

import io
import json
import subprocess
import sys

import pytest
import structlog

from api.graphql.errors import refusal_of
from cli.logging import configure_logging


def test_a_fault_in_the_log_has_its_time_and_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    configure_logging("json")
    with pytest.raises(ValueError, match="somebody") as raised:
        int("somebody@example.com")
    try:
        refusal_of(raised.value)
    finally:
        structlog.reset_defaults()
    line = json.loads(written.getvalue())
    assert line["at"].endswith("Z")
    assert line["frames"]
    assert "somebody" not in str(line)


LIBRARY_LOGS = """
import logging, warnings
from cli.logging import configure_logging
configure_logging("json")
configure_logging("json")
logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
try:
    int("ada@example.com")
except ValueError as error:
    logging.getLogger("asyncio").error("Task exception was never retrieved", exc_info=error)
warnings.warn("a library is deprecated")
logging.getLogger("uvicorn.error").info("not shown")
"""


def test_warnings_of_libraries_are_lines_of_json_without_values() -> None:
    result = subprocess.run([sys.executable, "-c", LIBRARY_LOGS], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert [(line["level"], line["logger"]) for line in lines] == [
        ("warning", "uvicorn.error"),
        ("error", "asyncio"),
        ("warning", "py.warnings"),
    ]
    assert lines[0]["event"] == "Invalid HTTP request received."
    assert lines[1]["problem"] == "ValueError"
    assert all(line["at"].endswith("Z") for line in lines)
    assert "example.com" not in result.stderr
