"""The lines of a CSV file: each a set of variables, or what does not fit about it."""

import csv
from collections.abc import Iterator
from typing import Any, NamedTuple

import typer

from cli.bulk.input_file import LONGEST, InputFile
from cli.querying.operation import CsvColumn, Operation, VariableError, put

DELIMITERS = ",;\t"
SHAPE = "it has not as many cells as the first line"


class CsvRow(NamedTuple):
    """A line's variables; or the column and the problem of a line that does not fit; or neither, for a blank one."""

    variables: dict[str, Any] | None = None
    column: str | None = None
    problem: str | None = None
    cells: tuple[str, ...] = ()


class CsvTable:
    """A CSV file whose first line names variables. Cells that are empty leave their variable out."""

    def __init__(self, source: InputFile, operation: Operation, given: dict[CsvColumn, Any]) -> None:
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

    def rows(self) -> Iterator[CsvRow]:
        """Give a row for each line; the first, with the names, is blank."""
        yield CsvRow()
        reader = csv.reader(self._texts, delimiter=self._delimiter)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield CsvRow(problem="it is not CSV")
            else:
                yield self._row(cells)

    def _row(self, cells: list[str]) -> CsvRow:
        if not any(cells):
            return CsvRow()
        if len(cells) != len(self.columns):
            return CsvRow(problem=SHAPE)
        variables: dict[str, Any] = {}
        for column, value in self._given.items():
            put(variables, column.path, value)
        for column, text in zip(self.columns, cells, strict=True):
            if any("\ud800" <= character <= "\udfff" for character in text):
                return CsvRow(column=column.name, problem="it is not UTF-8, or longer than 1 MiB")
            try:
                if text:
                    put(variables, column.path, column.value(text))
            except VariableError as misfit:
                return CsvRow(column=column.name, problem=str(misfit))
        return CsvRow(variables, cells=tuple(cells))

    @staticmethod
    def _decoded(source: InputFile) -> Iterator[str]:
        for line in source.lines():
            yield "\udcff" if line is None else line.decode(errors="surrogateescape") + "\n"
