"""``privacy letters``: what letters there are, what they look like, and those that need a decision."""

import asyncio
import webbrowser
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from cli.databases import VAR, OpenDatabases, acting, locate, opened
from mailers.emails import EMAIL_TEMPLATES, render_email
from mailers.message import Sender
from models.delivery import review
from models.delivery.review import ReviewFilter
from models.outbox.emails import EmailKind
from models.storage.ids import Prefix, format_id, parse_id_of

app = typer.Typer(
    help="Letters: previews, and those that need a decision.", no_args_is_help=True, rich_markup_mode=None
)
SENDER = Sender.read("Privacy <privacy@example.com>", "support@example.com", "https://privacy.example.com")
LINK = "https://privacy.example.com/u/TOKEN"


@app.command("list")
def listed() -> None:
    """List the letters that there are."""
    for name, letter in EMAIL_TEMPLATES.items():
        typer.echo(f"{name:18} when {letter.when}")


@app.command()
def preview(
    name: Annotated[EmailKind, typer.Argument(help="The letter.")],
    into: Annotated[Path, typer.Option(help="Where the files go.")] = VAR / "previews",
    *,
    show: Annotated[bool, typer.Option("--open", help="Open the HTML in a browser.")] = False,
) -> None:
    """Write a letter with invented contents, as text and as HTML."""
    words = render_email(name, EMAIL_TEMPLATES[name].example, SENDER, LINK)
    into.mkdir(parents=True, exist_ok=True)
    for kind, body in (("txt", f"{words.subject}\n\n{words.text}"), ("html", words.html)):
        path = into / f"{name}.{kind}"
        path.write_text(body, encoding="utf-8")
        typer.echo(path)
    if show:
        webbrowser.open((into / f"{name}.html").resolve().as_uri())


@app.command()
def show(
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Those that were refused, or given up after a day.")] = False,
    uncertain: Annotated[bool, typer.Option("--uncertain", help="Those that may have been accepted.")] = False,
    stuck: Annotated[bool, typer.Option("--stuck", help="Those that wait for longer than an hour.")] = False,
) -> None:
    """Show letters that need a look.

    At most a hundred of each kind, the newest first; without an option, of every kind.
    """
    chosen = {ReviewFilter.FAILED: failed, ReviewFilter.UNCERTAIN: uncertain, ReviewFilter.STUCK: stuck}
    looks = [look for look, is_chosen in chosen.items() if is_chosen] or list(ReviewFilter)

    async def found(place: OpenDatabases) -> None:
        count = 0
        async with place.database.readers.acquire() as connection:
            for look in looks:
                for row in await review.list_for_review(connection, look):
                    count += 1
                    typer.echo(
                        f"{format_id(Prefix.LETTER, row.id)}  {look:9}  {row.letter:17}  {row.posted_at:%F %H:%M}"
                        f"  {format_id(Prefix.SUBJECT, row.subject_id)}  tried {row.attempts}"
                        f"  {row.reason or ''} {row.reply_code or ''}".rstrip()
                    )
        if not count:
            typer.echo("There is nothing to look at.")

    _at_place(found)


@app.command()
def retry(letter: Annotated[str, typer.Argument(help="The letter's id, as `privacy letters show` prints it.")]) -> None:
    """Send a letter once more, at once.

    It is one that failed, waits, or may have been accepted: that one may arrive twice. A letter that was sent is not
    sent again.
    """
    letter_id = parse_id_of(Prefix.LETTER, letter)

    async def again(place: OpenDatabases) -> None:
        async with acting(place, "retryLetter") as unit:
            await review.retry_email(unit, letter_id)
        typer.echo(f"{letter} is due now")

    _at_place(again)


def _at_place(act: Callable[[OpenDatabases], Awaitable[None]]) -> None:
    async def acted() -> None:
        with locate() as settings:
            async with opened(settings) as place:
                await act(place)

    asyncio.run(acted())
