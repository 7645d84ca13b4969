"""``privacy audit certificate``: compare the head that an erasure certificate states with the chain of segments."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from api.settings import UnsafeSettingError
from cli.audit import Keys, app, owner_connection, trusted_keys
from cli.erasure import load_keys
from models.audit import heads
from models.audit.heads import HeadComparison
from models.erasure import certificates
from models.erasure.certificates import InvalidCertificateError


@app.command("certificate")
def check_certificate(
    file: Annotated[Path, typer.Argument(metavar="CERTIFICATE", help="A file with an erasure certificate (JWS).")],
    keys: Annotated[str, typer.Option(help="The published keys: a file, or the URL of the keys.")] = "jwks.json",
    public_key: Keys = None,
) -> None:
    """Compare the audit head in an erasure certificate with the audit log; exit with status 1 when they differ.

    The head is the last segment at the time of the erasure: the log up to it cannot be exchanged afterwards.
    """
    try:
        claims = certificates.verify_certificate(file.read_text().strip(), load_keys(keys))
    except InvalidCertificateError as problem:
        raise UnsafeSettingError(f"not a certificate of this service: {problem}") from None
    except (OSError, UnicodeDecodeError):
        raise UnsafeSettingError("the file with the certificate cannot be read") from None
    stated = claims.get("auditHead")
    if stated is None:
        raise UnsafeSettingError("the certificate states no head: the log had no segment at its time")

    async def compare() -> HeadComparison:
        async with owner_connection() as connection:
            head = bytes.fromhex(stated["head"])
            return await heads.compare_head(connection, trusted_keys(public_key), stated["segment"], head)

    comparison = asyncio.run(compare())
    typer.echo(f"segment {stated['segment']}: {comparison}")
    if comparison is not HeadComparison.EQUAL:
        raise typer.Exit(1)
