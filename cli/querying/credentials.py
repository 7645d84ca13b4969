"""The bearer token of ``privacy query``: from the environment, a file, or the demonstration's token file."""

import os
from pathlib import Path

import orjson
import typer

from cli.databases import VAR

DEMO_TOKENS = VAR / "demo-tokens.json"
MISSING_CREDENTIALS = (
    "no token: set PRIVACY_TOKEN or use --token-file; `privacy token issue --name my-script --role ADMIN` issues one. "
    "With `make serve`, --role ADMIN alone takes the token in var/demo-tokens.json"
)


def read_token(variable: str, file: Path | None, role: str | None) -> str:
    """Return the token; raise BadParameter with instructions when there is none."""
    if file is None:
        if token := os.environ.get(variable, "").strip():
            return token
        if role is None or not DEMO_TOKENS.exists():
            raise typer.BadParameter(MISSING_CREDENTIALS)
        file = DEMO_TOKENS
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
        raise typer.BadParameter(f"select a token of {file} with --role: {', '.join(tokens)}")
    return str(tokens[role])
