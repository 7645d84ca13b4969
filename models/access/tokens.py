"""Bearer tokens of services, people and scripts. Only the hash of a token is stored."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint

from models.access import token_names
from models.actors import STAFF_ROLES, Role
from models.errors import BadInput, NotFound
from models.outbox import staff_notices
from models.outbox.staff_notices import StaffNoticeKind
from models.storage.clock import CLOCK_SKEW
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.ids import new_id
from models.storage.statement import Connection, RowByKey, Statement, as_list, reads
from models.subjects.identifiers import parse_system_name
from models.unit_of_work import UnitOfWork

PREFIX = "prv_"


class TokenLifetimes(NamedTuple):
    """The maximum lifetimes of tokens: those with a staff role, and those of services and scripts."""

    people: timedelta = timedelta(days=90)
    services: timedelta = timedelta(days=365)

    def of(self, roles: Sequence[Role]) -> timedelta:
        """Return the maximum lifetime of a token with these roles."""
        return self.services if STAFF_ROLES.isdisjoint(roles) else self.people


class Token(Table, table=True):
    """A bearer token: 256 random bits, whose SHA-256 is stored."""

    __tablename__ = "tokens"
    __table_args__ = (
        CheckConstraint("cardinality(roles) > 0", name="token_has_a_role"),
        CheckConstraint("octet_length(secret_sha256) = 32", name="token_hash_is_one"),
        CheckConstraint(
            "system ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(system) <= 32", name="token_system_is_a_name"
        ),
        CheckConstraint("(approved_by IS NULL) = (approved_at IS NULL)", name="an_approval_has_its_time"),
    )

    id: UUID = column(Uuid, ErasureAction.IMPERSONAL, primary_key=True)
    name: str = column(Text, ErasureAction.IMPERSONAL)
    roles: list[str] = column(ARRAY(Text), ErasureAction.IMPERSONAL)
    secret_sha256: bytes = column(Bytes, ErasureAction.IMPERSONAL, unique=True)
    issued_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    issued_by: str = column(Text, ErasureAction.IMPERSONAL)
    issued_by_identity: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    system: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    approved_by: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    approved_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)
    expires_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)
    last_used_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)
    revoked_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)


class TokenRow(NamedTuple):
    """A token as queries return it, without its hash."""

    id: UUID
    name: str
    roles: list[str]
    issued_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    system: str | None
    approved_at: datetime | None


class NewToken(NamedTuple):
    """What an issuer asks for. Without ``expires_at`` the token gets the maximum lifetime of its roles."""

    name: str
    roles: Sequence[Role]
    expires_at: datetime | None = None
    system: str | None = None


class IssuedTokenRow(NamedTuple):
    """A new token with its secret, which is shown only now."""

    token_id: UUID
    secret: str


DEFAULT_LIFETIMES = TokenLifetimes()
EXPIRY_WARNING = timedelta(days=14)
"""How long before its end a token counts as expiring."""

ALL = Statement("""
SELECT id, name, roles, issued_at, expires_at, last_used_at, revoked_at, system, approved_at
FROM tokens
ORDER BY issued_at, id
""")

BY_IDS = Statement("""
SELECT id, name, roles, issued_at, expires_at, last_used_at, revoked_at, system, approved_at
FROM tokens
WHERE id = ANY(:ids)
""")

# A token with a role of people is valid once it is approved.
VALID = Statement("""
SELECT secret_sha256, id, name, roles, issued_at, expires_at, last_used_at, revoked_at, system, approved_at
FROM tokens
WHERE secret_sha256 = ANY(:hashes)
AND revoked_at IS NULL
AND (expires_at IS NULL OR expires_at > clock_timestamp())
AND (approved_at IS NOT NULL OR NOT roles && CAST('{SUPPORT,BILLING,PRIVACY}' AS text[]))
""")

ISSUE = Statement("""
INSERT INTO tokens (
    id, name, roles, secret_sha256, issued_at, issued_by, issued_by_identity, system, approved_by, approved_at,
    expires_at
)
VALUES (
    :id, :name, :roles, :hash, :at, :actor, :identity, :system, CAST(:approved_by AS text),
    CASE WHEN CAST(:approved_by AS text) IS NOT NULL THEN CAST(:at AS timestamptz) END, :expires_at
)
""")

REVOKE = Statement("""
UPDATE tokens
SET revoked_at = COALESCE(revoked_at, clock_timestamp())
WHERE id = :id
RETURNING id
""")

ISSUER = Statement("""
SELECT issued_by
FROM tokens
WHERE id = :id
""")

EXPIRING = Statement("""
SELECT count(*)
FROM tokens
WHERE revoked_at IS NULL
AND expires_at BETWEEN clock_timestamp() AND clock_timestamp() + CAST(:warned AS interval)
""")

# Rounded to the minute, so that a busy token does not cause a write for every request.
USED = Statement("""
UPDATE tokens
SET last_used_at = date_trunc('minute', clock_timestamp())
WHERE id = ANY(:ids)
AND last_used_at IS DISTINCT FROM date_trunc('minute', clock_timestamp())
""")


def hash_secret(secret: str) -> bytes:
    """Return the stored hash of a secret. Its 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


@reads(ALL)
async def all_tokens(connection: Connection, _keys: Sequence[None]) -> Mapping[None, list[TokenRow]]:
    """Return all tokens, the oldest first."""
    return {None: [TokenRow._make(row) for row in await ALL.rows(connection)]}


@reads(BY_IDS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, TokenRow]:
    """Return the tokens with these ids."""
    return RowByKey((row[0], TokenRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


@reads(VALID)
async def find_valid(connection: Connection, hashes: Sequence[bytes]) -> RowByKey[bytes, TokenRow]:
    """Return the tokens with these hashes that are neither expired nor revoked."""
    return RowByKey((row[0], TokenRow._make(row[1:])) for row in await VALID.rows(connection, hashes=as_list(hashes)))


async def issue_token(
    unit: UnitOfWork, new: NewToken, lifetimes: TokenLifetimes = DEFAULT_LIFETIMES, *, is_approved: bool = False
) -> IssuedTokenRow:
    """Issue a token for a service, a person or a script. The secret is returned only now and is not stored.

    A token with a role of people works once it is approved, which only commands do at once (``is_approved``).
    Raise BAD_INPUT for a name that a valid token has, and for an end after the maximum lifetime of the roles.
    """
    name = token_names.parse_name(new.name)
    if not new.roles:
        raise BadInput("roles", "it has no role")
    if new.expires_at is not None and new.expires_at <= unit.at:
        raise BadInput("expiresAt", "it is in the past")
    lifetime = lifetimes.of(new.roles)
    if new.expires_at is not None and new.expires_at > unit.at + lifetime + CLOCK_SKEW:
        raise BadInput("expiresAt", f"it is later than {lifetime.days} days from now")
    await token_names.require_free(unit.connection, name)
    secret = PREFIX + secrets.token_urlsafe(32)
    token_id = new_id()
    await ISSUE.run(
        unit.connection,
        id=token_id,
        name=name,
        roles=[str(role) for role in dict.fromkeys(new.roles)],
        hash=hash_secret(secret),
        at=unit.at,
        actor=unit.actor.name,
        identity=unit.actor.identity,
        system=None if new.system is None else parse_system_name(new.system, "system"),
        approved_by=unit.actor.name if is_approved else None,
        expires_at=new.expires_at or unit.at + lifetime,
    )
    if not STAFF_ROLES.isdisjoint(new.roles):
        await staff_notices.enqueue(unit, StaffNoticeKind.PEOPLE_TOKEN_ISSUED, token_id)
    return IssuedTokenRow(token_id, secret)


async def read_issuer(connection: Connection, token_id: UUID) -> str:
    """Return the name of the actor who issued a token."""
    return str(await ISSUER.value(connection, id=token_id))


async def revoke_token(unit: UnitOfWork, token_id: UUID) -> UUID:
    """Revoke a token; every process refuses it within a second. Raise NOT_FOUND if it does not exist."""
    if await REVOKE.value(unit.connection, id=token_id) is None:
        raise NotFound(argument="id")
    return token_id


async def count_expiring(connection: Connection) -> int:
    """Return the number of tokens that expire within EXPIRY_WARNING."""
    return int(await EXPIRING.value(connection, warned=EXPIRY_WARNING))
