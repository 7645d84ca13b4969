"""An operation with its variables, and what reads its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from privacy_client.encoding import encode

Result_co = TypeVar("Result_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Operation(Generic[Result_co]):
    """A named operation. ``privacy_client.operations`` builds those of the schema."""

    name: str
    document: str
    variables: Mapping[str, Any]
    parse: Callable[[Mapping[str, Any]], Result_co]

    def after(self, cursor: str | None) -> Self:
        """Return the operation for the page after a cursor."""
        return replace(self, variables={**self.variables, "after": cursor})

    def body(self) -> dict[str, Any]:
        """Return what is sent, as JSON has it."""
        return {"operationName": self.name, "query": self.document, "variables": encode(dict(self.variables))}
