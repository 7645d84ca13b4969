"""A request context of our own schema whose reads and mutations return invented values of the annotated types."""

import asyncio
import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from random import Random
from types import SimpleNamespace, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.actors import Actor, Role
from models.encryption.encrypted_column import DataKey, EncryptedColumn
from models.encryption.keyring import LookupHash
from models.errors import BadInput, Unavailable
from models.storage.ids import Prefix, format_id
from models.storage.pagination import Page
from models.storage.statement import RowsByKey
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import by_ids
from resolvers.pagination import CursorCodec

WORDS = ("ACTIVE", "GRANTED", "WITHDRAWN", "STORE", "GDPR", "CONSENT", "newsletter", "2030", "7")
SAID = {
    "status": ("ACTIVE", "ERASED"),
    "regime": ("GDPR", "CCPA"),
    "legal_basis": ("CONSENT", "CONTRACT"),
    "state": ("GRANTED", "OBJECTED"),
    "channel": ("STORE", "EMAIL"),
    "role": ("PRIVACY", "STORE"),
    "action": ("READ", "WRITE"),
    "reason": ("GRANTED", "LAPSED"),
}
"""What columns of text hold whose values the schema enumerates."""
CIPHER = AESGCM(bytes(32))
SUBJECT, SYNC, PAYMENT, TOKEN = (
    format_id(prefix, UUID("0192f3aa-0000-7000-8000-000000000001"))
    for prefix in (Prefix.SUBJECT, Prefix.SYNC_ACCOUNT, Prefix.PAYMENT_FRAGMENT, Prefix.TOKEN)
)
POOLS: dict[str, Sequence[Any]] = {
    "Int": (1, 2, 12, 50, 2030),
    "DateTime": ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+01:00"),
    "BigInt": (0, 2**40),
    "id": (SUBJECT, SUBJECT, SYNC, PAYMENT, TOKEN),
    "ids": (SUBJECT, SUBJECT, SUBJECT[:-1] + "2"),
    "email": ("user1@example.com", "user2@example.com", "nobody"),
    "emails": ("user1@example.com", "user2@example.com"),
    "system": ("store", "sync"),
    "reference": ("A-1",),
    "purpose": ("newsletter",),
    "lastDigits": ("1234",),
    "country": ("CH",),
}
"""What callers may say."""


SERVICE = SimpleNamespace(
    questions=SimpleNamespace(count=lambda *_: None),
    keyring=SimpleNamespace(hashes=lambda _, name: [LookupHash(1, name.encode())]),
)
"""Counts nothing, and hashes names into themselves."""


class PlainCursors(CursorCodec):
    """Cursors that can be compared."""

    def encode(self, name: str, owner: str, position: tuple[Any, ...]) -> str:
        return f"{name} {owner} {position}"

    def decode(self, name: str, cursor: str) -> list[Any]:
        raise BadInput("after", f"it is not a cursor of {name}" if cursor else None)


class Invention:
    """Gives the same for the same seed; nulls, wrong values and exceptions where ``faults`` has it."""

    def __init__(self, seed: int, faults: float) -> None:
        self.seed = seed
        self.faults = faults
        self.cursors = PlainCursors([])
        self.actor = Actor("somebody", Role.PRIVACY, (Role.PRIVACY,), "CASE-1")
        self.permissions = frozenset({"Subject.id", "SyncAccount.id", "PaymentFragment.id"})
        self.mutations: list[str] = []
        self.seen: list[tuple[tuple[str, ...], list[UUID | None]]] = []
        self.service = SERVICE

    def chance(self, *of: object) -> Random:
        return Random(hashlib.sha256(repr((self.seed, of)).encode()).digest())

    def fail(self, *name: object) -> None:
        if self.chance("fails", name).random() < self.faults / 2:
            raise Unavailable

    async def load(
        self,
        read: Any,
        keys: Sequence[Hashable],
        _: tuple[Hashable, ...] = (),
        then: Callable[[Any], Any] | None = None,
    ) -> Any:
        self.fail(read.__module__, read.__name__)
        annotation = get_type_hints(read, include_extras=True)["return"]
        value = get_args(annotation)[1]
        if get_origin(annotation) is RowsByKey:
            value = list[value]  # type: ignore[valid-type]
        values = [
            self.invented_value(value, self.chance(read.__module__, read.__name__, key), firmly=False) for key in keys
        ]
        return then(values) if then else values

    async def load_one(self, read: Any, key: Hashable, *arguments: Hashable) -> Any:
        return (await self.load(read, [key], arguments))[0]

    async def find(self, name: SubjectIdentifier) -> Any:
        return await self.load_one(by_ids, name.lookup_key)

    async def keys_of(self, subject_ids: Sequence[UUID]) -> Mapping[UUID, DataKey]:
        self.fail("keys_of")
        return {each: DataKey(each, CIPHER) for each in subject_ids if each.int % 7 or not self.faults}

    async def run_mutation(self, mutation: Callable[..., Any], *_: Any, **__: Any) -> Any:
        field = mutation.__name__
        self.mutations.append(field)
        self.fail(field)
        return self.invented_value(
            get_type_hints(mutation, include_extras=True)["return"], self.chance(field), firmly=False
        )

    async def pause(self) -> None:
        await asyncio.sleep(0)

    def record_read(self, subject_ids: Iterable[UUID | None], *coordinates: tuple[str, ...]) -> None:
        people = [*subject_ids]
        assert all(isinstance(each, UUID) for each in people)
        self.seen += [(each, people) for each in coordinates]

    def invented_value(self, type_: Any, random: Random, subject: DataKey | None = None, *, firmly: bool = True) -> Any:
        """Invent a value of a type."""
        if random.random() < self.faults / (3 if firmly else 6):
            return random.choice((None, LookupError("lost"), "wrong"))
        origin, arguments = get_origin(type_), get_args(type_)
        if origin is Annotated:
            for seal in arguments[1:]:
                if (
                    isinstance(seal, EncryptedColumn)
                    and subject
                    and self.invented_value(arguments[0], random) is not None
                ):
                    return seal.encrypt(subject, random.choice(WORDS))
            return None
        if origin in {Union, UnionType}:
            return self.invented_value(random.choice(arguments), random, subject)
        if isinstance(origin, type) and issubclass(origin, Sequence):
            parts = [self.invented_value(arguments[0], random) for _ in range(random.randrange(4))]
            return Page(parts, random.random() < 0.5) if origin is Page else parts
        return self.plain(type_, random)

    def plain(self, type_: Any, random: Random) -> Any:
        if isinstance(type_, type) and issubclass(type_, tuple) and hasattr(type_, "_fields"):
            subject = DataKey(UUID(int=random.randrange(1, 2**100)), CIPHER)
            hints = get_type_hints(type_, include_extras=True)
            values = {
                name: random.choice(SAID[name]) if name in SAID else self.invented_value(hints[name], random, subject)
                for name in type_._fields
            }
            return type_(**values | ({"subject_id": subject.owner_id} if "subject_id" in values else {}))
        if isinstance(type_, type) and issubclass(type_, Enum):
            return random.choice([*type_])
        scalars: dict[Any, Callable[[], Any]] = {
            UUID: lambda: UUID(int=random.randrange(2**100)),
            str: lambda: random.choice(WORDS),
            int: lambda: random.randrange(40),
            bool: lambda: random.random() < 0.5,
            bytes: lambda: b"",
            datetime: lambda: datetime.fromtimestamp(random.randrange(2**31), UTC),
        }
        return scalars.get(type_, lambda: None)()
