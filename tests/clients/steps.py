"""The steps of ``make clients``: each is a command that runs against a running service."""

import sys
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

PYTHON = ROOT / "clients" / "python"


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
    ]


EXAMPLE = """
import os, runpy, sys
sys.path.insert(0, "src")
sys.argv = ["newsletter.py", os.environ["PRIVACY_TOKENS"]]
runpy.run_path("examples/newsletter.py", run_name="__main__")
"""
"""Runs the example program beside the sources, as if the package were installed."""


def steps() -> list[Step]:
    """Return all steps, in order."""
    return python_steps()
