"""A plan is a compiled operation; it coerces the variables of a request and executes them."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple, TypeAlias

from graphql import GraphQLError
from graphql.language import VariableDefinitionNode

from api.graphql.coercion import Coerce, CoercionError, Literal
from api.graphql.execution.executor import Execution, Result, StartedQuery
from api.graphql.execution.field_collection import Choice
from api.graphql.execution.plan_memory import PlanMemory
from api.graphql.execution.selection import CompiledSelection, ExecutionContext

Roots: TypeAlias = Sequence[CompiledSelection] | GraphQLError
"""The root selections, executed one after the other, or the error that leaves none."""
MAX_VARIANTS = 16
"""How many variants of a plan are kept. Beyond that all are dropped, and compiled again when they are needed."""


class Variable(NamedTuple):
    """One variable of an operation, compiled."""

    name: str
    coerce: Coerce
    default: Literal | None
    is_required: bool
    node: VariableDefinitionNode

    def take(self, values: Mapping[str, Any], variables: dict[str, Any]) -> None:
        """Add the coerced value to the variables; raise CoercionError."""
        name = self.name
        if name in values:
            variables[name] = self.coerce(values[name])
        elif self.default:
            variables[name] = self.default({})
        elif self.is_required:
            raise CoercionError


class Plan(NamedTuple):
    """A compiled operation. It may be executed any number of times, also concurrently, for callers of one role.

    There is one variant for each combination of the Boolean variables in ``choosing``, which @skip and @include name.
    """

    variables: Sequence[Variable]
    choosing: tuple[str, ...]
    variant_for: Callable[[Choice], Roots]
    variants: dict[tuple[Any, ...], Roots]
    memory: PlanMemory

    async def execute(self, context: ExecutionContext, variables: Mapping[str, Any] | None) -> Result:
        """Execute the operation for one request; raises BaseException only, such as a cancellation."""
        began = perf_counter()
        coerced, errors = self._coerced(variables or {})
        if errors:
            return Result(None, errors, executed=False)
        execution = Execution(context, coerced, began)
        if execution.is_due():
            await execution.pause()
        roots = self._variant(coerced)
        if isinstance(roots, GraphQLError):
            return Result(None, [roots], executed=True)
        return await execution.result(roots)

    def start(self, context: ExecutionContext, variables: Mapping[str, Any]) -> StartedQuery | None:
        """Start a query that has one root field, which leads to rows; return None, and start nothing, for any other."""
        coerced, errors = self._coerced(variables)
        roots = () if errors else self._variant(coerced)
        if isinstance(roots, GraphQLError) or len(roots) != 1:
            return None
        sole_root = roots[0].sole_root
        if sole_root is None or not sole_root.source.returns_awaitable:
            return None
        return Execution(context, coerced).start_query(roots[0])

    def compile_variant(self) -> None:
        """Compile the only variant before it is needed, where there is only one."""
        if not self.choosing:
            self._variant({})

    def _coerced(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[GraphQLError]]:
        coerced: dict[str, Any] = {}
        errors: list[GraphQLError] = []
        for variable in self.variables:
            try:
                variable.take(values, coerced)
            except CoercionError as error:
                error.path.append(variable.name)
                errors.append(error.located(variable.node))
        return coerced, errors

    def _variant(self, variables: Mapping[str, Any]) -> Roots:
        choice = tuple([variables.get(name) for name in self.choosing]) if self.choosing else ()
        if choice not in self.variants:
            if len(self.variants) >= MAX_VARIANTS:
                self.variants.clear()
                self.memory.drop_fields()
            self.variants[choice] = self.variant_for(dict(zip(self.choosing, choice, strict=True)))
        return self.variants[choice]
