"""Writes random documents, with variables, that are valid for a schema or nearly so."""

from collections.abc import Mapping, Sequence
from json import dumps
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
    is_interface_type,
    is_list_type,
    is_non_null_type,
)

TEXTS = ("", "per_1", "a", "ü")
PLAIN: dict[str, Sequence[Any]] = {
    "Int": (0, 1, 3, 7, -1),
    "Even": (2, 4, 100),
    "Float": (0.5, 2, -1.25),
    "Boolean": (True, False),
}


class Author:
    """Writes one document for one seed; ``size`` bounds how much is selected."""

    def __init__(
        self, schema: GraphQLSchema, seed: int, size: int, pools: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        self.schema = schema
        self.pools = PLAIN | dict(pools or {})
        self.random = Random(seed)
        self.size = size
        self.aliases: dict[tuple[str, str, str], str] = {}
        self.declared: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.fragments: dict[str, str] = {}
        self.unwritten: list[tuple[str, Any]] = []

    def document(self) -> str:
        operation = "mutation" if self.schema.mutation_type and self.chance(0.2) else "query"
        root = self.schema.mutation_type if operation == "mutation" else self.schema.query_type
        selection = (
            "{ " + " ".join(self.part(root, 4) for _ in range(self.random.choice((1, 1, 2, 1 + self.size)))) + " }"
        )
        head = f"({', '.join(self.declared.values())})" if self.declared else ""
        return "\n".join([f"{operation} Generated{head} {selection}", *self.fragments.values()])

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def selection(self, type_: Any, depth: int) -> str:
        parts = [self.part(type_, depth) for _ in range(self.random.randrange(1, 3 + self.size))]
        return "{ " + " ".join(parts) + " }"

    def part(self, type_: Any, depth: int) -> str:
        kind = self.random.random()
        if kind < 0.12 and depth > 0:
            return self.inline(type_, depth)
        if kind < 0.2 and depth > 0:
            return self.spread(type_, depth)
        if kind < 0.25:
            return f"{self.random.choice(('', 'what: '))}__typename{self.directives()}"
        return self.field(type_, depth)

    def field(self, type_: Any, depth: int) -> str:
        fields = [
            (name, field)
            for name, field in self.fields(type_)
            if depth > 0 or not is_composite_type(get_named_type(field.type))
        ]
        if not fields:
            return "__typename"
        name, field = self.random.choice(fields)
        arguments = self.arguments(field)
        alias = self.aliases.setdefault((type_.name, name, arguments), f"a{len(self.aliases)}_{name}")
        if not arguments and self.chance(0.5):
            alias = name
        below = get_named_type(field.type)
        selection = f" {self.selection(below, depth - 1)}" if is_composite_type(below) else ""
        return f"{alias}: {name}{arguments}{self.directives()}{selection}"

    def fields(self, type_: Any) -> Sequence[tuple[str, Any]]:
        """Return the fields to choose from."""
        return [*type_.fields.items()]

    def arguments(self, field: Any) -> str:
        parts = [
            f"{name}: {self.argument(each, name)}"
            for name, each in field.args.items()
            if self.chance(0.6) or (is_non_null_type(each.type) and not self.has_default(each))
        ]
        return f"({', '.join(parts)})" if parts else ""

    @staticmethod
    def has_default(argument: Any) -> bool:
        return argument.default is not None or str(argument.default_value) != "Undefined"

    def argument(self, argument: Any, called: str) -> str:
        if self.chance(0.4):
            return self.variable(argument.type, called)
        return self.literal(argument.type, called)

    def variable(self, type_: Any, called: str) -> str:
        """Declare a variable that fits, or one that is nullable with a default, and choose what is sent for it."""
        name = f"v{len(self.declared)}"
        default = ""
        declared = str(type_)
        if self.chance(0.4):
            default = f" = {self.literal(type_, called, constant=True)}"
            if is_non_null_type(type_) and self.chance(0.7) and "null" not in default:
                declared = declared[:-1]
        self.declared[name] = f"${name}: {declared}{default}"
        if self.chance(0.97 if declared.endswith("!") and not default else 0.7):
            self.values[name] = self.value(type_, called)
        if self.chance(0.02):
            self.values[name] = None
        return f"${name}"

    def literal(self, type_: Any, called: str, *, constant: bool = False, depth: int = 3) -> str:
        if is_non_null_type(type_):
            type_ = type_.of_type
        elif self.chance(0.15):
            return "null"
        if is_list_type(type_):
            parts = [
                self.inner(type_.of_type, called, depth, constant=constant) for _ in range(self.random.randrange(3))
            ]
            return f"[{', '.join(parts)}]"
        if isinstance(type_, GraphQLInputObjectType):
            parts = [
                f"{name}: {self.inner(each, name, depth, constant=constant)}"
                for name, each in self.input_fields(type_, depth)
            ]
            return "{" + ", ".join(parts) + "}"
        value = self.plain(type_, called)
        return str(value) if isinstance(type_, GraphQLEnumType) else dumps(value, ensure_ascii=False)

    def inner(self, type_: Any, called: str, depth: int, *, constant: bool) -> str:
        if not constant and self.chance(0.2):
            return self.variable(type_, called)
        return self.literal(type_, called, constant=constant, depth=depth - 1)

    def input_fields(self, type_: GraphQLInputObjectType, depth: int) -> list[tuple[str, Any]]:
        """Choose fields of an input object to give; the one key of a @oneOf type is null rarely."""
        fields = [
            (name, each.type) for name, each in type_.fields.items() if depth > 0 or not self.is_object(each.type)
        ]
        if type_.extensions["strawberry-definition"].is_one_of:
            name, only = self.random.choice(fields)
            return [(name, only if self.chance(0.1) else GraphQLNonNull(only))]
        return [(name, each) for name, each in fields if is_non_null_type(each) or self.chance(0.4)]

    @staticmethod
    def is_object(type_: Any) -> bool:
        return isinstance(get_named_type(type_), GraphQLInputObjectType)

    def value(self, type_: Any, called: str, *, wrong: float = 0.005, depth: int = 3) -> Any:
        """Choose a JSON value for a type, wrong sometimes."""
        if self.chance(wrong):
            return self.random.choice(({}, "what", 3.5, [], [None], 7, {"id": 1}, {"unknown": 1}, None, "4242"))
        if is_non_null_type(type_):
            type_ = type_.of_type
        elif self.chance(0.15):
            return None
        if is_list_type(type_):
            if self.chance(0.1):
                return self.value(type_.of_type, called, wrong=wrong, depth=depth)
            return [
                self.value(type_.of_type, called, wrong=wrong, depth=depth) for _ in range(self.random.randrange(3))
            ]
        if isinstance(type_, GraphQLInputObjectType):
            return {
                name: self.value(each, name, wrong=wrong, depth=depth - 1)
                for name, each in self.input_fields(type_, depth)
            }
        return self.plain(type_, called)

    def plain(self, type_: Any, called: str) -> Any:
        """Choose a value of a scalar or an enum that fits."""
        if isinstance(type_, GraphQLEnumType):
            return self.random.choice([*type_.values])
        return self.random.choice(self.pools.get(called) or self.pools.get(type_.name, TEXTS))

    def directives(self) -> str:
        if self.chance(0.8):
            return ""
        condition = self.random.choice(("true", "false")) if self.chance(0.5) else self.choosing()
        return f" @{self.random.choice(('skip', 'include'))}(if: {condition})"

    def choosing(self) -> str:
        name = f"b{self.random.randrange(3)}"
        if name not in self.declared:
            self.declared[name] = f"${name}: " + self.random.choice(("Boolean!", "Boolean! = true", "Boolean = false"))
            if self.chance(0.97):
                self.values[name] = self.chance(0.5)
            if self.chance(0.03):
                self.values[name] = None
        return f"${name}"

    def inline(self, type_: Any, depth: int) -> str:
        condition = self.condition(type_)
        on = "" if condition is type_ and self.chance(0.5) else f" on {condition.name}"
        return f"...{on}{self.directives()} {self.selection(condition, depth - 1)}"

    def spread(self, type_: Any, depth: int) -> str:
        condition = self.condition(type_)
        known = [name for name, text in self.fragments.items() if f" on {condition.name} " in text]
        if known and self.chance(0.5):
            name = self.random.choice(known)
        else:
            name = f"F{len(self.fragments)}_{self.random.randrange(1000)}"
            text = f"fragment {name} on {condition.name} {self.selection(condition, depth - 1)}"
            self.fragments[name] = text
        return f"...{name}{self.directives()}"

    def condition(self, type_: Any) -> Any:
        if is_interface_type(type_):
            return self.random.choice([type_, *self.schema.get_possible_types(type_)])
        return self.random.choice([type_, *type_.interfaces])
