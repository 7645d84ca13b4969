"""The command ``privacy query``."""

import asyncio
import hashlib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import orjson
import typer
import uvloop
from rich.console import Console

from cli.atomic_file import PRIVATE
from cli.bulk.checkpoint import Checkpoint, JobCounts, LineLog, require_writable
from cli.bulk.input_file import InputFile
from cli.bulk.job import Job, LineResult, NumberedLine, print_summary, run_job
from cli.querying.client import QueryClient, raise_if_refused
from cli.querying.credentials import read_token
from cli.querying.csv_rows import CsvRow, CsvTable
from cli.querying.operation import CsvColumn, Operation, VariableError, parse_operation, set_variable
from models.actors import Role
from models.storage.validation import INVISIBLE

_HIDDEN = re.compile(rf"[\x7f-\x9f{INVISIBLE}]")
"""Characters that a terminal hides or obeys. In printed answers they are escaped as JSON permits."""
FAILURES_SUFFIX = ".failures.jsonl"
SAMPLE_SIZE = 3
"""Lines, and problems, that a dry run prints."""
SUMMARY_LABELS = [("done", "lines done")]


class LineOptions(NamedTuple):
    """The options of a query that runs for each line."""

    concurrency: int
    answers: Path | None


def query(  # noqa: PLR0913 -- each is an option of the command
    file: Annotated[Path, typer.Argument(help="A GraphQL document with the operation.")],
    var: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable; repeatable.")] = None,
    each: Annotated[
        str | None, typer.Option(metavar="CSV", help="Run the operation for each line of this file.")
    ] = None,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Send the operation. Without it, print what would be sent.")
    ] = False,
    role: Annotated[Role | None, typer.Option(help="The role to act in, for a token with several roles.")] = None,
    case: Annotated[str | None, typer.Option(help="The case for which personal data is read.")] = None,
    operation: Annotated[str | None, typer.Option(help="The operation, for a file with several operations.")] = None,
    url: Annotated[str, typer.Option(help="The URL of the service.")] = "http://127.0.0.1:8000",
    token_file: Annotated[Path | None, typer.Option(help="A file with a token, or with a token for each role.")] = None,
    token_env: Annotated[str, typer.Option(help="The environment variable with the token.")] = "PRIVACY_TOKEN",  # noqa: S107 -- a variable's name
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Lines sent at the same time.")] = 8,
    answers: Annotated[
        Path | None,
        typer.Option(help="Write the data of each line to this JSON Lines file (mode 0600; it may be personal)."),
    ] = None,
) -> None:
    """Run a GraphQL operation: once, or for each line of a CSV file whose first line names the variables.

    \b
    opt-out.graphql:
      mutation OptOut($subject: SubjectBy!, $channel: Channel!) {
        optOutOfAll(subject: $subject, channel: $channel) { suppressed }
      }
    people.csv:
      subject.email
      ada@example.com
      bo@example.com

    \b
    Examples:
      privacy query purposes.graphql --role ADMIN
      privacy query opt-out.graphql --var channel=MAIL --each people.csv --role ADMIN
      privacy query opt-out.graphql --var channel=MAIL --each people.csv --role ADMIN --yes

    Values are converted to the types of the variables: numbers, true or false, enum values. A dotted name sets a key of
    an input object. Lists and input objects are written as JSON. An empty cell omits its variable.

    A mutation, and every operation with --each, is only printed, with masked values. --yes sends it.

    CSV.progress holds the progress. If the command is stopped or killed, run it again: it resumes there.
    CSV.failures.jsonl lists failed lines by number and code, without values. The exit code is 1 when lines failed.

    While the service is unavailable, requests are repeated for about a minute.
    """  # noqa: D301 -- \b is the character by which help texts keep their lines
    try:
        parsed = parse_operation(file.read_text(encoding="utf-8"), operation)
    except (OSError, UnicodeDecodeError):
        raise typer.BadParameter(f"{file} cannot be read as UTF-8 text") from None
    values = parse_variables(parsed, var or [])
    if each is None:
        parsed.check_columns(values)
        if parsed.is_mutation and not yes:
            _print_sample(parsed, [CsvRow({}, cells=())], values, [])
            typer.echo("Nothing was sent: add --yes to send it.")
            return
    source = InputFile(each) if each is not None else None
    try:
        if source is None:
            client = QueryClient(url, read_token(token_env, token_file, role), role, case, concurrency)
            _print_body(uvloop.run(_run_once(client, parsed, values)))
            return
        table = CsvTable(source, parsed, values)
        if not yes:
            _print_dry_run(parsed, table, values)
            return
        client = QueryClient(url, read_token(token_env, token_file, role), role, case, concurrency)
        require_writable(source.sibling(FAILURES_SUFFIX))
        named_values = {column.name: value for column, value in values.items()}
        job_key = [source.digest, [parsed.document, parsed.name, client.url, role, case, named_values]]
        digest = hashlib.sha256(orjson.dumps(job_key)).hexdigest()
        checkpoint = Checkpoint(source.sibling(".progress") if source.digest else None, ["query", digest])
        options = LineOptions(concurrency, answers)
        progress = uvloop.run(_run_each(client, parsed, source, table, checkpoint, options))
    except KeyboardInterrupt:
        typer.echo("stopped: the same command resumes here", err=True)
        sys.exit(130)
    finally:
        if source is not None:
            source.close()
    print_summary(progress, FAILURES_SUFFIX, source, SUMMARY_LABELS)


def parse_variables(operation: Operation, assignments: Sequence[str]) -> dict[CsvColumn, Any]:
    """Convert NAME=VALUE texts to values by column; raise BadParameter when a name or a value is invalid."""
    values = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise typer.BadParameter("--var takes NAME=VALUE: --var purpose=newsletter")
        column = operation.column(name)
        try:
            values[column] = column.value(text)
        except VariableError as error:
            raise typer.BadParameter(f"--var {name}: {error}") from None
    return values


async def _run_once(client: QueryClient, operation: Operation, values: Mapping[CsvColumn, Any]) -> Any:
    variables: dict[str, Any] = {}
    for column, value in values.items():
        set_variable(variables, column.path, value)
    async with client.http:
        return (await client.execute(operation, variables)).body


def _print_body(body: Any) -> None:
    text = orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
    typer.echo(_HIDDEN.sub(lambda match: json.dumps(match[0])[1:-1], text))
    if body.get("errors"):
        raise typer.Exit(1)


async def _run_each(  # noqa: PLR0913, PLR0917 -- the parts of one job
    client: QueryClient,
    operation: Operation,
    source: InputFile,
    table: CsvTable,
    checkpoint: Checkpoint,
    options: LineOptions,
) -> JobCounts:
    limit = asyncio.Semaphore(options.concurrency)
    answers = LineLog(options.answers, checkpoint.load().done, PRIVATE) if options.answers else None

    async def run_row(row: CsvRow) -> tuple[LineResult, Any]:
        if row.variables is None:
            is_blank = row.problem is None
            return LineResult(("blank",)) if is_blank else LineResult((), "BAD_INPUT", row.column, row.problem), None
        async with limit:
            result = await client.execute(operation, row.variables)
        raise_if_refused(result)
        return result.line_result, result.data

    async def process(rows: Sequence[NumberedLine[CsvRow]]) -> list[LineResult]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run_row(row)) for _, row in rows]
        results = [task.result() for task in tasks]
        if answers:
            answers.append(
                [
                    {"line": row.number, "data": data}
                    for row, (result, data) in zip(rows, results, strict=True)
                    if data is not None and not result.code
                ]
            )
        return [result for result, _ in results]

    async with client.http:
        return await run_job(Job(source, table.rows(), process, checkpoint, FAILURES_SUFFIX, "lines"))


def _print_dry_run(operation: Operation, table: CsvTable, values: Mapping[CsvColumn, Any]) -> None:
    """Read all lines without sending them; print their number, a sample, and the lines that are invalid."""
    sample: list[CsvRow] = []
    invalid = []
    count = 0
    for number, row in enumerate(table.rows(), 1):
        if row.variables is not None:
            count += 1
            if len(sample) < SAMPLE_SIZE:
                sample.append(row)
        elif row.problem is not None:
            invalid.append((number, row))
    _print_sample(operation, sample, values, table.columns)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{count:,} lines would be sent; {len(invalid):,} lines do not fit the variables.", markup=False)
    for number, row in invalid[:SAMPLE_SIZE]:
        column = f", {row.column}" if row.column else ""
        console.print(f"  line {number}{column}: {row.problem}", markup=False)
    typer.echo("Nothing was sent: add --yes to send it.")


def _print_sample(
    operation: Operation, rows: Sequence[CsvRow], values: Mapping[CsvColumn, Any], columns: Sequence[CsvColumn]
) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(operation.document.strip(), markup=False)
    console.print()
    for row in rows:
        cells = [f"{column.name}: {_mask(str(value))}" for column, value in values.items()]
        cells += [f"{column.name}: {_mask(text)}" for column, text in zip(columns, row.cells, strict=True)]
        console.print("  " + ", ".join(cells), markup=False)


def _mask(text: str) -> str:
    return f"({len(text)} characters)" if text else "(left out)"
