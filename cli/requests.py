"""``privacy requests``: list and show rights requests; ``privacy export``: verify an export offline."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.settings import UnsafeSettingError
from cli.databases import OpenDatabases, run_with_databases
from cli.erasure import load_keys
from models.erasure import certificates
from models.erasure.certificates import InvalidCertificateError
from models.exports import exports, steps
from models.exports.building import MANIFEST_TYPE
from models.exports.exports import ExportRow
from models.exports.steps import ExportStepRow
from models.requests import requests, searching
from models.requests.requests import RightsRequestRow
from models.requests.searching import RequestFilter, RequestOrder
from models.requests.states import OPEN_STATES, RequestKind, RequestState
from models.storage.ids import Prefix, format_id, parse_id_of
from models.storage.pagination import PageRequest

app = typer.Typer(help="List and show rights requests.", no_args_is_help=True, rich_markup_mode=None)
export_app = typer.Typer(help="Verify exports offline.", no_args_is_help=True, rich_markup_mode=None)
PAGE_SIZE = 100
HASHED_BYTES = 1024 * 1024
"""Octets of a file of an archive that are hashed at once."""


@app.command("list")
def list_requests(
    *,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only open requests after their deadline.")] = False,
    kind: Annotated[RequestKind | None, typer.Option(help="Only requests of this kind.")] = None,
    state: Annotated[RequestState | None, typer.Option(help="Only requests in this state.")] = None,
) -> None:
    """List requests, those that are due first at the top. The list names no person."""
    criteria = RequestFilter(RequestOrder.DUE_FIRST, state, kind, overdue or None)

    async def load(databases: OpenDatabases) -> list[RightsRequestRow]:
        rows: list[RightsRequestRow] = []
        after = None
        async with databases.database.readers.acquire() as connection:
            while True:
                page = (await searching.find_requests(connection, [criteria], PageRequest(PAGE_SIZE, after)))[criteria]
                rows += page.rows
                if not page.has_next:
                    return rows
                after = rows[-1].deadline, rows[-1].id

    for row in run_with_databases(load):
        late = "  OVERDUE" if row.state in OPEN_STATES and row.deadline < datetime.now(UTC) else ""
        typer.echo(
            f"{format_id(Prefix.RIGHTS_REQUEST, row.id)}  {row.kind:30}  {row.state:21}  "
            f"due {row.deadline:%Y-%m-%d}{late}"
        )


@app.command()
def show(request: Annotated[str, typer.Argument(help="The id of a request: req_…")]) -> None:
    """Show a request with its dates, its export and the parts of systems. It shows no personal value."""
    request_id = parse_id_of(Prefix.RIGHTS_REQUEST, request)

    async def load(
        databases: OpenDatabases,
    ) -> tuple[RightsRequestRow | None, ExportRow | None, Sequence[ExportStepRow]]:
        async with databases.database.readers.acquire() as connection:
            return (
                (await requests.by_ids(connection, [request_id]))[request_id],
                (await exports.of_requests(connection, [request_id]))[request_id],
                (await steps.of_requests(connection, [request_id]))[request_id],
            )

    row, export, parts = run_with_databases(load)
    if row is None:
        raise UnsafeSettingError("there is no request with this id")
    for name, value in _facts(row, export).items():
        if value is not None:
            typer.echo(f"{name + ':':16} {value}")
    for part in parts:
        size = f"  {part.size_bytes:,} bytes" if part.size_bytes is not None else ""
        typer.echo(f"{'system:':16} {part.system}  {part.state}  due {part.due_at:%Y-%m-%d}{size}")


def _facts(row: RightsRequestRow, export: ExportRow | None) -> dict[str, object]:
    facts: dict[str, object] = {
        "request": format_id(Prefix.RIGHTS_REQUEST, row.id),
        "person": format_id(Prefix.SUBJECT, row.subject_id),
        "kind": row.kind,
        "state": row.state,
        "channel": row.channel,
        "case": row.case_reference,
        "identity": row.identity,
        "received": _time(row.received_at),
        "due": _time(row.due_at),
        "extended until": _time(row.extended_until),
        "extended for": row.extension_reason,
        "completed": _time(row.completed_at),
        "denied for": row.denial_reason,
    }
    if export:
        facts |= {
            "export ready": _time(export.ready_at),
            "export size": f"{export.size_bytes:,} bytes" if export.size_bytes is not None else None,
            "export fetched": _time(export.downloaded_at),
            "export ends": _time(export.expires_at),
        }
    return facts


def _time(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else None


@export_app.callback()
def export_callback() -> None:
    """Verify exports offline."""


@export_app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The ZIP file of an export.")],
    keys: Annotated[str, typer.Option(help="The published keys: a file, or the URL of the keys.")] = "jwks.json",
) -> None:
    """Verify the sums and the signature of an export, and print what it is.

    Save the keys once: curl https://YOUR-SERVICE/.well-known/jwks.json > jwks.json
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist()) - {"SHA256SUMS.jws"}
            sums = {name: _sum(archive, name) for name in names}
            jws = archive.read("SHA256SUMS.jws").decode().strip()
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise UnsafeSettingError("the file is no export: it cannot be read as a ZIP with SHA256SUMS.jws") from None
    try:
        claims: dict[str, Any] = certificates.verify_certificate(jws, load_keys(keys), MANIFEST_TYPE)
    except InvalidCertificateError as problem:
        raise UnsafeSettingError(f"not an export of this service: {problem}") from None
    if claims["files"] != sums:
        raise UnsafeSettingError("the files of this export were changed after it was signed")
    typer.echo(json.dumps(claims, indent=2))


def _sum(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as content:
        while piece := content.read(HASHED_BYTES):
            digest.update(piece)
    return digest.hexdigest()
