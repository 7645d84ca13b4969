"""Letters have no defect for a strict parser, no injected header and no personal data."""

import re
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from mailers.emails import EMAIL_TEMPLATES, TEMPLATE_DIRECTORY, render_email, render_templates
from mailers.message import Envelope, Sender, build_message
from models.erasure.scope import currently_retained
from models.outbox.emails import EmailKind
from models.outbox.staff_notices import StaffNoticeKind
from models.requests import verification_codes
from models.requests.vocabulary import DenialReason
from models.storage.card_fields import contains_card_number
from tests.mailers.fake_smtp import STRICT

SENDER = Sender.read("Privätsphäre <privacy@example.org>", "support@example.org", "https://privacy.example.org/base/")
EXPORT_LINK = "https://privacy.example.org/base/e/AZKrZ2n0"
POLICY = "https://www.example.com/privacy"
LINK = "https://privacy.example.org/u/" + "A" * 130
AT = datetime(2027, 1, 31, 12, 0, 5, tzinfo=UTC)
ENVELOPE = Envelope("opted_out", "<let_01@example.org>", "user@example.com", AT)
EVERY = list(EmailKind)
REASON_ADDED = {EmailKind.REQUEST_RECEIVED, EmailKind.ERASURE_SCHEDULED}
"""The kinds whose events had no reason in an earlier version."""
HEADERS = {
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Feedback-ID",
    "MIME-Version",
    "Content-Type",
}
UNSUBSCRIBE = {"List-Unsubscribe", "List-Unsubscribe-Post"}


def rendered(
    name: EmailKind, recipient: str = "user@example.com", unsubscribe: str | None = LINK, **says: Any
) -> EmailMessage:
    """Write a letter as it would go, and read it with a parser that raises at every defect."""
    words = render_email(name, {**EMAIL_TEMPLATES[name].example, **says}, SENDER, unsubscribe)
    mail = build_message(SENDER, Envelope(name, "<let_01@example.org>", recipient, AT, unsubscribe), words)
    return read(mail.body)


def read(octets: bytes) -> EmailMessage:
    parsed: Any = message_from_bytes(octets, policy=STRICT)
    for part in parsed.walk():
        assert part.defects == []
        for value in part.values():
            assert value.defects == ()
    return parsed


class Page(HTMLParser):
    """Notes what a page would load, and whether its tags match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        attributes = dict(attrs)
        self.loads += [
            str(attributes[name]) for name in ("src", "srcset", "background", "poster") if name in attributes
        ]
        self.links += [str(attributes["href"])] if "href" in attributes else []
        assert tag not in {"img", "script", "link", "iframe", "form", "object"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", EVERY)
def test_a_strict_parser_finds_no_defect(name: EmailKind) -> None:
    letter = rendered(name)
    assert set(letter.keys()) == HEADERS | UNSUBSCRIBE
    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert all(len(line) <= 998 for line in letter.as_bytes().splitlines())


@pytest.mark.parametrize("name", EVERY)
def test_headers_say_that_a_machine_wrote_and_when(name: EmailKind) -> None:
    letter = rendered(name, unsubscribe=None)
    assert set(letter.keys()) == HEADERS
    assert str(letter["From"]) == "Privätsphäre <privacy@example.org>"
    assert str(letter["Reply-To"]) == "support@example.org"
    assert letter["Date"].datetime == AT
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["X-Auto-Response-Suppress"] == "All"
    assert letter["Feedback-ID"] == f"{name}:privacy:example.org"
    assert letter["Message-ID"] == "<let_01@example.org>"


@pytest.mark.parametrize("name", EVERY)
def test_the_html_is_whole_and_loads_nothing(name: EmailKind) -> None:
    html = rendered(name).get_body(("html",))
    assert html is not None
    page = Page()
    page.feed(html.get_content())
    assert page.open == []
    assert page.loads == []
    assert set(page.links) <= {"mailto:support@example.org", LINK, EXPORT_LINK, POLICY}
    assert (EXPORT_LINK in page.links) == (name is EmailKind.EXPORT_READY)
    assert "url(" not in html.get_content()


@pytest.mark.parametrize("name", EVERY)
def test_text_and_html_say_the_same(name: EmailKind) -> None:
    letter = rendered(name)
    html, text = letter.get_body(("html",)), letter.get_body(("plain",))
    assert html is not None
    assert text is not None
    bare = unescape(re.sub(r"<title>.*?</title>|<[^>]+>", " ", html.get_content()))
    word_lists = [re.findall(r"\w+", words) for words in (text.get_content(), bare)]
    if name is EmailKind.CONSENT_GRANTED:
        assert LINK in text.get_content()
    else:
        assert word_lists[0] == word_lists[1]


@pytest.mark.parametrize("name", EVERY)
def test_letters_are_short_and_hold_nothing_personal(name: EmailKind) -> None:
    text = rendered(name).get_body(("plain",))
    assert text is not None
    content = text.get_content()
    # The completion email lists what is kept.
    assert len(content.replace(LINK, "")) < (1100 if name is EmailKind.ERASURE_DONE else 700)
    assert all(len(line) <= 72 for line in content.replace(LINK, "").splitlines())
    assert "user@example.com" not in content
    assert not contains_card_number(content)


def test_each_letter_has_its_folder_and_each_folder_its_letter() -> None:
    folders = {
        path.name: {file.name for file in path.iterdir()} for path in TEMPLATE_DIRECTORY.iterdir() if path.is_dir()
    }
    assert folders == {str(name): {"subject.txt", "body.txt", "body.html"} for name in (*EmailKind, *StaffNoticeKind)}


def test_titles_are_text_in_html() -> None:
    html = rendered(EmailKind.OPTED_OUT, purposes=["<script>alert(1)</script> & more"]).get_body(("html",))
    assert html is not None
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in html.get_content()


VARIANTS = [(kind, variant) for kind in EVERY for variant in EMAIL_TEMPLATES[kind].variants]


def text_of(kind: EmailKind, **event: Any) -> str:
    return " ".join(render_email(kind, {**EMAIL_TEMPLATES[kind].example, **event}, SENDER, LINK).text.split())


@pytest.mark.parametrize(("kind", "variant"), VARIANTS)
def test_each_variant_is_whole_in_text_and_html(kind: EmailKind, variant: str) -> None:
    event = EMAIL_TEMPLATES[kind].variants[variant]
    assert event.keys() <= EMAIL_TEMPLATES[kind].example.keys()
    letter = rendered(kind, **event)
    html, text = letter.get_body(("html",)), letter.get_body(("plain",))
    assert html is not None
    assert text is not None
    bare = unescape(re.sub(r"<title>.*?</title>|<[^>]+>", " ", html.get_content()))
    word_sets = [set(re.findall(r"\w+", words.replace(LINK, ""))) for words in (text.get_content(), bare)]
    assert word_sets[0] == word_sets[1]
    assert all(len(line) <= 72 for line in text.get_content().replace(LINK, "").splitlines())


@pytest.mark.parametrize("reason", ["UNLAWFUL", "UNDERAGE", "CONSENT_WITHDRAWN"])
def test_an_erasure_that_the_person_did_not_request_is_not_called_a_request(reason: str) -> None:
    text = text_of(EmailKind.REQUEST_RECEIVED, reason=reason)
    assert "you asked" not in text
    assert "Thank you" not in text
    assert "change your mind" not in text_of(EmailKind.ERASURE_SCHEDULED, reason=reason)
    assert "asked" not in text_of(EmailKind.ERASURE_SCHEDULED, reason=reason)
    for denial in DenialReason:
        assert "asked" not in text_of(EmailKind.ERASURE_DENIED, erasure_reason=reason, reason=denial)
    assert "you asked us to erase" in text_of(EmailKind.REQUEST_RECEIVED)


def test_the_letter_about_a_child_announces_no_erasure_that_may_be_a_mistake() -> None:
    text = text_of(EmailKind.REQUEST_RECEIVED, reason="UNDERAGE")
    assert "We have stopped using what we hold, and we will erase it unless this is a mistake." in text
    assert "if you look after the child and have a question, please write to us" in text


def test_the_code_names_the_company_that_asks_for_it() -> None:
    assert "asked something of Privätsphäre." in text_of(EmailKind.IDENTITY_CODE)


def test_emails_that_an_earlier_version_enqueued_are_rendered() -> None:
    for kind in EVERY:
        event = dict(EMAIL_TEMPLATES[kind].example.items())
        for added in ("withdraws_objection", "erasure_reason") + (("reason",) if kind in REASON_ADDED else ()):
            event.pop(added, None)
        assert render_email(kind, event, SENDER, LINK).text


def test_withdrawing_an_objection_is_not_called_agreeing() -> None:
    event = {"purpose": "Protection from fraud", "withdraws_objection": True}
    content = render_email(EmailKind.CONSENT_GRANTED, event, SENDER, LINK)
    assert content.subject == "You have withdrawn your objection"
    assert "agree" not in content.text.lower()
    assert "Protection from fraud" in content.text


def test_the_example_code_has_the_form_of_a_real_code() -> None:
    code = EMAIL_TEMPLATES[EmailKind.IDENTITY_CODE].example["code"]
    assert len(code) == verification_codes.CODE_LENGTH
    assert set(code) <= set(verification_codes.ALPHABET)


def test_the_completion_email_says_what_is_kept_on_which_ground_and_until_when() -> None:
    text = text_of(EmailKind.ERASURE_DONE)
    for row in currently_retained(date(2027, 2, 3), date(2027, 2, 3)):
        assert row.what in text
    assert "for legal claims, until 31 December 2030" in text
    assert "the law requires us to be able to prove it, without a fixed end" in text


def test_letters_name_the_company_its_contact_and_its_postal_address() -> None:
    sender = Sender.read(
        "Privacy <privacy@example.org>",
        None,
        "https://privacy.example.org",
        "Example Ltd",
        "Data Protection <dpo@example.org>",
        "1 Example Street, 12345 Example City",
    )
    for kind in EVERY:
        content = render_email(kind, EMAIL_TEMPLATES[kind].example, sender, LINK)
        for body in (content.text, content.html):
            assert "Example Ltd" in body
            assert "dpo@example.org" in body
            assert "1 Example Street, 12345 Example City" in body


@pytest.mark.parametrize(("minutes", "words"), [("1", "1 minute "), ("30", "30 minutes ")])
def test_a_number_of_minutes_has_its_plural(minutes: str, words: str) -> None:
    context = {"actor": "jane", "minutes": minutes, "case": "#1", "grant": "gra_1", "person": "sub_1"}
    content = render_templates("access_grant_asked", context, SENDER)
    assert words in " ".join(content.text.split())
    assert words in " ".join(content.html.split())
