"""The command ``privacy query``."""

import asyncio
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import uvloop
from rich.console import Console

from cli.bulk.checkpoint import Checkpoint, Failures, JobCounts, demand_writable
from cli.bulk.input_file import InputFile
from cli.bulk.job import Job, LineResult, Numbered, run_job, summarised
from cli.querying.client import QueryClient, demand_sense
from cli.querying.credentials import secret_of
from cli.querying.csv_rows import CsvRow, CsvTable
from cli.querying.operation import CsvColumn, Operation, VariableError, operation_of, put
from models.actors import Role

FAILURES = ".failures.jsonl"
SHOWN = 3
LINES = [("done", "lines done")]


def query(  # noqa: PLR0913 -- each is an option of the command
    file: Annotated[Path, typer.Argument(help="A GraphQL document with the operation.")],
    var: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable; may be repeated.")] = None,
    each: Annotated[str | None, typer.Option(metavar="CSV", help="Run it for each line of this file.")] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without it, only what would be done is shown.")] = False,
    role: Annotated[Role | None, typer.Option(help="The role to act in, where the token has several.")] = None,
    case: Annotated[str | None, typer.Option(help="The case that personal data is read for.")] = None,
    operation: Annotated[str | None, typer.Option(help="Which of the file's operations.")] = None,
    url: Annotated[str, typer.Option(help="The service.")] = "http://127.0.0.1:8000",
    token_file: Annotated[Path | None, typer.Option(help="A file with a token, or with one for each role.")] = None,
    token_env: Annotated[str, typer.Option(help="The environment variable that holds the token.")] = "PRIVACY_TOKEN",  # noqa: S107 -- a variable's name
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="How many lines are asked at once.")] = 8,
    answers: Annotated[
        Path | None, typer.Option(help="Where the answers of --each go, a JSON line each: they may be personal.")
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

    Texts become what the operation's variables are: numbers, true or false, enum values; dots lead into input objects;
    lists are written as JSON; an empty cell leaves its variable out. A mutation, and anything with --each, shows first
    what it would do, with values masked, and does it with --yes. Stopped or killed, the same command goes on where it
    was (CSV.progress). Lines that fail are listed in CSV.failures.jsonl by number and code, without values; the exit
    code is then 1. While the service is unavailable, it is asked again for a minute.
    """  # noqa: D301 -- \b is the character by which help texts keep their lines
    try:
        chosen = operation_of(file.read_text(encoding="utf-8"), operation)
    except (OSError, UnicodeDecodeError):
        raise typer.BadParameter(f"{file} cannot be read as text") from None
    given = _given(chosen, var or [])
    if each is None:
        chosen.demand(given)
        if chosen.is_mutation and not yes:
            _show(chosen, [CsvRow({}, cells=())], list(given.items()), [])
            typer.echo("Nothing was sent; --yes does it.")
            return
    source = InputFile(each) if each is not None else None
    try:
        if source is None:
            service = QueryClient(url, secret_of(token_env, token_file, role), role, case, concurrency)
            _print(uvloop.run(_once(service, chosen, given)))
            return
        table = CsvTable(source, chosen, given)
        if not yes:
            _dry(chosen, table, list(given.items()))
            return
        service = QueryClient(url, secret_of(token_env, token_file, role), role, case, concurrency)
        demand_writable(source.beside(FAILURES))
        said = [
            chosen.document,
            chosen.name,
            service.url,
            role,
            case,
            {key.name: value for key, value in given.items()},
        ]
        mark = hashlib.sha256(orjson.dumps([source.digest, said])).hexdigest()
        memory = Checkpoint(source.beside(".progress") if source.digest else None, ["query", mark])
        tally = uvloop.run(_each(service, chosen, source, table, memory, concurrency, answers))
    except KeyboardInterrupt:
        typer.echo("stopped; the same command goes on from here", err=True)
        sys.exit(130)
    finally:
        if source is not None:
            source.close()
    summarised(tally, FAILURES, source, LINES)


def _given(operation: Operation, words: Sequence[str]) -> dict[CsvColumn, Any]:
    given = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise typer.BadParameter("--var is written NAME=VALUE: --var purpose=newsletter")
        column = operation.column(name)
        try:
            given[column] = column.value(text)
        except VariableError as misfit:
            raise typer.BadParameter(f"--var {name}: {misfit}") from None
    return given


async def _once(service: QueryClient, operation: Operation, given: dict[CsvColumn, Any]) -> Any:
    variables: dict[str, Any] = {}
    for column, value in given.items():
        put(variables, column.path, value)
    async with service.client:
        return (await service.ask(operation, variables)).body


def _print(body: Any) -> None:
    typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
    if body.get("errors"):
        raise typer.Exit(1)


async def _each(  # noqa: PLR0913, PLR0917 -- all of one work
    service: QueryClient,
    operation: Operation,
    source: InputFile,
    table: CsvTable,
    memory: Checkpoint,
    concurrency: int,
    answers: Path | None,
) -> JobCounts:
    turns = asyncio.Semaphore(concurrency)
    kept = Failures(answers, memory.recall().done, mode=0o600) if answers else None

    async def asked(row: CsvRow) -> tuple[LineResult, Any]:
        if row.variables is None:
            return (
                LineResult(("blank",)) if row.problem is None else LineResult((), "BAD_INPUT", row.column, row.problem)
            ), None
        async with turns:
            answer = await service.ask(operation, row.variables)
        demand_sense(answer)
        return answer.outcome, answer.data

    async def work(rows: Sequence[Numbered[CsvRow]]) -> list[LineResult]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asked(row)) for _, row in rows]
        done = [task.result() for task in tasks]
        if kept:
            kept.write(
                [
                    {"line": row.number, "data": data}
                    for row, (outcome, data) in zip(rows, done, strict=True)
                    if data is not None and not outcome.code
                ]
            )
        return [outcome for outcome, _ in done]

    async with service.client:
        return await run_job(Job(source, table.rows(), work, memory, FAILURES, "lines"))


def _dry(operation: Operation, table: CsvTable, given: Sequence[tuple[CsvColumn, Any]]) -> None:
    """Read all lines and send none: say how many there are, what the first hold, and which do not fit."""
    first: list[CsvRow] = []
    misfits = []
    count = 0
    for number, row in enumerate(table.rows(), 1):
        if row.variables is not None:
            count += 1
            if len(first) < SHOWN:
                first.append(row)
        elif row.problem is not None:
            misfits.append((number, row))
    _show(operation, first, given, table.columns)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{count:,} lines would be asked; {len(misfits):,} do not fit the variables.", markup=False)
    for number, row in misfits[:SHOWN]:
        where = f", {row.column}" if row.column else ""
        console.print(f"  line {number}{where}: {row.problem}", markup=False)
    typer.echo("Nothing was sent; --yes does it.")


def _show(
    operation: Operation, rows: Sequence[CsvRow], given: Sequence[tuple[CsvColumn, Any]], columns: Sequence[CsvColumn]
) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(operation.document.strip(), markup=False)
    console.print()
    for row in rows:
        shown = [f"{column.name}: {_masked(str(value))}" for column, value in given]
        shown += [f"{column.name}: {_masked(text)}" for column, text in zip(columns, row.cells, strict=True)]
        console.print("  " + ", ".join(shown), markup=False)


def _masked(text: str) -> str:
    return f"({len(text)} characters)" if text else "(left out)"
