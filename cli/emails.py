"""``privacy letters``: list and preview letters, and retry those that need a decision."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from cli.databases import VAR, OpenDatabases, admin_unit_of_work, run_with_databases
from mailers.emails import EMAIL_TEMPLATES, render_email
from mailers.message import Sender
from models.delivery import review
from models.delivery.review import ReplyCount, ReviewFilter
from models.outbox.emails import EmailKind
from models.storage.ids import Prefix, format_id, parse_id_of

app = typer.Typer(
    help="List and preview letters, and retry those that need a decision.", no_args_is_help=True, rich_markup_mode=None
)
EXAMPLE_SENDER = Sender.read(
    "Privacy <privacy@example.com>",
    "support@example.com",
    "https://privacy.example.com",
    "Example Ltd",
    None,
    "1 Example Street, 12345 Example City",
)
EXAMPLE_LINK = "https://privacy.example.com/u/TOKEN"


@app.command("list")
def list_letters() -> None:
    """List the kinds of letters and when each is sent."""
    for name, letter in EMAIL_TEMPLATES.items():
        typer.echo(f"{name:18} when {letter.when}")


@app.command()
def preview(
    name: Annotated[EmailKind, typer.Argument(help="The kind of letter.")],
    into: Annotated[Path, typer.Option(help="The directory of the files.")] = VAR / "previews",
    *,
    is_opened: Annotated[bool, typer.Option("--open", help="Open the HTML file in a browser.")] = False,
) -> None:
    """Write a letter with example values, in each of its variants, into a text file and an HTML file."""
    template = EMAIL_TEMPLATES[name]
    into.mkdir(parents=True, exist_ok=True)
    for variant, values in {"": {}, **template.variants}.items():
        message = render_email(name, {**template.example, **values}, EXAMPLE_SENDER, EXAMPLE_LINK)
        for kind, body in (("txt", f"{message.subject}\n\n{message.text}"), ("html", message.html)):
            path = into / f"{name}{variant and f'-{variant}'}.{kind}"
            path.write_text(body, encoding="utf-8")
            typer.echo(path)
    if is_opened:
        webbrowser.open((into / f"{name}.html").resolve().as_uri())


@app.command()
def show(
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="Show letters that were refused, or not delivered within a day.")
    ] = False,
    uncertain: Annotated[
        bool, typer.Option("--uncertain", help="Show letters that the mail server may have accepted.")
    ] = False,
    stuck: Annotated[bool, typer.Option("--stuck", help="Show letters queued for more than an hour.")] = False,
) -> None:
    """Show letters that need a decision: at most 100 of each kind, newest first.

    Without an option, letters of every kind are shown.
    """
    selection = {ReviewFilter.FAILED: failed, ReviewFilter.UNCERTAIN: uncertain, ReviewFilter.STUCK: stuck}
    filters = [each for each, is_selected in selection.items() if is_selected] or list(ReviewFilter)

    async def load(databases: OpenDatabases) -> list[str]:
        async with databases.database.readers.acquire() as connection:
            return [
                f"{format_id(Prefix.LETTER, row.id)}  {each:9}  {row.letter:17}  {row.posted_at:%F %H:%M}"
                f"  {format_id(Prefix.SUBJECT, row.subject_id)}  tried {row.attempts}"
                f"  {row.reason or ''} {row.reply_code or ''}".rstrip()
                for each in filters
                for row in await review.list_for_review(connection, each)
            ]

    async def load_replies(databases: OpenDatabases) -> list[ReplyCount]:
        async with databases.database.readers.acquire() as connection:
            return await review.count_replies(connection)

    for reply in run_with_databases(load_replies):
        ending = "sent again later" if reply.state == "QUEUED" else "waiting for `privacy letters retry`"
        plural = "s" if reply.letter_count > 1 else ""
        sentence = f"Refused with {reply.reply_code}: {reply.letter_count} letter{plural}, {ending}."
        typer.echo(f"{sentence} {_meaning(reply.reply_code)}.")
    for line in run_with_databases(load) or ["No letters need a decision."]:
        typer.echo(line)


def _meaning(reply_code: int) -> str:
    """Return what the class of a reply means (RFC 5321, 4.2.1), for known replies with what to check."""
    if reply_code in {530, 534, 535, 538}:
        return "The server refuses the login (5xx): check PRIVACY_SMTP_URL"
    if reply_code in {550, 551, 553, 554}:
        return "The server refuses recipient, sender or content (5xx): check PRIVACY_MAIL_FROM"
    return "The server asks to try later (4xx)" if reply_code < 500 else "The server refuses for good (5xx)"  # noqa: PLR2004


@app.command()
def retry(letter: Annotated[str, typer.Argument(help="The letter's id, as `privacy letters show` prints it.")]) -> None:
    """Send a letter again at once, if it failed, is queued, or may have been accepted.

    A letter that the mail server may have accepted can arrive twice. A letter that was sent is refused.
    """
    letter_id = parse_id_of(Prefix.LETTER, letter)

    async def retry_letter(databases: OpenDatabases) -> None:
        async with admin_unit_of_work(databases, "retryLetter") as unit:
            await review.retry_email(unit, letter_id)

    run_with_databases(retry_letter)
    typer.echo(f"{letter} is due now")
