"""The documents of an export: export.json for machines (docs/export-1.schema.json) and export.html for people."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from models.encryption.encrypted_column import DataKey
from models.exports import html_page
from models.exports.archive import Archive
from models.exports.section import Section, open_record
from models.exports.sections import SECTIONS, portable_sections
from models.requests.states import RequestKind
from models.storage.ids import Prefix, format_id
from models.storage.statement import Connection

VERSION: Final = 1
"""The version of the format. A reader of version 1 may ignore members that it does not know."""
PREFETCH: Final = 500
RIGHTS: Final = (
    "You may ask us to correct or erase these data, to restrict their use, or object to a use.",
    "You may withdraw a consent at any time, and complain to a data protection authority.",
    "No decision about you is made by a machine alone.",
)
OWN_SYSTEMS: Final = "Our own systems, which are named in this export."


class SystemPart(NamedTuple):
    """The part of an internal system; ``read`` returns its octets, or is None when it was not handed in."""

    system: str
    state: str
    handed_in_at: datetime | None
    size_bytes: int
    replaced_values: int
    note: str
    read: Callable[[], AsyncIterator[bytes]] | None


class ExportContent(NamedTuple):
    """What an export is made of."""

    request_id: UUID
    subject_id: UUID
    kind: str
    created_at: datetime
    controller: Mapping[str, str]
    key: DataKey
    recipients: Sequence[str]
    parts: Sequence[SystemPart]

    @property
    def sections(self) -> Sequence[Section]:
        """The sections of this kind of request."""
        return SECTIONS if self.kind == RequestKind.ACCESS else portable_sections()

    @property
    def head(self) -> dict[str, Any]:
        """Return the members that both documents begin with."""
        return {
            "version": VERSION,
            "kind": self.kind,
            "requestId": format_id(Prefix.RIGHTS_REQUEST, self.request_id),
            "subjectId": format_id(Prefix.SUBJECT, self.subject_id),
            "createdAt": self.created_at,
            "controller": self.controller,
            "rights": RIGHTS,
            "recipients": [OWN_SYSTEMS, *self.recipients],
        }


async def records(connection: Connection, content: ExportContent, section: Section) -> AsyncIterator[dict[str, Any]]:
    """Yield the records of a section. The connection is in a transaction, so that a cursor can stream them."""
    arguments = [content.subject_id]
    async for row in connection.cursor(section.statement.sql, *arguments, prefetch=PREFETCH):
        yield open_record(section, content.key, dict(row))


async def write_json(connection: Connection, content: ExportContent, archive: Archive) -> None:
    """Write export.json. The parts of systems are copied as they were handed in."""
    archive.begin("export.json")
    await archive.write(orjson.dumps(content.head)[:-1] + b',"sections":[')
    for number, section in enumerate(content.sections):
        facts = {
            "category": section.key,
            "title": section.title,
            "description": section.description,
            "purpose": section.purpose,
            "legalBasis": section.legal_basis,
            "retention": section.retention,
            "source": section.source,
        }
        await archive.write((b",\n" if number else b"\n") + orjson.dumps(facts)[:-1] + b',"records":[')
        is_first = True
        async for record in records(connection, content, section):
            await archive.write((b"" if is_first else b",\n") + orjson.dumps(record))
            is_first = False
        await archive.write(b"]}")
    await archive.write(b'\n],"systems":[')
    for number, part in enumerate(content.parts):
        about = {
            "system": part.system,
            "state": part.state,
            "handedInAt": part.handed_in_at,
            "replacedValues": part.replaced_values,
            "note": part.note,
        }
        await archive.write((b",\n" if number else b"\n") + orjson.dumps(about)[:-1] + b',"data":')
        if part.read is None:
            await archive.write(b"null")
        else:
            async for piece in part.read():
                await archive.write(piece)
        await archive.write(b"}")
    await archive.write(b"\n]}\n")
    await archive.end()


async def write_html(connection: Connection, content: ExportContent, archive: Archive) -> None:
    """Write export.html. A part of a system that is too long to be read is said to be in export.json."""

    async def write(text: str) -> None:
        await archive.write(text.encode("utf-8", "replace"))

    archive.begin("export.html")
    sections = [(f"s{number}", section) for number, section in enumerate(content.sections)]
    systems = [(f"p{number}", part) for number, part in enumerate(content.parts)]
    entries = [(anchor, section.title) for anchor, section in sections]
    entries += [(anchor, f"System: {part.system}") for anchor, part in systems]
    title = "Your personal data" if content.kind == RequestKind.ACCESS else "The data that you gave us"
    facts = {
        "Put together by": content.controller["name"],
        "Questions": content.controller["contact"],
        "Date": f"{content.created_at:%Y-%m-%d %H:%M} UTC",
        "Request": format_id(Prefix.RIGHTS_REQUEST, content.request_id),
        "Who receives these data": " ".join([OWN_SYSTEMS, *content.recipients]),
        "Your rights": " ".join(RIGHTS),
    }
    await write(html_page.head(title, facts, entries))
    for anchor, section in sections:
        await write(html_page.section_head(anchor, section))
        count = 0
        async for record in records(connection, content, section):
            await write(html_page.own_record(record))
            count += 1
        await write(html_page.end_of_section(count))
    for anchor, part in systems:
        await _write_system(write, anchor, part)
    await write(html_page.END)
    await archive.end()


def read_json(content: bytes) -> Any:
    """Return a JSON text for the page: numbers of any size as they are written, and all members of one name."""
    return json.loads(content, parse_int=str, parse_float=str, object_pairs_hook=_members)


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        members[name] = [members[name], value] if name in members else value
    return members


async def _write_system(write: Callable[[str], Awaitable[None]], anchor: str, part: SystemPart) -> None:
    state = f"Handed in on {part.handed_in_at:%Y-%m-%d}." if part.handed_in_at else "NOT HANDED IN."
    note = part.note
    content = None
    if part.read and part.size_bytes > html_page.MAX_SHOWN_BYTES:
        note = f"{note} It is too long for this page ({part.size_bytes:,} bytes): read it in export.json.".strip()
    elif part.read:
        content = read_json(b"".join([piece async for piece in part.read()]))
    await write(html_page.system_section(anchor, part.system, state, content, note))
