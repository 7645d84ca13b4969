"""Log lines: a fault says when and where it happened."""

import io
import json

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
