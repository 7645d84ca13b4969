"""Tests of ports that are in use: every command that listens on one says so, and how to set another one."""

import socket
from pathlib import Path

import pytest

from tests.cli.commands import privacy
from tests.conftest import Databases


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("arguments", "option"), [(("serve", "--port"), "--port"), (("work", "--metrics-port"), "--metrics-port")]
)
async def test_a_port_in_use_is_refused_with_a_sentence(
    databases: Databases, tmp_path: Path, arguments: tuple[str, str], option: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = await privacy(*arguments, str(port), on=databases, at=tmp_path)
    assert result.code != 0
    assert f"port {port} is in use: set another one with {option}" in " ".join(result.errors.split())
    assert "Traceback" not in result.errors
