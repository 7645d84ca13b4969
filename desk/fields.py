"""What agents type into long forms: times in their zone, lists of people, and which field the API refused."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from starlette.requests import Request

from desk.api_client import ApiRefusal
from desk.formats import zone_of
from desk.pages import desk_of, is_about_the_session
from desk.search import identifier_of
from desk.sessions import session_of

MAX_PEOPLE: Final = 1000
_INPUT: Final = re.compile(r"^input\.")


class FieldProblem(NamedTuple):
    """Which field of a form was refused, and why in words. A key of the texts, or a sentence of the API."""

    name: str
    key: str = ""
    message: str = ""


class Submission(NamedTuple):
    """The data of a mutation, or the field that it was refused for."""

    data: dict[str, Any]
    problem: FieldProblem | None


def moment_of(text: str, zone: str) -> str | None:
    """Return the time of a date-and-time field in UTC, as the API reads it; None when it is none."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return None
    if local.tzinfo is None:
        local = local.replace(tzinfo=zone_of(zone))
    try:
        return local.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except OverflowError:
        return None


def now_in(zone: str) -> str:
    """Return the current minute as the value of a date-and-time field."""
    return f"{datetime.now(UTC).astimezone(zone_of(zone)):%Y-%m-%dT%H:%M}"


def people_of(text: str) -> dict[str, Any] | None:
    """Return the ``SubjectsBy`` of identifiers, one a line and all of one kind; None when they are not."""
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    identifiers = [identifier_of(line) for line in lines]
    kinds = {kind for identifier in identifiers if identifier for kind in identifier}
    if not lines or len(lines) > MAX_PEOPLE or None in identifiers or len(kinds) != 1:
        return None
    [kind] = kinds
    return {f"{kind}s": [identifier[kind] for identifier in identifiers if identifier]}


def people_count(people: Mapping[str, Any] | None) -> int:
    """Return how many people a ``SubjectsBy`` names."""
    return sum(len(values) for values in (people or {}).values())


async def submit(
    request: Request,
    operation: str,
    variables: Mapping[str, Any],
    done: str,
    refusals: Mapping[str, str] = MappingProxyType({}),
) -> Submission:
    """Run the mutation of a form. After a refusal the next page says why, and names the field that is concerned.

    ``refusals`` has texts for codes that mean something of their own here.
    """
    session, desk = session_of(request), desk_of(request)
    try:
        data = await desk.api.run(session, operation, variables)
    except ApiRefusal as refusal:
        if is_about_the_session(refusal):
            raise
        text = refusals.get(refusal.code) or desk.refusal_text(refusal)
        session.notify(text, "refused", refusal.code)
        argument = _INPUT.sub("", str(refusal.extensions.get("argument", "")))
        name = re.split(r"[.\[]", argument)[0]
        return Submission({}, FieldProblem(name, message=refusal.message) if name else None)
    session.notify(done)
    return Submission(data, None)
