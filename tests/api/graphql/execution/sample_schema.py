"""A sample schema with every construct that a schema can have, over a world that fails on purpose."""

import asyncio
from collections.abc import Hashable, Iterable, Mapping, Sequence
from enum import Enum, StrEnum
from random import Random
from typing import Annotated, Any, ClassVar, NamedTuple, NewType
from uuid import UUID

import strawberry
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from strawberry.schema.config import StrawberryConfig

from models.encryption.encrypted_column import DataKey, EncryptedColumn
from models.errors import BadInput, CardNumberRefused, NotFound, Unavailable
from resolvers.field_sources import Batched, Read, batched, column, source_of

Even = NewType("Even", int)


def parse_even(value: Any) -> int:
    """Take an even number: an odd one is refused with words, 4242 is refused as a card number."""
    number = int(value)
    if number == 4242:
        raise CardNumberRefused
    if number % 2:
        raise BadInput("even", "an even number is needed")
    return number


def write_even(value: Any) -> int | None:
    if value % 2:
        raise NotFound
    return None if value == 0 else int(value)


@strawberry.enum
class Mood(Enum):
    CALM = 1
    LOUD = 2


@strawberry.enum
class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


KEY = DataKey(UUID(int=7), AESGCM(bytes(32)))
NAME = EncryptedColumn("people.name")
NICK = EncryptedColumn("people.nick")


class PersonRow(NamedTuple):
    """A member as the table has it."""

    id: str
    subject_id: UUID
    name: Annotated[bytes, NAME]
    nick: Annotated[bytes | None, NICK]
    age: int
    mood: Mood
    colour: Colour | None
    even: int
    words: list[str]
    grid: list[list[int | None]]
    badge: "BadgeRow | None"


class RobotRow(NamedTuple):
    """A machine as the table has it; it is no subject."""

    serial: str
    id: str
    power: float


class BadgeRow(NamedTuple):
    """What a member wears."""

    text: str
    colour: Colour


class PageRow(NamedTuple):
    """Some of many."""

    rows: list[Any]
    first: int
    mood: Mood


class World:
    """What the reads find: the same for the same seed, with nulls, wrong values and exceptions as ``faults`` has it."""

    def __init__(self, seed: int, faults: float) -> None:
        self.seed = seed
        self.faults = faults
        self.mutations: list[str] = []
        self.seen: list[tuple[tuple[str, ...], list[UUID | None]]] = []
        self.loads: list[tuple[str, tuple[Any, ...], tuple[Any, ...]]] = []
        self.keyrings: list[list[UUID]] = []

    def chance(self, *of: object) -> Random:
        return Random(repr((self.seed, of)))

    def maybe(self, random: Random, value: Any, *wrong: Any) -> Any:
        return random.choice((None, *wrong)) if random.random() < self.faults else value

    def person(self, key: object) -> Any:
        random = self.chance("person", key)
        sealed = DataKey(UUID(int=random.randrange(1, 5)), KEY.cipher)
        row = PersonRow(
            id=self.maybe(random, f"per_{key}"),
            subject_id=sealed.owner_id,
            name=self.maybe(random, NAME.encrypt(sealed, f"Name {key}"), b"\x01 does not open"),
            nick=random.choice((None, NICK.encrypt(sealed, "Nick"))),
            age=self.maybe(random, random.randrange(99), "old", 2**40, True, 1.5),
            mood=self.maybe(random, random.choice([*Mood]), "cheerful"),
            colour=self.maybe(random, random.choice([*Colour]), "green", "red"),
            even=self.maybe(random, 2, 1, 0),
            words=self.maybe(random, ["a", self.maybe(random, "b", {})], "letters", ["a", None], ()),
            grid=self.maybe(random, [[1, None], [], [2, self.maybe(random, 3, "x")]], [None, [1]], [[1], 5]),
            badge=self.maybe(random, self.badge(key, random), KeyError("no badge")),
        )
        return self.maybe(random, row, LookupError(f"person {key}"))

    def badge(self, key: object, random: Random) -> BadgeRow:
        return BadgeRow(self.maybe(random, f"badge {key}", 3.5), self.maybe(random, Colour.RED, "puce"))

    def robot(self, key: object) -> RobotRow:
        random = self.chance("robot", key)
        return RobotRow(f"R{key}", f"rob_{key}", self.maybe(random, 1.5, float("inf"), "2.5"))

    def node(self, key: object) -> Any:
        random = self.chance("node", key)
        return self.maybe(random, self.person(key) if random.random() < 0.5 else self.robot(key), "a stranger")


class Context(World):
    """A request in that world. Whole reads fail by name; single keys are found as exceptions."""

    async def load(self, read: Read, keys: Sequence[Hashable], arguments: tuple[Hashable, ...] = ()) -> list[Any]:
        self.loads.append((read.__name__, tuple(keys), arguments))
        rows = await read(self, keys, *arguments)
        return [rows[key] for key in keys]

    async def keys_of(self, subject_ids: Sequence[UUID]) -> Mapping[UUID, DataKey]:
        self.keyrings.append([*subject_ids])
        self.fail("keys_of")
        return {each: DataKey(each, KEY.cipher) for each in subject_ids if each.int != 4 or not self.faults}

    async def pause(self) -> None:
        await asyncio.sleep(0)

    def record_read(self, subject_ids: Iterable[UUID | None], *coordinates: tuple[str, ...]) -> None:
        self.seen += [(each, [*subject_ids]) for each in coordinates]

    def fail(self, *name: object) -> None:
        if self.chance("fails", *name).random() < self.faults / 2:
            raise Unavailable


async def friends_of(world: Any, keys: Sequence[Any]) -> Mapping[Any, Any]:
    world.fail("friends_of")
    return {
        key: world.maybe(world.chance("friends", key), world_list(world, "friends", key), "nobody", 5) for key in keys
    }


def world_list(world: Any, what: str, key: object) -> list[Any]:
    return [world.person(each) for each in range(world.chance(what, key).randrange(4))]


async def bosses_of(world: Any, keys: Sequence[Any]) -> Mapping[Any, Any]:
    world.fail("bosses_of")
    return {key: world.person(f"boss of {key}"[-12:]) for key in keys}


async def circles_of(world: Any, keys: Sequence[Any]) -> Mapping[Any, Any]:
    world.fail("circles_of")
    return {
        key: world.maybe(
            world.chance("circles", key),
            [world_list(world, "a", key), world.maybe(world.chance("c", key), []), world_list(world, "b", key)],
        )
        for key in keys
    }


async def pets_of(world: Any, keys: Sequence[Any], first: int, mood: Mood) -> Mapping[Any, Any]:
    world.fail("pets_of", first)
    return {key: [world.node(each) for each in range(first % 4)] for key in keys}


async def notes_of(world: Any, keys: Sequence[Any]) -> Mapping[Any, Any]:
    world.fail("notes_of")
    return {key: world.maybe(world.chance("note", key), f"note of {key}", 5, ValueError("torn"), []) for key in keys}


POSITIVE = "what is to be positive"
"""A value that the body refuses, unlike the values that coercion refuses."""


def positive(first: int) -> int:
    if first < 0:
        raise BadInput(POSITIVE)
    return first


def paginated(by: Read, *, ignores_caller: bool = True, description: str) -> Any:
    """Declare a field whose read takes arguments, is checked and wrapped, as pages are."""

    def arguments(_: Any, values: Mapping[str, Any]) -> tuple[Hashable, ...]:
        return positive(values["first"]), values["mood"]

    def check(key: Any, first: int, mood: Mood) -> None:
        if first == 3 and str(key).endswith("1"):
            raise NotFound

    def wrap(rows: Any, key: Any, first: int, mood: Mood) -> PageRow:
        if first == 7:
            raise NotFound
        return PageRow(rows, first, mood)

    async def resolve(
        root: strawberry.Parent[Any],
        info: strawberry.Info[Any, None],
        first: int = 2,
        mood: Mood = Mood.CALM,
    ) -> Any:
        return await source_of(info._field).value(root, info.context, {"first": first, "mood": mood})

    source = Batched(by, "id", arguments, check, wrap, ignores_caller)
    return strawberry.field(resolver=resolve, description=description, metadata={"source": source})


class Shape:
    """What all types of the club share: they know their rows."""

    row: ClassVar[type]

    @classmethod
    def is_type_of(cls, value: Any, _: Any) -> bool:
        return isinstance(value, cls.row)


@strawberry.interface(description="Anything with an id.")
class Node:
    id: strawberry.ID = column(description="The id.")


@strawberry.type(description="What a member wears; its row is not declared.")
class Badge:
    text: str = column(description="What it says.")
    colour: Colour = column(description="Its colour.")
    shout: str = column("text", "colour", make=lambda text, colour: f"{text.upper()} {colour}", description="Both.")


@strawberry.type(description="A machine.")
class Robot(Shape, Node):
    row: ClassVar[type] = RobotRow

    id: strawberry.ID = column(description="The id.")
    power: float = column(description="In watts.")
    serial: str | None = column(description="As stamped.")
    maker: "Person | None" = batched(bosses_of, "serial", description="Who made it.")


@strawberry.type(description="Some of many.")
class Page:
    row: ClassVar[type] = PageRow

    nodes: list[Node | None] = column("rows", description="The rows.")
    first: int = column(description="As asked.")
    mood: Mood = column(description="As asked.")


@strawberry.type(description="A member.")
class Person(Shape, Node):
    row: ClassVar[type] = PersonRow

    id: strawberry.ID = column(description="The id.")
    name: str = column(description="Sealed.")
    nick: str | None = column(description="Sealed, or none.")
    greeting: str | None = column("name", "nick", make=lambda name, nick: f"{name}, {nick or ''}", description="Both.")
    age: int = column(description="In years.")
    age_if_known: int | None = column("age", description="In years.")
    mood: Mood = column(description="Today's.")
    colour: Colour | None = column(description="The favourite.")
    even: Even | None = column(description="A scalar of our own.")
    half: float | None = column("age", make=lambda age: age / 2, description="Half the age.")
    words: list[str] = column(description="Strict words.")
    loose_words: list[str | None] | None = column("words", description="Loose words.")
    grid: list[list[int | None]] | None = column(description="Lists of lists.")
    badge: Badge | None = column(description="A row within the row.")
    friends: list["Person"] = batched(friends_of, description="Strict friends.")
    loose_friends: list["Person | None"] | None = batched(friends_of, description="Loose friends.")
    circles: list[list["Person"] | None] | None = batched(circles_of, description="Friends of friends.")
    boss: "Person" = batched(bosses_of, description="Strictly somebody.")
    mentor: "Person | None" = batched(bosses_of, description="Perhaps somebody.")
    note: str | None = batched(notes_of, description="A leaf that a read feeds.")
    firm_note: str = batched(notes_of, description="The same, strictly.")
    pets: Page | None = paginated(pets_of, description="A page, with arguments.")
    own_pets: Page | None = paginated(
        pets_of, ignores_caller=False, description="The same, of what the caller may see."
    )


@strawberry.input(one_of=True, description="Exactly one key.")
class PersonBy:
    id: strawberry.ID | None = strawberry.UNSET
    mood: Mood | None = strawberry.UNSET
    badge: "BadgeInput | None" = strawberry.UNSET


@strawberry.input(description="What is on a badge.")
class BadgeInput:
    full_text: str
    colours: list[Colour] = strawberry.field(default_factory=lambda: [Colour.BLUE])
    size: int | None = 3
    even: Even | None = strawberry.UNSET
    note: str | None = None
    inner: "BadgeInput | None" = strawberry.UNSET


@strawberry.type
class Query:
    @strawberry.field
    async def person(self, info: strawberry.Info, by: PersonBy) -> Person | None:
        info.context.fail("person", repr(by))
        return info.context.person(repr(by)[-9:])

    @strawberry.field
    def people(self, info: strawberry.Info, first: int = 3) -> list[Person]:
        return [info.context.person(each) for each in range(positive(first) % 5)]

    @strawberry.field
    async def node(self, info: strawberry.Info, id: strawberry.ID) -> Node | None:  # noqa: A002
        return info.context.node(id)

    @strawberry.field
    def nodes(self, info: strawberry.Info, ids: list[strawberry.ID]) -> list[Node | None] | None:
        return [info.context.node(each) for each in ids]

    @strawberry.field
    def echo(  # noqa: PLR0913, PLR0917
        self,
        text: str | None = None,
        number: int | None = 4,
        share: float | None = None,
        moods: list[Mood] | None = strawberry.UNSET,
        colour: Colour = Colour.RED,
        badge: BadgeInput | None = None,
        badges: list[BadgeInput | None] | None = None,
        by: PersonBy | None = strawberry.UNSET,
        even: Even | None = None,
        rows: list[list[int]] | None = None,
        yes: bool = True,  # noqa: FBT001, FBT002
    ) -> str:
        """Return the arguments of the body as Python writes them."""
        return repr((text, number, share, moods, colour, badge, badges, by, even, rows, yes))


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def rename(self, info: strawberry.Info, to: str) -> Person:
        info.context.mutations.append(to)
        info.context.fail("rename", to)
        return info.context.person(to)

    @strawberry.mutation
    def forget(self, info: strawberry.Info, by: PersonBy | None = None) -> Person | None:
        info.context.mutations.append(repr(by))
        return info.context.person(repr(by)[-9:])

    @strawberry.mutation
    async def mutations(self, info: strawberry.Info) -> list[str]:
        info.context.fail("mutations")
        return list(info.context.mutations)


EVEN = strawberry.scalar(name="Even", serialize=write_even, parse_value=parse_even)
PERSONAL = frozenset({"Person.name", "Person.nick"})
"""Not all that is under a seal: what is not recorded is opened, too."""
schema = strawberry.Schema(
    Query, Mutation, types=[Robot, Person], config=StrawberryConfig(scalar_map={Even: EVEN})
)._schema
