"""The compiled parts of a plan: a level is the fields asked of one type, compiled for one class of parent rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from graphql import GraphQLOutputType, is_list_type, is_non_null_type
from graphql.language import FieldNode

from api.graphql.execution.completion import completion_text


class Step(Protocol):
    """How the values of one field come to be, for all parent rows of a level at once."""

    def start(self, frame: Any, run: Any) -> Any:
        """Ask, once, for what has to be waited for."""

    def values(self, frame: Any, run: Any) -> list[Any]:
        """Give a value, or the exception that stands for it, for each row."""


class Field(NamedTuple):
    """One response name of a selection set on one type.

    A value comes straight from a row, and the keys that open what is sealed in it, by ``get`` (which is ``text`` of a
    row ``r`` and of ``keys``), or those of all rows by ``step``.
    ``target`` leads to the levels below, where the type, inside ``depth`` lists, has fields.
    """

    name: str
    coordinate: str
    type: GraphQLOutputType
    nodes: list[FieldNode]
    text: str = ""
    names: Mapping[str, Any] = {}
    get: Callable[[Any, Any], Any] | None = None
    sealed: Mapping[str, str] = {}
    """The columns that are opened, each with the text that opens it."""
    step: Step | None = None
    takes_arguments: bool = False
    """Whether the step takes arguments, which each request has of its own."""
    target: Any = None
    depth: int = 0


class Level:
    """The fields asked of one type, in the order of the answer, for one class of rows."""

    def __init__(self, fields: Sequence[Field], personal: tuple[str, ...], sealed: frozenset[str]) -> None:
        self.fields = fields
        self.steps = [(field, field.step) for field in fields if field.step]
        self.personal = personal
        self.sealed = sealed
        self.is_ready = not self.steps and not personal and not sealed
        """Whether the answers of its rows can be built at once."""
        self.sole: tuple[Field, Any] | None = None
        """At the root: the field, and its body, where there is no other and it leads to rows."""
        self.takes_arguments = any(field.takes_arguments for field in fields)
        self.leads_on = False
        """At the root: whether rows were met that lead to more, for which requests may go on together."""
        self.is_alone = False
        """At the root: whether arguments were found to be taken below, so that each request has to go alone."""
        self.assemble = _assembler(fields)
        self.sealed_of = _sealed_of(sealed)


def _assembler(fields: Sequence[Field]) -> Callable[[list[Any], list[list[Any]], Any], list[Any]]:
    """Write the function that builds the answers of all rows of a level, raising where a value is not plain."""
    names: dict[str, Any] = {}
    entries, columns = [], []
    opened: set[str] = set()
    for field in fields:
        text = field.text
        for name, opening in field.sealed.items():
            text = text.replace(opening, f"opened_{name}" if name in opened else f"(opened_{name} := {opening})")
            opened.add(name)
        names |= field.names
        if field.step:
            columns.append(text := f"column_{field.name}")
        if not field.target and not text.startswith("'"):
            text = completion_text(field.type, text, field.name, names)
        entries.append(f"{field.name!r}: {text}")
    each = f"for r, {', '.join(columns)} in zip(rows, *columns)" if columns else "for r in rows"
    source = f"def assemble(rows, columns, keys):\n    return [{{{', '.join(entries)}}} {each}]"
    exec(source, names)  # noqa: S102 -- made of positions and of GraphQL names, which are identifiers
    return names["assemble"]


def _sealed_of(names: Iterable[str]) -> Callable[[list[Any]], list[Any]]:
    """Write the function that gives the people of those rows in which anything is under a seal."""
    is_sealed = " or ".join(f"r.{name} is not None" for name in names)
    people: Callable[[list[Any]], list[Any]] = eval(  # noqa: S307 -- made of names of columns
        f"lambda rows: [*{{r.subject_id: None for r in rows if {is_sealed or False}}}]"
    )
    return people


def depth_of(type_: Any) -> int:
    """Count the lists around a type."""
    if is_list_type(type_):
        return 1 + depth_of(type_.of_type)
    return depth_of(type_.of_type) if is_non_null_type(type_) else 0
