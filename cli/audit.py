"""``privacy audit``: verify, prove, export and prune the audit log."""

import asyncio
import base64
import getpass
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
from cli.databases import VAR, database_settings, owner_urls, read_or_create_secret
from models.audit import inclusion_proofs
from models.audit.pruning import count_old
from models.audit.pruning import prune as prune_segments
from models.audit.segments import Segment, SegmentSigner, TrustedKeys, last_segment
from models.audit.verification import NO_LAST, VerificationResult, Verifier
from models.storage import validation
from models.storage.clock import now
from models.storage.ids import Prefix, parse_id_of

KEY = "PRIVACY_AUDIT_KEY"
PUBLIC_KEYS = "PRIVACY_AUDIT_PUBLIC_KEYS"
MAX_FINDINGS_PRINTED = 1000
MAX_NAME_LENGTH = 64
KEY_FILE = VAR / "audit.key"
"""The signing key of the embedded database."""

app = typer.Typer(
    help="Verify, prove, export and prune the audit log of reads and changes of personal data.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Keys = Annotated[list[str] | None, typer.Option("--public-key", help="A trusted public key in base64; repeatable.")]


def segment_signer(*, is_embedded: bool) -> SegmentSigner:
    """Return the signer of audit segments: PRIVACY_AUDIT_KEY, or the key of the embedded database.

    Raise UnsafeSettingError when the key is missing or malformed.
    """
    text = os.environ.get(KEY)
    if text is None and is_embedded:
        text = read_or_create_secret(KEY_FILE, SegmentSigner.generate)
    if text is None:
        raise UnsafeSettingError(f"set {KEY}: `privacy audit key` generates one")
    try:
        return SegmentSigner(text)
    except ValueError as problem:
        raise UnsafeSettingError(str(problem)) from None


def trusted_keys(options: list[str] | None) -> TrustedKeys:
    """Return the public keys of the options; without options those of the settings and of the signing key."""
    texts = options or [*filter(None, os.environ.get(PUBLIC_KEYS, "").split(","))]
    try:
        keys = [base64.b64decode(text, validate=True) for text in texts]
        if not options and (KEY in os.environ or not texts):
            keys.append(segment_signer(is_embedded=KEY_FILE.exists()).public)
        return TrustedKeys.from_public_keys(keys)
    except ValueError:
        raise UnsafeSettingError(
            f"a public key must be the base64 of 32 octets: correct --public-key or {PUBLIC_KEYS}"
        ) from None


@asynccontextmanager
async def owner_connection() -> AsyncIterator[Any]:
    """Open a connection as the owner of the audit log."""
    with database_settings() as settings:
        connection = await asyncpg.connect(owner_urls(settings)["privacy"])
        try:
            yield connection
        finally:
            await connection.close()


@app.command()
def key() -> None:
    """Generate a signing key for PRIVACY_AUDIT_KEY, and print it with its public key.

    Set it for `privacy work` and `privacy audit`, never for processes that serve callers.
    """
    private_key = SegmentSigner.generate()
    public_key = base64.b64encode(SegmentSigner(private_key).public).decode()
    typer.echo(f"{KEY}={private_key}\n{PUBLIC_KEYS}={public_key}")


@app.command()
def verify(
    *,
    first: Annotated[int, typer.Option("--from", min=1, help="The first segment to verify.")] = 1,
    last: Annotated[
        int | None,
        typer.Option("--to", min=1, help="The last segment to verify; without it, the last one of the chain."),
    ] = None,
    heads: Annotated[
        Path | None, typer.Option("--heads", help="A file with the output of earlier `privacy audit head` runs.")
    ] = None,
    public_key: Keys = None,
) -> None:
    """Verify the audit log or a part of it; print each finding, and exit with status 1 when there is one.

    A finding is a missing, changed, inserted, reordered or forged segment or event.
    Only --heads, with heads stored outside of this database, detects that the newest segments were cut off.
    """

    async def run_verifier() -> tuple[VerificationResult, Verifier]:
        async with owner_connection() as connection:
            verifier = Verifier(trusted_keys(public_key))
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                result = await verifier.verify(connection, first, last or NO_LAST, _read_heads(heads) if heads else [])
        return result, verifier

    result, verifier = asyncio.run(run_verifier())
    for pruning in verifier.prunes:
        by = f" by {pruning.pruned_by}" if pruning.pruned_by else ""
        size = f"{pruning.segment_count} segments with {pruning.event_count} events " if pruning.pruned_by else ""
        typer.echo(
            f"pruned at {pruning.pruned_at:%Y-%m-%d %H:%M:%S} UTC{by}: {size}up to segment {pruning.number}, "
            f"signed with the key {pruning.key_id.hex()}"
        )
    if verifier.unsealed_identities:
        typer.echo(
            f"{verifier.unsealed_identities} events have an identity of their actor that is not sealed: "
            "a worker of an earlier version sealed them"
        )
    findings = verifier.findings
    for finding in findings[:MAX_FINDINGS_PRINTED]:
        typer.echo(f"{finding.kind} segment {finding.segment} {finding.event or ''}: {finding.description}")
    if len(findings) > MAX_FINDINGS_PRINTED:
        typer.echo(f"and {len(findings) - MAX_FINDINGS_PRINTED} more")
    typer.echo(f"{result.segments} segments with {result.events} events, {len(findings)} findings")
    if findings:
        raise typer.Exit(1)


def _read_heads(path: Path) -> list[Segment]:
    try:
        return [inclusion_proofs.parse(json.loads(line)) for line in path.read_text().splitlines() if line.strip()]
    except ValueError:
        raise UnsafeSettingError("the file of --heads must hold only lines that `privacy audit head` printed") from None


@app.command()
def prove(event: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id: evt_...")]) -> None:
    """Print a proof that the audit log contains an event; `privacy audit check` verifies it without a database."""

    async def load_proof() -> dict[str, Any]:
        async with owner_connection() as connection:
            return await inclusion_proofs.create_proof(connection, parse_id_of(Prefix.ACCESS_EVENT, event, "event"))

    typer.echo(orjson.dumps(asyncio.run(load_proof()), option=orjson.OPT_INDENT_2).decode())


@app.command()
def check(
    proof: Annotated[Path, typer.Argument(metavar="PROOF", help="A file with the output of `privacy audit prove`.")],
    public_key: Keys = None,
) -> None:
    """Verify a proof without a database; exit with status 1 when it is invalid."""
    try:
        content = orjson.loads(proof.read_bytes())
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict) or not inclusion_proofs.verify_proof(content, trusted_keys(public_key)):
        typer.echo("the proof is invalid")
        raise typer.Exit(1)
    segment = inclusion_proofs.parse(content["segment"])
    typer.echo(f"the event is in segment {segment.number}, sealed at {segment.sealed_at:%Y-%m-%d %H:%M:%S} UTC")


@app.command()
def head() -> None:
    """Print the head of the segment chain as one line of JSON.

    Store it outside of this database; `privacy audit verify --heads` reads it.
    """

    async def load_head() -> Segment | None:
        async with owner_connection() as connection:
            return await last_segment(connection)

    segment = asyncio.run(load_head())
    if segment is None:
        typer.echo("the audit log has no segment yet: `privacy work` seals events", err=True)
        raise typer.Exit(1)
    typer.echo(orjson.dumps(inclusion_proofs.serialize(segment)).decode())


@app.command()
def prune(
    before: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="Delete segments whose events are all older than this day (UTC)."),
    ],
    *,
    name: Annotated[
        str | None, typer.Option("--as", help="Who prunes, for the signed row; by default the user of the system.")
    ] = None,
    is_confirmed: Annotated[bool, typer.Option("--yes", help="Delete without a question.")] = False,
) -> None:
    """Delete old segments with all their events; a signed row records the position, so that the rest still verifies.

    Events younger than PRIVACY_AUDIT_RETENTION are never deleted.
    """
    until = before.replace(tzinfo=UTC)
    pruned_by = validation.single_line(name or getpass.getuser(), "--as", MAX_NAME_LENGTH)
    with database_settings() as settings:
        retention = settings.audit_retention
    if until > now() - retention:
        raise UnsafeSettingError(
            f"--before must be at least {retention.days} days ago: PRIVACY_AUDIT_RETENTION keeps younger events"
        )

    async def count() -> tuple[int, int]:
        async with owner_connection() as connection:
            return await count_old(connection, until)

    async def run_pruning() -> tuple[int, int]:
        async with owner_connection() as connection:
            signer = segment_signer(is_embedded=KEY_FILE.exists())
            return await prune_segments(connection, signer, until, pruned_by)

    if not is_confirmed:
        segments, events = asyncio.run(count())
        typer.confirm(f"Delete {segments} segments with {events} events, without a way back?", abort=True)

    segments, events = asyncio.run(run_pruning())
    typer.echo(f"{segments} segments with {events} events were deleted")
