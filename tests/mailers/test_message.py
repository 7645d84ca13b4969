"""Messages keep their headers whatever their content, and equal content gives equal octets."""

from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailers.emails import EMAIL_TEMPLATES, render_email
from mailers.message import EmailContent, Sender, build_message
from models.outbox.emails import EmailKind
from tests.mailers.test_emails import ENVELOPE, HEADERS, LINK, SENDER, UNSUBSCRIBE


def test_the_unsubscribe_link_stands_whole_in_one_line() -> None:
    words = render_email(EmailKind.CONSENT_GRANTED, {"purpose": "Newsletter"}, SENDER, LINK)
    octets = build_message(SENDER, ENVELOPE._replace(unsubscribe=LINK), words).body
    assert f"\r\nList-Unsubscribe: <{LINK}>\r\n".encode() in octets
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in octets


def test_a_letter_made_twice_is_the_same_to_the_octet() -> None:
    words = render_email(EmailKind.OPTED_OUT, EMAIL_TEMPLATES[EmailKind.OPTED_OUT].example, SENDER)
    assert build_message(SENDER, ENVELOPE, words) == build_message(SENDER, ENVELOPE, words)


INJECTED = ["\r\nBcc: other@example.org", "\nBcc: other@example.org", "\rBcc: x", "\x00", "\x85X: y", "\u2028X: y"]


@pytest.mark.parametrize("injected", INJECTED)
def test_settings_that_would_add_a_header_are_refused(injected: str) -> None:
    good = ("Privacy <privacy@example.org>", "support@example.org", "https://privacy.example.org")
    for index, text in enumerate(good):
        for bad in (text + injected, text[:4] + injected + text[4:]):
            given_settings = [*good[:index], bad, *good[index + 1 :]]
            with pytest.raises(ValueError, match="PRIVACY_"):
                Sender.read(*given_settings)


@pytest.mark.parametrize("injected", INJECTED)
def test_an_address_or_an_id_that_would_add_a_header_is_refused(injected: str) -> None:
    words = EmailContent("Subject", "text", "<p>html</p>")
    for envelope in (
        ENVELOPE._replace(recipient=f"user{injected}@example.com"),
        ENVELOPE._replace(recipient=f"user@example.com{injected}"),
        ENVELOPE._replace(message_id=f"<let_01{injected}@example.org>"),
        ENVELOPE._replace(letter=f"opted_out{injected}"),
        ENVELOPE._replace(unsubscribe=f"{LINK}{injected}"),
    ):
        try:
            octets = build_message(SENDER, envelope, words).body
        except (ValueError, UnicodeError):
            continue
        parsed: Any = message_from_bytes(octets, policy=default)
        assert set(parsed.keys()) <= HEADERS | UNSUBSCRIBE
        assert parsed["To"].addresses[0].addr_spec.endswith("@example.com")


@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_a_subject_and_a_title_hold_headers_stay_what_they_are(subject: str, title: str) -> None:
    words = render_email(EmailKind.OPTED_OUT, {"purposes": [title], "is_everything": False}, SENDER)
    try:
        octets = build_message(SENDER, ENVELOPE, words._replace(subject=subject)).body
    except (ValueError, UnicodeError):
        return
    parsed: Any = message_from_bytes(octets, policy=default)
    assert set(parsed.keys()) == HEADERS
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("recipient", ["user@exämple.se", "användare@exämple.se", "o'brien+tag@example.com"])
def test_addresses_of_other_scripts_stand_in_the_header(recipient: str) -> None:
    octets = build_message(
        SENDER, ENVELOPE._replace(recipient=recipient), EmailContent("Hello", "text", "<p>html</p>")
    ).body
    parsed: Any = message_from_bytes(octets, policy=default)  # the strict one calls every other script a defect
    [address] = parsed["To"].addresses
    assert address.username.encode("utf-8", "surrogateescape") == recipient.partition("@")[0].encode()
    assert address.domain in {"xn--exmple-cua.se", "example.com"}
