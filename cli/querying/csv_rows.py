"""The lines of a CSV file: each a set of variables, or what does not fit about it."""

import csv
from collections.abc import Iterator
from typing import Any, NamedTuple

import typer

from cli.bulk.input_file import LONGEST, Source
from cli.querying.operation import Column, Misfit, Operation, put

DELIMITERS = ",;\t"
SHAPE = "it has not as many cells as the first line"


class Row(NamedTuple):
    """A line's variables; or the column and the problem of a line that does not fit; or neither, for a blank one."""

    variables: dict[str, Any] | None = None
    column: str | None = None
    problem: str | None = None
    cells: tuple[str, ...] = ()


class Table:
    """A CSV file whose first line names variables. Cells that are empty leave their variable out."""

    def __init__(self, source: Source, operation: Operation, given: dict[Column, Any]) -> None:
        csv.field_size_limit(LONGEST)
        self._texts = self._decoded(source)
        header = next(self._texts, "")
        self._delimiter = max(DELIMITERS, key=header.count)
        names = next(csv.reader([header], delimiter=self._delimiter), [])
        if not any(name.strip() for name in names):
            raise typer.BadParameter("the first line of the --each file names no variables: subject.email,purpose")
        self.columns = [operation.column(name) for name in names]
        self._given = given
        operation.demand([*given, *self.columns])

    def rows(self) -> Iterator[Row]:
        """Give a row for each line; the first, with the names, is blank."""
        yield Row()
        reader = csv.reader(self._texts, delimiter=self._delimiter)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Row(problem="it is not CSV")
            else:
                yield self._row(cells)

    def _row(self, cells: list[str]) -> Row:
        if not any(cells):
            return Row()
        if len(cells) != len(self.columns):
            return Row(problem=SHAPE)
        variables: dict[str, Any] = {}
        for column, value in self._given.items():
            put(variables, column.path, value)
        for column, text in zip(self.columns, cells, strict=True):
            if any("\ud800" <= character <= "\udfff" for character in text):
                return Row(column=column.name, problem="it is not UTF-8, or longer than 1 MiB")
            try:
                if text:
                    put(variables, column.path, column.value(text))
            except Misfit as misfit:
                return Row(column=column.name, problem=str(misfit))
        return Row(variables, cells=tuple(cells))

    @staticmethod
    def _decoded(source: Source) -> Iterator[str]:
        for line in source.lines():
            yield "\udcff" if line is None else line.decode(errors="surrogateescape") + "\n"
