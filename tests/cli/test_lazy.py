"""``privacy`` imports a subcommand when it is called: help, completion and refusals import none."""

import subprocess
import sys

import pytest

from cli.main import COMMANDS
from tests.cli.commands import environment, program
from tests.conftest import ROOT

HEAVY = {
    *("alembic", "api", "asyncpg", "authlib", "aiosmtplib", "cryptography", "desk", "graphql", "httpx2", "jinja2"),
    *("mailers", "migrations", "models", "opentelemetry", "resolvers", "rich", "sqlalchemy", "sqlmodel"),
    *("strawberry", "uvicorn", "workers"),
}
"""Packages that take long to import, and that neither help nor completion needs."""
UNNEEDED = {
    "token": {"alembic", "authlib", "desk", "graphql", "migrations", "opentelemetry", "strawberry", "workers"},
    "serve": {"aiosmtplib", "authlib", "desk", "mailers", "opentelemetry", "workers"},
}
"""Packages that a subcommand does not need."""
IMPORTED = "import atexit, runpy, sys; atexit.register(lambda: sys.stderr.write('\\n' + ' '.join(sys.modules)))"


@pytest.mark.parametrize(
    ("words", "variables", "expected"),
    [
        (["--help"], {}, "systems            Register internal systems"),
        (["--version"], {}, "privacy 0.1.0"),
        (["completion", "bash"], {}, "COMPREPLY"),
        ([], {"_PRIVACY_COMPLETE": "complete_bash", "COMP_WORDS": "privacy mig", "COMP_CWORD": "1"}, "migrations"),
        (["--nothing"], {}, "No such option: --nothing"),
        (["serv"], {}, "Did you mean 'serve'?"),
    ],
    ids=["help", "version", "completion", "tab", "option", "command"],
)
def test_what_calls_no_subcommand_imports_none(words: list[str], variables: dict[str, str], expected: str) -> None:
    code = f"{IMPORTED}; sys.argv[1:] = {words!r}; runpy.run_module('cli', run_name='__main__')"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment() | variables | {"COLUMNS": "100"},
    )
    assert expected in result.stdout + result.stderr
    imported = {name.partition(".")[0] for name in result.stderr.rpartition("\n")[2].split()}
    assert "typer" in imported
    assert not imported & HEAVY


def test_a_subcommand_imports_only_what_it_needs() -> None:
    """One process imports one after the other; the first needs the least."""
    targets = [COMMANDS[name].target for name in UNNEEDED]
    code = f"import sys\nfrom cli.lazy import load\nfor each in {targets!r}:\n    load(each)\n    print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    for (name, packages), modules in zip(UNNEEDED.items(), result.stdout.splitlines(), strict=True):
        imported = {module.partition(".")[0] for module in modules.split()}
        assert "cli" in imported
        assert not imported & packages, name


def test_each_summary_is_the_first_paragraph_of_its_subcommand() -> None:
    commands = program().commands
    assert list(commands) == list(COMMANDS)
    for name, command in commands.items():
        assert COMMANDS[name].summary == " ".join(command.help.partition("\n\n")[0].split()), name
