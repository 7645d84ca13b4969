"""The steps of ``make clients``: each is a command that runs against a running service."""

import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from tests.browser import program
from tests.conftest import ROOT

PYTHON = ROOT / "clients" / "python"
TYPESCRIPT = ROOT / "clients" / "typescript"
JAVASCRIPT = ROOT / "tests" / "clients" / "javascript"
CALLERS = ROOT / "tests" / "clients" / "python"
ENVIRONMENT = ROOT / "var" / "clients-venv"
INSTALL = ["npm", "install", "--no-audit", "--no-fund", "--silent"]

EXAMPLE = """
import os, runpy, sys
sys.path.insert(0, "src")
sys.argv = ["newsletter.py", os.environ["PRIVACY_TOKENS"]]
runpy.run_path("examples/newsletter.py", run_name="__main__")
"""
"""Runs the example program beside the sources, as if the package were installed."""


class Step(NamedTuple):
    """A command with its name and the folder that it runs in."""

    name: str
    command: list[str]
    folder: Path


def python_steps() -> list[Step]:
    """Return the steps of the Python client."""
    folders = ["src", "tests", "examples"]
    return [
        Step("python-types", [sys.executable, "-m", "mypy", *folders], PYTHON),
        Step("python-tests", [sys.executable, "-m", "pytest"], PYTHON),
        Step("python-example", [sys.executable, "-c", EXAMPLE], PYTHON),
        Step("python-readme", [sys.executable, "-m", "tests.clients.readme", "python"], ROOT),
    ]


def typescript_steps() -> list[Step]:
    """Return the steps of the TypeScript client."""
    return [
        Step("typescript-install", INSTALL, TYPESCRIPT),
        Step("typescript-generated", ["npm", "run", "generate", "--", "--check"], TYPESCRIPT),
        Step("typescript-build", ["npm", "run", "build"], TYPESCRIPT),
        Step("typescript-tests", ["npm", "test"], TYPESCRIPT),
        Step("typescript-example", ["npm", "run", "example"], TYPESCRIPT),
        Step("typescript-readme", [sys.executable, "-m", "tests.clients.readme", "ts"], ROOT),
    ]


def caller_steps() -> list[Step]:
    """Return the steps of the Python tools that callers bring, in an environment of their own."""
    python = str(ENVIRONMENT / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    return [
        Step("callers-venv", [sys.executable, "-m", "venv", str(ENVIRONMENT)], CALLERS),
        Step("callers-install", [*pip, "-r", "requirements.txt"], CALLERS),
        *(Step(name, [python, f"{name}_client.py"], CALLERS) for name in ("gql", "ariadne", "sgqlc")),
    ]


def javascript_steps() -> list[Step]:
    """Return the steps of the tools of Node.js that callers bring. The provider needs Chromium."""
    names = ("apollo", "urql", "relay", "graphql-request", "codegen", "inspector")
    return [
        Step("javascript-install", INSTALL, JAVASCRIPT),
        *(Step(name, ["node", f"{name}.mjs"], JAVASCRIPT) for name in names),
        *([Step("provider", [sys.executable, "-m", "tests.clients.company_sign_in"], ROOT)] if program() else []),
    ]


def steps() -> list[Step]:
    """Return all steps, in order; those of Node.js only where it is installed."""
    node = [*typescript_steps(), *javascript_steps()] if shutil.which("npm") else []
    return [*python_steps(), Step("curl", ["sh", "curl.sh"], JAVASCRIPT.parent), *caller_steps(), *node]
