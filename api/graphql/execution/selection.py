"""The compiled parts of a plan: the fields selected of one type, compiled for one class of parent rows."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any, Final, NamedTuple, Protocol, TypeAlias
from uuid import UUID
from weakref import WeakValueDictionary

from graphql import GraphQLOutputType, is_list_type, is_non_null_type
from graphql.language import FieldNode

from api.graphql.coercion.values import Variables
from api.graphql.execution.completion import completion_text
from api.graphql.execution.pending_value import PendingValue
from models.encryption.encrypted_column import DataKey
from resolvers.field_sources import LoadingContext

DataKeys: TypeAlias = Mapping[UUID, DataKey]
LoadKey: TypeAlias = tuple[object, ...]
"""What two fields of one selection must share to be fed by one load: the read, its key column, check and arguments."""
Assemble: TypeAlias = Callable[[Sequence[object], Sequence[Sequence[object]], object], list[dict[str, object]]]


class ExecutionContext(LoadingContext, Protocol):
    """What an execution needs of the context of a request."""

    def record_read(self, subject_ids: Iterable[UUID | None], *coordinates: tuple[str, ...]) -> None:
        """Record that these personal fields of these subjects are about to be shown."""

    def pause(self) -> Awaitable[None]:
        """Return what is done in a later turn of the event loop."""


class ParentRows(Protocol):
    """What a field source reads of the row batch that it is started for."""

    rows: Sequence[object]
    loads: dict[LoadKey, PendingValue]
    """The loads that were started for this batch; fields that read the same share one."""


class RunningExecution(Protocol):
    """What a field source needs of the execution that starts it."""

    @property
    def context(self) -> ExecutionContext: ...

    @property
    def variables(self) -> Variables: ...

    def wait_for(self, outcome: object) -> PendingValue:
        """Return the value, awaited before the values of this level are taken."""


class StartedSource(Protocol):
    """A field source that was started for one row batch."""

    def values(self) -> Sequence[object]:
        """Return a value, or the exception that stands for it, for each row."""


class FieldSource(Protocol):
    """How the values of one field come to be, for all parent rows of a batch at once."""

    def start(self, batch: ParentRows, execution: RunningExecution) -> StartedSource:
        """Request what has to be awaited, once for the batch."""


class RootValues(NamedTuple):
    """The values of a root field: one for each request that is executed."""

    pending: Sequence[PendingValue]

    def values(self) -> Sequence[object]:
        return [each.outcome for each in self.pending]


class RootSource(Protocol):
    """The source of a root field."""

    @property
    def returns_awaitable(self) -> bool:
        """Whether calling the resolver returns its rows, or an awaitable of them, without running a coroutine."""

    def call(self, execution: RunningExecution) -> object:
        """Return what the resolver returns, or the exception that it raises."""

    def start(self, batch: ParentRows, execution: RunningExecution) -> RootValues:
        """Call the resolver."""


class SelectionTarget(Protocol):
    """The type that a field leads to, with one compiled selection for each class of rows."""

    selections: dict[type, "CompiledSelection"]

    def complete_now(self, depth: int, value: object) -> object:
        """Return the completed value where no further read is needed, otherwise None."""

    def selection_of(self, row: object) -> "CompiledSelection":
        """Return the selection for a row; raise GraphQLError where the row is of no type that may stand here."""


class CompiledField(NamedTuple):
    """One response name of a selection set on one type.

    A value comes from a row and the data keys by ``get``, which is ``text`` of a row ``r`` and of ``keys``. Otherwise
    the values of all rows come from ``source``. ``target`` holds the selections below, where the type, inside ``depth``
    lists, has fields.
    """

    name: str
    coordinate: str
    type: GraphQLOutputType
    nodes: list[FieldNode]
    text: str = ""
    names: Mapping[str, Any] = {}
    get: Callable[[Any, Any], object] | None = None
    encrypted: Mapping[str, str] = {}
    """The columns that are decrypted, each with the expression that decrypts it."""
    source: FieldSource | None = None
    differs_by_request: bool = False
    """Whether the arguments of the source may differ from request to request."""
    target: SelectionTarget | None = None
    depth: int = 0


class SoleRoot(NamedTuple):
    """The only field of a root selection, where it leads to rows."""

    field: CompiledField
    source: RootSource
    target: SelectionTarget


class CompiledSelection:
    """The fields selected of one type, in the order of the response, for one class of rows."""

    def __init__(self, fields: Sequence[CompiledField], personal: tuple[str, ...], encrypted: frozenset[str]) -> None:
        self.fields = fields
        self.sources = [(field, field.source) for field in fields if field.source]
        self.personal = personal
        self.encrypted = encrypted
        self.is_immediate = not self.sources and not personal and not encrypted
        """Whether rows can be completed at once, without a read, a record or a data key."""
        self.sole_root: SoleRoot | None = None
        self.differs_by_request = any(field.differs_by_request for field in fields)
        self.has_reads_below = False
        """At the root: whether rows were met that need further reads, which several requests can share."""
        self.is_batchable = True
        """At the root: False once a field below was found whose arguments may differ from request to request."""
        self.assemble = _assembler(fields)
        self.encrypted_subjects = _encrypted_subjects(encrypted)


_CODES: Final[WeakValueDictionary[str, CodeType]] = WeakValueDictionary()
"""The code of generated functions by their source, as long as a plan has such a function."""


def function_of(source: str, names: dict[str, Any]) -> Any:
    """Return the function of a lambda expression, made of positions and of GraphQL names, with these globals.

    Equal sources are compiled once: an operation often selects the same below several aliases.
    """
    code = _CODES.get(source)
    if code is None:
        constants = compile(source, "<plan>", "eval").co_consts
        code = _CODES[source] = next(constant for constant in constants if isinstance(constant, CodeType))
    return FunctionType(code, names)


def _assembler(fields: Sequence[CompiledField]) -> Assemble:
    """Generate the function that completes all rows of a selection, raising where a value is not plain."""
    names: dict[str, Any] = {}
    entries, columns = [], []
    decrypted: set[str] = set()
    for field in fields:
        text = field.text
        for name, expression in field.encrypted.items():
            text = text.replace(
                expression, f"decrypted_{name}" if name in decrypted else f"(decrypted_{name} := {expression})"
            )
            decrypted.add(name)
        names |= field.names
        if field.source:
            columns.append(text := f"column_{field.name}")
        if not field.target and not text.startswith("'"):
            text = completion_text(field.type, text, field.name, names)
        entries.append(f"{field.name!r}: {text}")
    each = f"for r, {', '.join(columns)} in zip(rows, *columns)" if columns else "for r in rows"
    assemble: Assemble = function_of(f"lambda rows, columns, keys: [{{{', '.join(entries)}}} {each}]", names)
    return assemble


def _encrypted_subjects(names: Iterable[str]) -> Callable[[Sequence[object]], list[UUID]]:
    """Generate the function that returns the subjects of the rows in which any of these columns has a value."""
    has_value = " or ".join(f"r.{name} is not None" for name in names)
    source = f"lambda rows: [*{{r.subject_id: None for r in rows if {has_value or False}}}]"
    subjects: Callable[[Sequence[object]], list[UUID]] = function_of(source, {})
    return subjects


def depth_of(type_: Any) -> int:
    """Return the number of lists around a type."""
    if is_list_type(type_):
        return 1 + depth_of(type_.of_type)
    return depth_of(type_.of_type) if is_non_null_type(type_) else 0
