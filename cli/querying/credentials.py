"""Which token a script shows: from the environment, a file, or the demonstration's file of one for each role."""

import os
from pathlib import Path

import orjson
import typer

from cli.databases import VAR

DEMO = VAR / "demo-tokens.json"
NONE = (
    "no token: set PRIVACY_TOKEN, or give --token-file; `privacy token issue --name my-script --role ADMIN` makes one, "
    "and beside `make serve`, --role ADMIN alone takes the one of var/demo-tokens.json"
)


def secret_of(variable: str, file: Path | None, role: str | None) -> str:
    """Give the token; a sentence says how to get one when there is none."""
    if file is None:
        if found := os.environ.get(variable, "").strip():
            return found
        if role is None or not DEMO.exists():
            raise typer.BadParameter(NONE)
        file = DEMO
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise typer.BadParameter(f"{file} cannot be read") from None
    if not text.startswith("{"):
        return text
    try:
        tokens = orjson.loads(text)
    except ValueError:
        raise typer.BadParameter(f"{file} holds neither a token nor a JSON object of role and token") from None
    if role is None or role not in tokens:
        raise typer.BadParameter(f"choose with --role whose token of {file} is shown: {', '.join(tokens)}")
    return str(tokens[role])
