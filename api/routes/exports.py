"""The routes of exports: POST /exports/{step} hands in the part of a system, GET /exports/{request} is for officers."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from api.access.authentication import Authenticator, resolve_actor
from api.access.policy import ACCESS_POLICY
from api.graphql.errors import format_error, refusal_of
from api.routes.dependencies import Dependencies
from models.actors import Actor, Role
from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.errors import (
    BadInput,
    CaseRequired,
    Forbidden,
    Internal,
    NotFound,
    QueryTooLarge,
    Refusal,
    StateConflict,
    Unauthenticated,
    Unavailable,
)
from models.exports import downloads, handing_in
from models.exports.downloads import ReadyExport
from models.exports.sections import SECTIONS
from models.storage.ids import Prefix, format_id, parse_id_of

MEDIA_TYPE: Final = "application/json"
ZIP: Final = "application/zip"
READ_FIELDS: Final = tuple(sorted({f"Export.{section.key}" for section in SECTIONS}))
"""The fields in the access event of an export that is read: every category."""
STATUSES: Final[dict[type[Refusal], int]] = {
    Unauthenticated: 401,
    CaseRequired: 403,
    Forbidden: 403,
    NotFound: 404,
    StateConflict: 409,
    QueryTooLarge: 413,
    Unavailable: 503,
    Internal: 500,
}


class Exports:
    """Answers /exports/{id}."""

    def __init__(self, dependencies: Callable[[], Dependencies], authenticator: Callable[[], Authenticator]) -> None:
        self._dependencies = dependencies
        self._authenticator = authenticator
        self.routes = [
            Route("/exports/{id}", self._hand_in, methods=["POST"]),
            Route("/exports/{id}", self._read, methods=["GET"]),
        ]

    async def _hand_in(self, request: Request) -> Response:
        """Store the part of a system, as application/json."""
        try:
            return await self._store_part(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nothing reads it
        except Exception as error:  # noqa: BLE001 -- every exception has an answer
            return _refuse(error, is_upload=True)

    async def _read(self, request: Request) -> Response:
        """Stream an export to a privacy officer with a case."""
        try:
            return await self._open_export(request)
        except Exception as error:  # noqa: BLE001 -- every exception has an answer
            return _refuse(error)

    async def _store_part(self, request: Request) -> Response:
        dependencies = self._dependencies()
        actor = await self._actor(request)
        if actor.role not in ACCESS_POLICY["Mutation.failExportStep"]:
            raise Forbidden(access=[])
        for name, is_accepted in (("content-type", _is_json), ("content-encoding", _is_plain)):
            if not is_accepted(request.headers.getlist(name)):
                problem = format_error(BadInput(name, f"a part is {MEDIA_TYPE} in UTF-8, and not compressed"))
                headers = {"accept-post": MEDIA_TYPE, "accept-encoding": "identity", "connection": "close"}
                return JSONResponse({"errors": [problem]}, 415, headers)
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > handing_in.MAX_PART_BYTES:
            raise QueryTooLarge(argument="body", most=handing_in.MAX_PART_BYTES)
        step_id = parse_id_of(Prefix.EXPORT_STEP, request.path_params["id"])
        try:
            part = await handing_in.hand_in_part(
                dependencies.database, dependencies.keyring, actor, step_id, request.stream()
            )
        except Forbidden:
            await _record(dependencies, actor, AccessAction.REFUSED, ("Mutation.handInExportPart",), None)
            raise
        return JSONResponse(
            {
                "id": format_id(Prefix.EXPORT_STEP, step_id),
                "state": "DONE",
                "sizeBytes": part.size_bytes,
                "replacedValues": part.replaced_values,
            }
        )

    async def _open_export(self, request: Request) -> Response:
        """Return the stream of an export, after an access event that names every category."""
        dependencies = self._dependencies()
        actor = await self._actor(request)
        if actor.role is not Role.PRIVACY:
            await _record(dependencies, actor, AccessAction.REFUSED, READ_FIELDS, None)
            raise Forbidden(access=[])
        if actor.case is None:
            raise CaseRequired(access=[{"field": "Export"}])
        request_id = parse_id_of(Prefix.RIGHTS_REQUEST, request.path_params["id"])
        async with dependencies.database.writers.acquire() as connection:
            export = await downloads.find_ready(connection, request_id)
        if export is None:
            raise NotFound(argument="id")
        content = await downloads.open_archive(dependencies.database, dependencies.keyring, export)
        await _record(dependencies, actor, AccessAction.READ, READ_FIELDS, export.subject_id)
        return archive_response(export, content)

    async def _actor(self, request: Request) -> Actor:
        """Return the caller. Raise UNAUTHENTICATED, FORBIDDEN or UNAVAILABLE."""
        self._dependencies().restore_guard.require_open()
        token = await self._authenticator().verify(request.headers.get("authorization", ""))
        return resolve_actor(token, request.headers.get("x-role"), request.headers.get("x-case"))


def archive_response(export: ReadyExport, content: AsyncIterator[bytes]) -> Response:
    """Return the response that streams an archive."""
    name = f"personal-data-{export.request_id.hex[:12]}.zip"
    headers = {
        "content-length": str(export.size_bytes),
        "content-disposition": f'attachment; filename="{name}"',
    }
    return StreamingResponse(content, 200, headers, ZIP)


def _is_json(media_types: Sequence[str]) -> bool:
    """Return whether there is one media type, and it is JSON in UTF-8."""
    if len(media_types) != 1:
        return False
    name, *parameters = (part.strip().lower() for part in media_types[0].split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    charsets = {value.strip('" ') for key, _, value in pairs if key.strip() == "charset"}
    return name == MEDIA_TYPE and charsets <= {"utf-8", "utf8"}


def _is_plain(codings: Sequence[str]) -> bool:
    return all(coding.strip().lower() in {"", "identity"} for coding in codings)


def _refuse(error: Exception, *, is_upload: bool = False) -> Response:
    """Return the response to a refusal. The rest of an upload is not read, so that its connection ends."""
    refusal = refusal_of(error)
    status = STATUSES.get(
        type(refusal), 503 if refusal.code == "UNAVAILABLE" else 500 if refusal.code == "INTERNAL" else 400
    )
    headers = {"connection": "close"} if is_upload else {}
    return JSONResponse({"errors": [format_error(refusal)]}, status, headers)


async def _record(
    dependencies: Dependencies, actor: Actor, action: AccessAction, fields: tuple[str, ...], subject_id: UUID | None
) -> None:
    """Commit an access event."""
    async with dependencies.database.transaction() as connection:
        await events.append(connection, [EventGroup(EventTemplate(actor, action, fields), [subject_id])])
