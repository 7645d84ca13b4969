"""Names that other people chose, in emails: what follows them reads as it was written."""

from html import unescape
from typing import Any

import pytest

from mailers.direction import isolate
from mailers.emails import EMAIL_TEMPLATES, render_email, render_templates
from models.outbox.emails import EmailKind
from tests.mailers.test_emails import LINK, SENDER

NAME = "\u05e9\u05dc\u05d5\u05dd 7"
OVERRIDE = "Example \u202egpj.exe"
LINES = [{"name": NAME, "address": OVERRIDE, "categories": ["CONTACT"]}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Example Prints", "Example Prints"),
        ("Caf\u00e9 \u6771\u4eac", "Caf\u00e9 \u6771\u4eac"),
        (NAME, f"\u2068{NAME}\u2069"),
        (f"\u2067{NAME}", f"\u2068\ufffd{NAME}\u2069"),
        (OVERRIDE, "Example \ufffdgpj.exe"),
        (f"https://example.com/{NAME}", f"https://example.com/{NAME}"),
        ([{"name": NAME}], [{"name": f"\u2068{NAME}\u2069"}]),
        (7, 7),
        (None, None),
    ],
)
def test_a_value_is_isolated_only_where_its_direction_differs(value: Any, expected: Any) -> None:
    assert isolate(value) == expected


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (EmailKind.CALIFORNIA_REPORT, {"lines": LINES}),
        (EmailKind.FORCED_DISCLOSURE, {"authority": f"{NAME}, {OVERRIDE}"}),
        (EmailKind.OPTED_OUT, {"purposes": [NAME, OVERRIDE]}),
    ],
)
def test_a_letter_isolates_the_names_that_it_quotes(kind: EmailKind, event: dict[str, Any]) -> None:
    content = render_email(kind, {**EMAIL_TEMPLATES[kind].example, **event}, SENDER, LINK)
    for body in (content.text, unescape(content.html)):
        assert f"\u2068{NAME}" in body
        assert body.count("\u2068") == body.count("\u2069")
        assert "\u202e" not in body
        assert "\ufffdgpj.exe" in body


def test_a_notice_to_officers_isolates_them_too() -> None:
    context = {"request": "req_1", "person": "sub_1", "recipients": NAME}
    content = render_templates("recipients_to_notify", context, SENDER)
    assert f"\u2068{NAME}\u2069" in content.text
    assert f"\u2068{NAME}\u2069" in content.html
