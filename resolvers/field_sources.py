"""Where the value of a field comes from: columns of its parent's row, or one batched read for all parents.

A shape declares the source of each of its fields and holds no other code. The compiler compiles the declarations;
the generic resolvers below mean the same to graphql-core's own executor, which the tests use as the oracle.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

import strawberry
from strawberry.types.field import StrawberryField

from models.encryption.encrypted_column import DataKey, encrypted_columns

_Shape = TypeVar("_Shape")
_Function = TypeVar("_Function", bound=Callable[..., Any])


Read = Callable[..., Awaitable[Mapping[Any, Any]]]
"""One batched read, ``(connection, keys, *arguments)``: gives, by key, everything that the keys name."""


_LOADS: dict[Callable[..., Any], tuple[Read, ...]] = {}


def loads(*reads: Read) -> Callable[[_Function], _Function]:
    """Declare the batched reads that the resolver of a root field loads: column grants follow from them."""

    def declare(resolver: _Function) -> _Function:
        _LOADS[resolver] = reads
        return resolver

    return declare


def loaded_by(resolver: Callable[..., Any]) -> tuple[Read, ...]:
    """Return the batched reads that the resolver of a root field declares."""
    return _LOADS.get(resolver, ())


class LoadingContext(Protocol):
    """What a source needs of the context of a request."""

    def load(self, read: Read, keys: Sequence[Hashable], arguments: tuple[Hashable, ...] = ()) -> Awaitable[list[Any]]:
        """Return the values of the keys, in their order, through the batch loader."""

    def keys_of(self, subject_ids: Sequence[UUID]) -> Awaitable[Mapping[UUID, DataKey]] | Mapping[UUID, DataKey]:
        """Return the data keys of these subjects; a destroyed one raises UNAVAILABLE when it is looked up."""


class Column(NamedTuple):
    """A value made of columns of the parent's row, each opened first where the row's type says that it is sealed."""

    names: tuple[str, ...]
    make: Callable[..., Any] | None = None

    async def value(self, row: Any, context: LoadingContext) -> Any:
        row_type: Any = type(row)
        sealed = encrypted_columns(row_type)
        values = [getattr(row, name) for name in self.names]
        if any(name in sealed and value is not None for name, value in zip(self.names, values, strict=True)):
            keys = context.keys_of([row.subject_id])
            key = (keys if isinstance(keys, Mapping) else await keys)[row.subject_id]
            values = [
                sealed[name].decrypt(key, value) if name in sealed and value is not None else value
                for name, value in zip(self.names, values, strict=True)
            ]
        return self.make(*values) if self.make else values[0]


class Batched(NamedTuple):
    """A value that one batched read gives for all parents of a level.

    ``key`` names the column of the parent's row that is the key. ``arguments`` turns the field's own arguments into
    what the read takes beside the keys, once a level. ``check`` may refuse the pair of a key and these arguments.
    ``wrap`` turns what the read gave for a key into the value. ``ignores_caller`` means that ``arguments`` returns the
    same for all callers of a role, so that their requests can share the read.
    """

    read: Read
    key: str
    arguments: Callable[[Any, Mapping[str, Any]], tuple[Hashable, ...]] | None = None
    check: Callable[..., None] | None = None
    wrap: Callable[..., Any] | None = None
    ignores_caller: bool = False

    async def value(self, row: Any, context: LoadingContext, values: Mapping[str, Any]) -> Any:
        key = getattr(row, self.key)
        arguments = self.arguments(context, values) if self.arguments else ()
        if self.check:
            self.check(key, *arguments)
        [content] = await context.load(self.read, [key], arguments)
        return self.wrap(content, key, *arguments) if self.wrap else content


Source = Column | Batched


def column(*names: str, make: Callable[..., Any] | None = None, description: str, deprecated: str | None = None) -> Any:
    """Declare a field that is made of the named columns (by default the one of the field's own name)."""

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info[Any, None]) -> Any:
        return await source_of(info._field).value(root, info.context)  # noqa: SLF001 -- the oracle only

    source = Column(names, make)
    return strawberry.field(
        resolver=resolve, description=description, deprecation_reason=deprecated, metadata={"source": source}
    )


def batched(
    by: Read,
    key: str = "id",
    *,
    arguments: Callable[[Any, Mapping[str, Any]], tuple[Hashable, ...]] | None = None,
    description: str,
) -> Any:
    """Declare a field that a batched read feeds, keyed by a column of the parent's row.

    ``arguments`` returns what the read takes beside the keys, from the context of the request.
    """

    async def resolve(root: strawberry.Parent[Any], info: strawberry.Info[Any, None]) -> Any:
        return await source_of(info._field).value(root, info.context, {})  # noqa: SLF001

    return strawberry.field(resolver=resolve, description=description, metadata={"source": Batched(by, key, arguments)})


def root_field(resolver: Callable[..., Any]) -> StrawberryField:
    """Declare a field of Query or Mutation. Its function returns the row of the annotated type.

    The docstring of the function is the description in the schema.
    """
    return strawberry.field(resolver=resolver, description=" ".join((resolver.__doc__ or "").split()))


def deprecated_root_field(reason: str) -> Callable[[Callable[..., Any]], StrawberryField]:
    """Declare a field of Query or Mutation that callers should use no more. ``reason`` names what replaces it."""

    def declare(resolver: Callable[..., Any]) -> StrawberryField:
        field = root_field(resolver)
        field.deprecation_reason = reason
        return field

    return declare


def object_type(row: type, *, description: str, name: str | None = None) -> Callable[[type[_Shape]], type[_Shape]]:
    """Declare an output type, and the row that it shows."""

    def declare(cls: type[_Shape]) -> type[_Shape]:
        cls.row = row  # type: ignore[attr-defined]
        cls.is_type_of = classmethod(lambda _cls, value, _info: isinstance(value, row))  # type: ignore[attr-defined]
        return strawberry.type(cls, description=description, name=name)

    return declare


def source_of(field: StrawberryField) -> Any:
    """Return the declared source of a field, or None for a root field, which has a body."""
    source = field.metadata.get("source")
    if isinstance(source, Column) and not source.names:
        return source._replace(names=(field.python_name,))
    return source
