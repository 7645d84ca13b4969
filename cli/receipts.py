"""``privacy receipt``: verify consent receipts offline."""

import json
from pathlib import Path
from typing import Annotated

import typer

from api.settings import UnsafeSettingError
from cli.erasure import load_keys
from models.erasure import certificates
from models.erasure.certificates import InvalidCertificateError
from models.receipts.receipts import TYPE

app = typer.Typer(help="Verify consent receipts offline.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def receipt_callback() -> None:
    """Verify consent receipts offline."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A file with a consent receipt (JWS).")],
    keys: Annotated[str, typer.Option(help="The published keys: a file, or the URL of the keys.")] = "jwks.json",
) -> None:
    """Verify the signature of a consent receipt and print its content.

    Save the keys once: curl https://YOUR-SERVICE/.well-known/jwks.json > jwks.json
    """
    try:
        claims = certificates.verify_certificate(file.read_text().strip(), load_keys(keys), TYPE)
    except InvalidCertificateError as problem:
        raise UnsafeSettingError(f"not a consent receipt of this service: {problem}") from None
    except (OSError, UnicodeDecodeError):
        raise UnsafeSettingError("the file with the receipt cannot be read") from None
    typer.echo(json.dumps(claims, indent=2, ensure_ascii=False))
