"""``privacy audit``: the record is verified, proved, witnessed and pruned."""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import orjson
import typer

from api.settings import UnsafeSettingError
from cli.databases import VAR, locate, owned, secret
from models.audit import inclusion_proofs
from models.audit.pruning import prune as prune_record
from models.audit.segments import Segment, SegmentSigner, TrustedKeys
from models.audit.verification import NO_LAST, Finding, VerificationResult, Verifier
from models.storage.ids import Prefix, parse_id_of

KEY = "PRIVACY_AUDIT_KEY"
PUBLIC_KEYS = "PRIVACY_AUDIT_PUBLIC_KEYS"
MOST_SHOWN = 1000

app = typer.Typer(
    help="The record of who looked at whom: verified, proved, witnessed, pruned.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Keys = Annotated[list[str] | None, typer.Option("--public-key", help="A public key to trust, in base64; repeatable.")]


def signer(*, embedded: bool) -> SegmentSigner:
    """Give the key that seals: PRIVACY_AUDIT_KEY, or the embedded default's own."""
    text = os.environ.get(KEY)
    if text is None and embedded:
        text = secret(VAR / "audit.key", SegmentSigner.generate)
    if text is None:
        raise UnsafeSettingError(f"set {KEY}: `privacy audit key` makes one")
    try:
        return SegmentSigner(text)
    except ValueError as problem:
        raise UnsafeSettingError(str(problem)) from None


def _trusted(given: list[str] | None) -> TrustedKeys:
    """Give the public keys to trust: those given, or those of the settings and the one of the key that seals here."""
    texts = given or [*filter(None, os.environ.get(PUBLIC_KEYS, "").split(","))]
    try:
        keys = [base64.b64decode(text, validate=True) for text in texts]
        if not given and (KEY in os.environ or not texts):
            keys.append(signer(embedded=(VAR / "audit.key").exists()).public)
        return TrustedKeys.of(keys)
    except ValueError:
        raise UnsafeSettingError(f"a public key is the base64 of 32 octets (--public-key, {PUBLIC_KEYS})") from None


@asynccontextmanager
async def _record() -> AsyncIterator[Any]:
    """Give a connection as the owner of the record."""
    with locate() as settings:
        connection = await asyncpg.connect(owned(settings)["privacy"])
        try:
            yield connection
        finally:
            await connection.close()


@app.command()
def key() -> None:
    """Make a key for PRIVACY_AUDIT_KEY, and print it with its public key. The processes that serve must not have it."""
    made = SegmentSigner.generate()
    typer.echo(f"{KEY}={made}\n{PUBLIC_KEYS}={base64.b64encode(SegmentSigner(made).public).decode()}")


@app.command()
def verify(
    *,
    first: Annotated[int, typer.Option("--from", min=1, help="The first segment to verify.")] = 1,
    last: Annotated[int | None, typer.Option("--to", min=1, help="The last one; the end of the chain.")] = None,
    heads: Annotated[
        Path | None, typer.Option("--heads", help="Heads that a witness kept, one JSON object a line.")
    ] = None,
    public_key: Keys = None,
) -> None:
    """Verify the record, or a part; say what is missing, changed, inserted, reordered or forged, and exit 1 if any is.

    That the newest segments were cut off is seen only against heads that somebody outside kept.
    """

    async def verified() -> tuple[VerificationResult, list[Finding]]:
        async with _record() as connection:
            verifier = Verifier(_trusted(public_key))
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                result = await verifier.verify(connection, first, last or NO_LAST, _read(heads) if heads else [])
        return result, verifier.findings

    result, findings = asyncio.run(verified())
    for finding in findings[:MOST_SHOWN]:
        typer.echo(f"{finding.kind} segment {finding.segment} {finding.event or ''}: {finding.description}")
    if len(findings) > MOST_SHOWN:
        typer.echo(f"and {len(findings) - MOST_SHOWN} more")
    typer.echo(f"{result.segments} segments with {result.events} events, {len(findings)} findings")
    if findings:
        raise typer.Exit(1)


def _read(path: Path) -> list[Segment]:
    try:
        return [inclusion_proofs.parse(json.loads(line)) for line in path.read_text().splitlines() if line.strip()]
    except ValueError:
        raise UnsafeSettingError("the file of --heads holds lines that `privacy audit head` did not print") from None


@app.command()
def prove(event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id: evt_...")]) -> None:
    """Print the proof that an event stands in the record; `privacy audit check` verifies it anywhere."""

    async def proved() -> dict[str, Any]:
        async with _record() as connection:
            return await inclusion_proofs.create_proof(connection, parse_id_of(Prefix.ACCESS_EVENT, event, "event"))

    typer.echo(orjson.dumps(asyncio.run(proved()), option=orjson.OPT_INDENT_2).decode())


@app.command()
def check(
    proof: Annotated[Path, typer.Argument(metavar="PROOF", help="A file with a proof.")], public_key: Keys = None
) -> None:
    """Check a proof without any database; exit 1 when it does not hold."""
    try:
        given = orjson.loads(proof.read_bytes())
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict) or not inclusion_proofs.verify_proof(given, _trusted(public_key)):
        typer.echo("the proof does not hold")
        raise typer.Exit(1)
    segment = inclusion_proofs.parse(given["segment"])
    typer.echo(f"the event stands in segment {segment.number}, sealed at {segment.sealed_at:%Y-%m-%d %H:%M:%S} UTC")


@app.command()
def head() -> None:
    """Print the head of the chain as one line, for a witness outside to keep and `verify --heads` to read."""

    async def found() -> Segment | None:
        async with _record() as connection:
            return await inclusion_proofs.last_segment(connection)

    segment = asyncio.run(found())
    if segment is None:
        typer.echo("nothing is sealed yet", err=True)
        raise typer.Exit(1)
    typer.echo(orjson.dumps(inclusion_proofs.serialize(segment)).decode())


@app.command()
def prune(
    before: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Segments go whose events are all older.")],
) -> None:
    """Drop old segments, whole and with their events; a signed line says how far, so that the rest still verifies."""

    async def pruned() -> tuple[int, int]:
        async with _record() as connection:
            sealing = signer(embedded=(VAR / "audit.key").exists())
            return await prune_record(connection, sealing, before.replace(tzinfo=UTC))

    segments, events = asyncio.run(pruned())
    typer.echo(f"{segments} segments with {events} events are gone")
