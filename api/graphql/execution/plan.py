"""A plan: an operation, compiled; it takes the variables of a request, and runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLError
from graphql.language import VariableDefinitionNode

from api.graphql.coercion import Coerce, CoercionError, Literal
from api.graphql.execution.executor import Begun, Result, Run
from api.graphql.execution.field_collection import Choice
from api.graphql.execution.selection import Level

VARIANTS = 16
"""How many variants of a plan are kept; past them, the one compiled first is compiled again when it is asked for."""


class Variable(NamedTuple):
    """One variable of an operation, compiled."""

    name: str
    coerce: Coerce
    default: Literal | None
    is_required: bool
    node: VariableDefinitionNode

    def take(self, given: Mapping[str, Any], variables: dict[str, Any]) -> None:
        """Put the coerced value among the variables; raises CoercionError."""
        name = self.name
        if name in given:
            variables[name] = self.coerce(given[name])
        elif self.default:
            variables[name] = self.default({})
        elif self.is_required:
            raise CoercionError


class Plan(NamedTuple):
    """A compiled operation. It may run any number of times, also at the same time, for callers of one role.

    A variant, for some values of the variables that choose, is the levels at the root, to be run one after the other,
    or the error that leaves none.
    """

    variables: Sequence[Variable]
    choosing: tuple[str, ...]
    variant_for: Callable[[Choice], Sequence[Level] | GraphQLError]
    variants: dict[tuple[Any, ...], Sequence[Level] | GraphQLError]

    async def run(self, context: Any, variables: Mapping[str, Any] | None) -> Result:
        """Run the operation for one request. Whatever is no Exception, such as a cancellation, passes through."""
        coerced, errors = self._coerced(variables or {})
        if errors:
            return Result(None, errors, executed=False)
        roots = self._variant(coerced)
        if isinstance(roots, GraphQLError):
            return Result(None, [roots], executed=True)
        return await Run(context, coerced).result(roots)

    def begin(self, context: Any, variables: Mapping[str, Any]) -> Begun | None:
        """Ask for all that a query asks for, where that is the rows of one field; None for any other, not begun."""
        coerced, errors = self._coerced(variables)
        roots = () if errors else self._variant(coerced)
        if isinstance(roots, GraphQLError) or len(roots) != 1 or not roots[0].sole or not roots[0].sole[1].is_promised:
            return None
        return Run(context, coerced).begin(roots[0])

    def _coerced(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[GraphQLError]]:
        coerced: dict[str, Any] = {}
        errors: list[GraphQLError] = []
        for variable in self.variables:
            try:
                variable.take(given, coerced)
            except CoercionError as misfit:
                misfit.path.append(variable.name)
                errors.append(misfit.located(variable.node))
        return coerced, errors

    def _variant(self, variables: Mapping[str, Any]) -> Sequence[Level] | GraphQLError:
        choice = tuple([variables.get(name) for name in self.choosing]) if self.choosing else ()
        if choice not in self.variants:
            if len(self.variants) >= VARIANTS:
                del self.variants[next(iter(self.variants))]
            self.variants[choice] = self.variant_for(dict(zip(self.choosing, choice, strict=True)))
        return self.variants[choice]
