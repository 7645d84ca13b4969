"""``privacy erasure``: verify erasure certificates."""

import json
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from api.settings import UnsafeSettingError
from models.erasure import certificates, replay_statements
from models.erasure.certificates import InvalidCertificateError

app = typer.Typer(help="Verify erasure certificates.", no_args_is_help=True, rich_markup_mode=None)
KEYS_TIMEOUT = 10.0
"""Seconds that the download of the published keys may take."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A file with a certificate (JWS).")],
    keys: Annotated[str, typer.Option(help="The published keys: a file, or the URL of the keys.")] = "jwks.json",
    replays: Annotated[
        Path | None, typer.Option(help="A file with the statements of replays (JWS), one a line.")
    ] = None,
) -> None:
    """Verify the signature of a certificate and print its content.

    Save the keys once: curl https://YOUR-SERVICE/.well-known/jwks.json > jwks.json
    With --replays, each statement must be about this certificate; its content is printed, too.
    """
    published = load_keys(keys)
    try:
        jws = file.read_text().strip()
        claims = [certificates.verify_certificate(jws, published)]
        if replays:
            claims += [replay_statements.verify_replay(line, jws, published) for line in replays.read_text().split()]
    except InvalidCertificateError as problem:
        raise UnsafeSettingError(f"not a certificate of this service: {problem}") from None
    except (OSError, UnicodeDecodeError):
        raise UnsafeSettingError("the file with the certificate cannot be read") from None
    for content in claims:
        typer.echo(json.dumps(content, indent=2))


def load_keys(location: str) -> list[dict[str, Any]]:
    """Return the published keys of a file or a URL. Raise UnsafeSettingError when they cannot be read."""
    try:
        if location.startswith(("https://", "http://")):
            content = httpx2.get(location, timeout=KEYS_TIMEOUT).raise_for_status().json()
        else:
            content = json.loads(Path(location).read_text())
        return list(content["keys"])
    except (OSError, ValueError, KeyError, TypeError, httpx2.HTTPError):
        raise UnsafeSettingError("the published keys cannot be read: set --keys to their file or URL") from None
