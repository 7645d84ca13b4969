"""Versions of the privacy policy: published in order, each with the purposes that must be asked again."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import BigInteger

from models.consent import purposes
from models.consent.purposes import LegalBasis
from models.errors import BadInput, PurposeNotRefusable, StateConflict, UnknownPurpose
from models.storage import validation
from models.storage.clock import now
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.statement import Connection, Statement, reads
from models.unit_of_work import UnitOfWork

VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
URL_LENGTH: Final = 200
MAX_DAYS_AHEAD: Final = 730
"""The limit of first days. A later version has a later first day, so that one far ahead would be the last version."""


class PolicyNotice(Table, table=True):
    """How far the notices of a version have been enqueued. Ids of people are ordered by registration."""

    __tablename__ = "policy_notices"

    version: str = column(Text, ErasureAction.IMPERSONAL, references="policy_versions.version", primary_key=True)
    last_subject_id: UUID | None = column(Uuid, ErasureAction.IMPERSONAL, nullable=True)
    enqueued_count: int = column(BigInteger, ErasureAction.IMPERSONAL, server_default="0")
    completed_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)


class PolicyVersionRow(NamedTuple):
    """A version as callers read it."""

    version: str
    effective_on: date
    url: str
    must_ask_again: list[str]
    published_at: datetime


ALL = Statement("""
SELECT version, effective_on, url, must_ask_again, published_at
FROM policy_versions
ORDER BY effective_on
""")

LOCK = Statement("""
SELECT pg_advisory_xact_lock(5302)
""")

INSERT = Statement("""
INSERT INTO policy_versions (version, effective_on, url, must_ask_again, published_at)
VALUES (:version, :effective_on, :url, :must_ask_again, clock_timestamp())
""")

INSERT_NOTICE = Statement("""
INSERT INTO policy_notices (version)
VALUES (:version)
""")


@reads(ALL)
async def all_versions(connection: Connection, _keys: Sequence[None]) -> dict[None, list[PolicyVersionRow]]:
    """Return all versions of the policy, those of the future included, in the order of their first days."""
    return {None: [PolicyVersionRow._make(row) for row in await ALL.rows(connection)]}


@reads(ALL)
async def by_versions(connection: Connection, versions: Sequence[str]) -> dict[str, PolicyVersionRow]:
    """Return the versions with these names. Unknown names are left out."""
    rows = (await all_versions(connection, [None]))[None]
    return {row.version: row for row in rows if row.version in versions}


async def publish_policy(  # noqa: PLR0913 -- the arguments of the mutation
    unit: UnitOfWork, version: str, effective_on: date, url: str, must_ask_again: Sequence[str], *, notify: bool
) -> str:
    """Publish a version of the policy, and return its name. The same version with the same terms is published once.

    BAD_INPUT for a malformed name or URL, or a first day in the past or far ahead; UNKNOWN_PURPOSE;
    PURPOSE_NOT_REFUSABLE for a purpose that needs no consent; STATE_CONFLICT when the name has other terms, or a later
    version exists.
    """
    if not VERSION.fullmatch(version):
        raise BadInput("version", "it is not a name of 1 to 64 letters, digits, dots, dashes and underscores")
    _require_url(url)
    keys = sorted(set(must_ask_again))
    await _require_consent_purposes(unit, keys)
    await LOCK.value(unit.connection)
    rows = (await all_versions(unit.connection, [None]))[None]
    if same := next((row for row in rows if row.version == version), None):
        if (same.effective_on, same.url, sorted(same.must_ask_again)) != (effective_on, url, keys):
            raise StateConflict(argument="version")
        return version
    if not 0 <= (effective_on - now().date()).days <= MAX_DAYS_AHEAD:
        raise BadInput("effectiveOn", f"it is past, or more than {MAX_DAYS_AHEAD} days ahead")
    if rows and effective_on <= rows[-1].effective_on:
        raise StateConflict(argument="effectiveOn")
    await INSERT.run(unit.connection, version=version, effective_on=effective_on, url=url, must_ask_again=keys)
    if notify:
        await INSERT_NOTICE.run(unit.connection, version=version)
    return version


def _require_url(url: str) -> None:
    parts = urlsplit(validation.single_line(url, "url", URL_LENGTH))
    if parts.scheme != "https" or not parts.hostname or parts.username or not url.isascii() or " " in url:
        raise BadInput("url", "it is not a URL that begins with https://")


async def _require_consent_purposes(unit: UnitOfWork, keys: Sequence[str]) -> None:
    known = await purposes.find_purposes(unit.connection, keys)
    if any(key not in known for key in keys):
        raise UnknownPurpose(argument="mustAskAgain")
    if any(known[key].legal_basis != LegalBasis.CONSENT for key in keys):
        raise PurposeNotRefusable(argument="mustAskAgain")
