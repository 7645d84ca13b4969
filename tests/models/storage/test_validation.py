"""Lines of text and addresses: one normal form, bounded, and the fast path agrees with email-validator."""

import unicodedata

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from models.errors import BadInput
from models.storage import validation

LOCAL = st.text("abcxyz019.!#$%&'*+/=?^_`{|}~-\" @()ABÄé", min_size=0, max_size=12)
LABEL = st.text("abcxyz019-_.ABäß", min_size=0, max_size=12)
ADDRESS = st.one_of(
    st.emails(),
    st.builds(
        "{}@{}.{}".format, LOCAL, LABEL, st.sampled_from(["com", "example", "org", "c", "xn--p1ai", "1com", "test"])
    ),
    st.builds("{}@{}".format, st.sampled_from(["a", "a.b", "a" * 64, "a" * 65]), st.text("ab-.", max_size=70)),
    st.text(max_size=40),
)


@given(ADDRESS)
@example("a@b.com")
@example("a@xn--bcher-kva.example")
@example("a@a.xn--p1ai")
@example("a@xn--.com")
@example("a@-b.com")
@example("a@b-.com")
@example("a@a--b.com")
@example("a@ab--c.com")
@example("a" * 64 + "@example.com")
@example("a" * 65 + "@example.com")
@example("a@" + "b" * 63 + ".com")
@example("a@" + "b" * 64 + ".com")
@example("a@" + "b." * 120 + "example.com")
@example("a@localhost")
@example("a@example.com\n")
@example("a..b@example.com")
@example("a@b.test")
def test_an_address_is_one_exactly_when_email_validator_says_so(text: str) -> None:
    try:
        kept: str | None = validation.email_address(text, "input.email")
    except BadInput:
        kept = None
    try:
        expected: str | None = validate_email(
            unicodedata.normalize("NFC", text).strip(), check_deliverability=False, globally_deliverable=False
        ).normalized
    except EmailNotValidError:
        expected = None
    if kept is None and expected is not None:
        # What is not for printing, or too long as it was written, is no line of text whatever is left of it.
        assert len(text) > validation.MAX_ADDRESS_LENGTH or any(unicodedata.category(one)[0] in "CZ" for one in text)
    else:
        assert kept == expected


@given(st.text(max_size=60))
def test_a_line_is_in_one_form_and_stays_so(text: str) -> None:
    try:
        line = validation.single_line(text, "input", 50)
    except BadInput:
        return
    assert line
    assert len(line) <= 50
    assert line == line.strip() == unicodedata.normalize("NFC", line)
    assert validation.single_line(line, "input", 50) == line
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in line)
    line.encode()


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\t", "a\nb", "a\x00", "\ud800", "\u2028", "a" * 51, "a\x7f", "\x85"),
        *("\u200b", "\u200b\u2060\ufeff \u3164", "\u2800\u3000", "\ufe0f\U000e0001"),
        *("Ada \u202egpj.exe", "\u202dAda", "Ada\u2066b", "\u202aAda\u202c"),
    ],
)
def test_what_is_no_line_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadInput) as refusal:
        validation.single_line(text, "input", 50)
    assert not text.strip() or text not in refusal.value.message


@pytest.mark.parametrize(
    "text",
    [
        "\U0001faea\U0001fac8",  # emoji of Unicode 16 and 17
        "\U000323b0",  # an ideograph of Unicode 17
        "\U0003fffd\u0378",  # assigned in no version
        "\ue000",
        "\uf8ff",
        "\U0001f468\u200d\U0001f469",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u200fAda",
    ],
)
def test_a_name_is_valid_whatever_unicode_version_the_host_knows(text: str) -> None:
    assert validation.single_line(text, "input", 50) == text
    assert validation.file_name(text, "input", 50) == text


@pytest.mark.parametrize(
    "name", ["Icon\r", " a ", "a\nb", "Ame\u0301lie", "\u200b", "\u202egpj.exe", "\x1b[2J", "\ue000"]
)
def test_a_file_name_stays_as_it_is(name: str) -> None:
    assert validation.file_name(name, "input", 50) == name


@pytest.mark.parametrize("name", ["", "a\x00", "\ud800", "a\udfffb", "a" * 51])
def test_what_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        validation.file_name(name, "input", 50)


def test_two_spellings_of_one_letter_are_one() -> None:
    assert validation.single_line("Ame\u0301lie", "", 50) == validation.single_line("Am\u00e9lie", "", 50)


@pytest.mark.parametrize("code", ["", "de", "DEU", "XX", "UK", "EU", "D\u0415", " DE", "DE\n"])
def test_a_country_is_a_code_of_the_standard(code: str) -> None:
    with pytest.raises(BadInput):
        validation.country_code(code, "input.country")


def test_there_are_all_countries() -> None:
    assert len(validation.COUNTRIES) == 249
    assert validation.country_code("CH", "") == "CH"
