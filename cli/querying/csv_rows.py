"""The rows of a CSV file: the variables of each line, or the problem of a line that has none."""

import csv
from collections.abc import Iterator
from typing import Any, NamedTuple

import typer

from cli.bulk.input_file import MAX_LINE_BYTES, InputFile
from cli.querying.operation import CsvColumn, Operation, VariableError, set_variable

DELIMITERS = ",;\t"
CELL_COUNT_PROBLEM = "it has another number of cells than the first line"


class CsvRow(NamedTuple):
    """The variables of a line, or the column and problem of an invalid line; a blank line has neither."""

    variables: dict[str, Any] | None = None
    column: str | None = None
    problem: str | None = None
    cells: tuple[str, ...] = ()


class CsvTable:
    """A CSV file whose first line names variables; an empty cell omits its variable."""

    def __init__(self, source: InputFile, operation: Operation, common: dict[CsvColumn, Any]) -> None:
        csv.field_size_limit(MAX_LINE_BYTES)
        self._lines = self._decode(source)
        header = next(self._lines, "")
        self._delimiter = max(DELIMITERS, key=header.count)
        names = next(csv.reader([header], delimiter=self._delimiter), [])
        if not any(name.strip() for name in names):
            raise typer.BadParameter("the first line of the --each file must name variables: subject.email,purpose")
        self.columns = [operation.column(name) for name in names]
        self._common = common
        operation.check_columns([*common, *self.columns])

    def rows(self) -> Iterator[CsvRow]:
        """Yield a row for each line; the first line, which names the variables, is blank."""
        yield CsvRow()
        reader = csv.reader(self._lines, delimiter=self._delimiter)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield CsvRow(problem="it is not valid CSV")
            else:
                yield self._row(cells)

    def _row(self, cells: list[str]) -> CsvRow:
        if not any(cells):
            return CsvRow()
        if len(cells) != len(self.columns):
            return CsvRow(problem=CELL_COUNT_PROBLEM)
        variables: dict[str, Any] = {}
        for column, value in self._common.items():
            set_variable(variables, column.path, value)
        for column, text in zip(self.columns, cells, strict=True):
            if any("\ud800" <= character <= "\udfff" for character in text):
                return CsvRow(column=column.name, problem="it is not UTF-8, or longer than 1 MiB")
            try:
                if text:
                    set_variable(variables, column.path, column.value(text))
            except VariableError as error:
                return CsvRow(column=column.name, problem=str(error))
        return CsvRow(variables, cells=tuple(cells))

    @staticmethod
    def _decode(source: InputFile) -> Iterator[str]:
        for line in source.lines():
            yield "\udcff" if line is None else line.decode(errors="surrogateescape") + "\n"
