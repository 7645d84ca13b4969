"""Statistics: counts of people, never people, as charts that are drawn here, each with its table."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desk.api_client import ApiOutage
from desk.pages import desk_of
from desk.sessions import session_of

FIRST_YEAR: Final = 2018
CHOICES: Final = ("granted", "withdrawn", "objected", "neverAsked")
NOT_APPLICABLE: Final = {"CONSENT": "objected", "LEGITIMATE_INTERESTS": "withdrawn"}
"""The legal bases of purposes that can be refused, and the choice that people cannot make under each."""
KINDS: Final = (
    "ERASURE",
    "ACCESS",
    "PORTABILITY",
    "RECTIFICATION",
    "RESTRICTION",
    "OBJECTION",
    "COMPLAINT",
    "ENQUIRY",
    "CA_DIRECT_MARKETING_DISCLOSURE",
)


class Bar(NamedTuple):
    """One part of a bar: what it counts, its number, and where it begins and ends in percent of the width."""

    name: str
    total: int
    start: float
    width: float


def stacked(counts: Mapping[str, int | None], people: int | None = None) -> list[Bar]:
    """Return the parts of one bar, whose full width is all people. Counts that the API withholds have no part."""
    total = max(sum(count or 0 for count in counts.values()), people or 0)
    bars, start = [], 0.0
    for name, count in counts.items():
        if count:
            bars.append(Bar(name, count, round(start, 2), round(100 * count / total, 2)))
            start += 100 * count / total
    return bars


def ranked(rows: Sequence[Mapping[str, Any]], most: int = 10) -> list[Bar]:
    """Return a bar for each of the largest values; the longest has the full width."""
    largest = sorted(rows, key=lambda row: -row["accounts"])[:most]
    longest = max((row["accounts"] for row in largest), default=0) or 1
    return [Bar(row["value"], row["accounts"], 0, round(100 * row["accounts"] / longest, 2)) for row in largest]


def alias_of(purpose: str) -> str:
    """Return the name of a purpose's choices in the figures."""
    return f"choices_{purpose.replace('-', '_')}"


async def _add_other_choices(request: Request, figures: dict[str, Any], purposes: Sequence[str]) -> None:
    """Ask for the choices of purposes that were defined later. The operation of the page names the first ones."""
    others = [purpose for purpose in purposes if alias_of(purpose) not in figures]
    answers = await asyncio.gather(
        *(desk_of(request).api.run(session_of(request), "statistics_choices", {"purpose": each}) for each in others)
    )
    for purpose, answer in zip(others, answers, strict=True):
        figures[alias_of(purpose)] = answer["statistics"]["choices"]


async def show_statistics(request: Request) -> Response:
    """Show the figures of the day, and the requests of a year."""
    desk = desk_of(request)
    now = datetime.now(UTC).year
    text = request.query_params.get("year", "")
    year = int(text) if text.isdecimal() and FIRST_YEAR <= int(text) <= now else now
    try:
        data = await desk.ask(request, "statistics", {"year": year})
    except ApiOutage:
        # No worker has computed figures yet, unless the API is away, which the next question shows.
        await desk.ask(request, "viewer")
        return desk.page(request, "statistics.html", section="statistics", figures=None)
    purposes = [purpose for purpose in data["purposes"] if purpose["legalBasis"] in NOT_APPLICABLE]
    figures = data["statistics"]
    await _add_other_choices(request, figures, [each["key"] for each in purposes])
    choices = [(each["title"], figures[alias_of(each["key"])], NOT_APPLICABLE[each["legalBasis"]]) for each in purposes]
    return desk.page(
        request,
        "statistics.html",
        section="statistics",
        figures=figures,
        choices=[
            (title, counts, stacked({name: counts[name] for name in CHOICES}, figures["subjects"]), unused)
            for title, counts, unused in choices
        ],
        clients=[(name, figures[name], ranked(figures[name])) for name in ("apps", "versions", "platforms")],
        requests=[(kind, figures[kind] if any(figures[kind].values()) else None) for kind in KINDS],
        received=ranked([{"value": kind, "accounts": figures[kind]["received"] or 0} for kind in KINDS]),
        year=year,
        years=range(now, max(now - 5, FIRST_YEAR) - 1, -1),
    )


ROUTES: Final = [Route("/statistics", show_statistics)]
