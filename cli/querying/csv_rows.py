"""The rows of a CSV file: the variables of each line, or the problem of a line that has none."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import typer

from cli.bulk.csv_file import CsvFile
from cli.bulk.input_file import InputFile
from cli.querying.operation import CsvColumn, Operation, VariableError, set_variable

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
        self._file = CsvFile(source)
        names = self._file.header
        if not any(name.strip() for name in names):
            raise typer.BadParameter("the first line of the --each file must name variables: subject.email,purpose")
        self.columns = [operation.column(name) for name in names]
        self._common = common
        operation.check_columns([*common, *self.columns])

    def rows(self) -> Iterator[CsvRow]:
        """Yield a row for each line; the lines of the header, which names the variables, are blank."""
        for cells, problem in self._file.lines():
            yield CsvRow(problem=problem) if problem else self._row(cells)

    def _row(self, cells: tuple[str, ...]) -> CsvRow:
        if not any(cells):
            return CsvRow()
        if len(cells) != len(self.columns):
            return CsvRow(problem=CELL_COUNT_PROBLEM)
        variables: dict[str, Any] = {}
        for column, value in self._common.items():
            set_variable(variables, column.path, value)
        for column, text in zip(self.columns, cells, strict=True):
            if any("\ud800" <= character <= "\udfff" for character in text):
                return CsvRow(column=column.name, problem="it is not UTF-8")
            try:
                if text:
                    set_variable(variables, column.path, column.value(text))
            except VariableError as error:
                return CsvRow(column=column.name, problem=str(error))
        return CsvRow(variables, cells=cells)
