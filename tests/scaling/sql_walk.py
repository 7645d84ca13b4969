"""A walk over an SQL statement that finds the tables about people of which it names no person.

A reference to such a table is bound when its column of the person equals a parameter or an entry of one. Equality to
the bound column of another reference counts, too. Only conditions that always hold are followed: those joined by AND.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import sqlglot
from sqlglot import exp

PARAMETER: Final = ("parameter", "")
Node: TypeAlias = tuple[str, str]
"""A column of one reference to a table, or `PARAMETER`."""
Columns: TypeAlias = dict[str, Node | None]


class TableReference(NamedTuple):
    """One mention of a table in a statement."""

    key: str
    table: str


class FromParameter(NamedTuple):
    """A source whose rows a caller sends, such as `unnest(:ids)`; None stands for any column."""

    columns: frozenset[str] | None


Source: TypeAlias = TableReference | FromParameter | Columns
Scopes: TypeAlias = list[dict[str, Source]]


class StatementWalk:
    """The references of one statement to tables, and which of their columns are equal."""

    def __init__(self, sql: str, columns: Mapping[str, Iterable[str]]) -> None:
        self.references: list[TableReference] = []
        self._columns = {table: set(names) for table, names in columns.items()}
        self._parents: dict[Node, Node] = {}
        self.root: Any = sqlglot.parse_one(sql, dialect="postgres")
        self._query(self.root, [], {})

    def unbound(self, person_columns: Mapping[str, str]) -> Iterator[TableReference]:
        """Yield the references to these tables whose column of the person equals no parameter."""
        for reference in self.references:
            column = person_columns.get(reference.table)
            if column and self._find((reference.key, column)) != self._find(PARAMETER):
                yield reference

    def people(self, person_columns: Mapping[str, str]) -> set[Node]:
        """Return the persons that the references to these tables are about; equal ones are one."""
        columns = [(each.key, person_columns[each.table]) for each in self.references if each.table in person_columns]
        return {self._find(column) for column in columns}

    def _find(self, node: Node) -> Node:
        while (parent := self._parents.setdefault(node, node)) != node:
            node = parent
        return node

    def _equate(self, one: Node | None, other: Node | None) -> None:
        if one and other:
            self._parents[self._find(one)] = self._find(other)

    def _refer(self, table: str) -> TableReference:
        self.references.append(TableReference(f"{table} {len(self.references)}", table))
        return self.references[-1]

    def _column_of(self, source: Source, name: str, alias: str) -> Node | None:
        if isinstance(source, TableReference):
            return (source.key, name) if name in self._columns.get(source.table, {name}) else None
        if isinstance(source, FromParameter):
            return PARAMETER if source.columns is None or name in source.columns or name == alias else None
        return source.get(name)

    def _resolve(self, column: Any, scopes: Scopes) -> Node | None:
        for scope in scopes:
            if column.table:
                if column.table in scope:
                    return self._column_of(scope[column.table], column.name, column.table)
                continue
            for alias, source in scope.items():
                if node := self._column_of(source, column.name, alias):
                    return node
        return None

    def _node(self, expression: Any, scopes: Scopes, ctes: Mapping[str, Columns]) -> Node | None:
        while isinstance(expression, exp.Paren | exp.Cast | exp.Alias | exp.Any):
            expression = expression.this
        if isinstance(expression, exp.Parameter | exp.Placeholder):
            return PARAMETER
        if isinstance(expression, exp.Column):
            return self._resolve(expression, scopes)
        if isinstance(expression, exp.Query):
            return next(iter(self._query(expression, scopes, ctes).values()), None)
        self._visit(expression, scopes, ctes)
        return None

    def _visit(self, expression: Any, scopes: Scopes, ctes: Mapping[str, Columns]) -> None:
        """Walk the queries inside an expression."""
        if isinstance(expression, exp.Query):
            self._query(expression, scopes, ctes)
        else:
            for part in expression.iter_expressions():
                self._visit(part, scopes, ctes)

    def _condition(self, expression: Any, scopes: Scopes, ctes: Mapping[str, Columns]) -> None:
        while isinstance(expression, exp.Paren | exp.Where):
            expression = expression.this
        if isinstance(expression, exp.And):
            self._condition(expression.this, scopes, ctes)
            self._condition(expression.expression, scopes, ctes)
        elif isinstance(expression, exp.EQ):
            for one, other in zip(*map(_parts, (expression.this, expression.expression)), strict=True):
                self._equate(self._node(one, scopes, ctes), self._node(other, scopes, ctes))
        elif isinstance(expression, exp.In) and expression.args.get("query") is not None:
            listed = self._query(expression.args["query"], scopes, ctes).values()
            for one, node in zip(_parts(expression.this), listed, strict=True):
                self._equate(self._node(one, scopes, ctes), node)
        elif expression is not None:
            self._visit(expression, scopes, ctes)

    def _add_source(self, source: Any, scopes: Scopes, ctes: Mapping[str, Columns]) -> None:
        """Add a source to the innermost scope, and walk it."""
        scope, alias = scopes[0], source.args.get("alias")
        names = [column.name for column in alias.columns] if alias else []
        if isinstance(source, exp.Table) and not isinstance(source.this, exp.Func):
            is_cte = source.name in ctes
            scope[source.alias_or_name] = dict(ctes[source.name]) if is_cte else self._refer(source.name)
        elif isinstance(source, exp.Subquery) or (
            isinstance(source, exp.Lateral) and isinstance(source.this, exp.Subquery)
        ):
            query = source if isinstance(source, exp.Subquery) else source.this
            nodes = self._query(query.this, scopes, ctes)
            scope[source.alias or f"query {id(source)}"] = _renamed(nodes, names)
        else:
            scope[source.alias or f"rows {id(source)}"] = FromParameter(frozenset(names) or None)
        for join in source.args.get("joins") or []:
            self._join(join, scopes, ctes)

    def _join(self, join: Any, scopes: Scopes, ctes: Mapping[str, Columns]) -> None:
        self._add_source(join.this, scopes, ctes)
        for column in join.args.get("using") or []:
            nodes = [self._column_of(source, column.name, alias) for alias, source in scopes[0].items()]
            named = [node for node in nodes if node]
            for node in named[1:]:
                self._equate(named[0], node)
        self._condition(join.args.get("on"), scopes, ctes)

    def _query(self, query: Any, scopes: Scopes, ctes: Mapping[str, Columns]) -> Columns:
        """Walk a query or a statement; return its columns."""
        if isinstance(query, exp.Subquery):
            return self._query(query.this, scopes, ctes)
        ctes = self._with(query, scopes, ctes)
        if isinstance(query, exp.SetOperation):
            one, other = (self._query(part, scopes, ctes) for part in (query.this, query.expression))
            # A union names a person only where both parts do.
            nodes = zip(one.items(), other.values(), strict=True)
            return {name: node if self._are_equal(node, second) else None for (name, node), second in nodes}
        scopes = [{}, *scopes]
        if isinstance(query, exp.Insert):
            return self._insert(query, scopes, ctes)
        if isinstance(query, exp.Update | exp.Delete):
            self._add_source(query.this, scopes, ctes)
        for source in [query.args.get("from_"), *(query.args.get("using") or [])]:
            if source:
                self._add_source(source.this if isinstance(source, exp.From) else source, scopes, ctes)
        for join in query.args.get("joins") or []:
            self._join(join, scopes, ctes)
        self._condition(query.args.get("where"), scopes, ctes)
        if isinstance(query, exp.Select):
            return self._outputs(query.expressions, scopes, ctes)
        for assignment in query.expressions:
            self._visit(assignment, scopes, ctes)
        return self._returning(query, scopes, ctes)

    def _with(self, query: Any, scopes: Scopes, ctes: Mapping[str, Columns]) -> Mapping[str, Columns]:
        known = dict(ctes)
        for each in query.args["with_"].expressions if query.args.get("with_") else []:
            nodes = self._query(each.this, scopes, known)
            known[each.alias] = _renamed(nodes, [column.name for column in each.args["alias"].columns])
        return known

    def _are_equal(self, one: Node | None, other: Node | None) -> bool:
        return one is not None and other is not None and self._find(one) == self._find(other)

    def _insert(self, query: Any, scopes: Scopes, ctes: Mapping[str, Columns]) -> Columns:
        target = query.this.this
        names = [column.name for column in query.this.expressions]
        reference = self._refer(target.name)
        scopes[0][target.alias_or_name] = reference
        scopes[0]["excluded"] = reference
        if isinstance(query.expression, exp.Values):
            for row in query.expression.expressions:
                for name, value in zip(names, row.expressions, strict=True):
                    self._equate((reference.key, name), self._node(value, scopes[1:], ctes))
        else:
            nodes = self._query(query.expression, scopes[1:], ctes)
            for name, node in zip(names, nodes.values(), strict=True):
                self._equate((reference.key, name), node)
        if conflict := query.args.get("conflict"):
            self._visit(conflict, scopes, ctes)
        return self._returning(query, scopes, ctes)

    def _returning(self, query: Any, scopes: Scopes, ctes: Mapping[str, Columns]) -> Columns:
        returning = query.args.get("returning")
        return self._outputs(returning.expressions, scopes, ctes) if returning else {}

    def _outputs(self, expressions: Sequence[Any], scopes: Scopes, ctes: Mapping[str, Columns]) -> Columns:
        columns: Columns = {}
        for number, expression in enumerate(expressions):
            if expression.is_star:
                columns |= self._all_columns(scopes[0], getattr(expression, "table", ""))
            else:
                name = expression.alias_or_name
                is_new = name and name not in columns
                columns[name if is_new else f"column {number}"] = self._node(expression, scopes, ctes)
        return columns

    def _all_columns(self, scope: Mapping[str, Source], alias: str) -> Columns:
        columns: Columns = {}
        for name, source in scope.items():
            if alias in {"", name}:
                if isinstance(source, TableReference):
                    columns |= {column: (source.key, column) for column in self._columns.get(source.table, ())}
                elif isinstance(source, dict):
                    columns |= source
        return columns


def _parts(expression: Any) -> list[Any]:
    """Return the parts of a row `(a, b)`, or the expression itself."""
    while isinstance(expression, exp.Paren | exp.Any):
        expression = expression.this
    return list(expression.expressions) if isinstance(expression, exp.Tuple) else [expression]


def _renamed(columns: Columns, names: Sequence[str]) -> Columns:
    return dict(zip(names, columns.values(), strict=False)) if names else columns
