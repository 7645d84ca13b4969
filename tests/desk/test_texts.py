"""The texts: each key that a page names exists, and values are escaped."""

import re
from datetime import UTC, datetime

from markupsafe import Markup

from desk.texts import Texts
from models.outbox.emails import EmailKind
from tests.conftest import ROOT


def test_each_text_that_a_page_names_exists() -> None:
    texts = Texts()
    pages = [*(ROOT / "desk" / "templates").glob("*.html")]
    keys = {(page.name, key) for page in pages for key in re.findall(r'\bt\("([\w.]+[a-z])"[,)]', page.read_text())}
    assert len(keys) > 50
    assert {each for each in keys if not texts.has(each[1])} == set()
    modules = [*(ROOT / "desk").glob("*.py")]
    noted = {(path.name, key) for path in modules for key in re.findall(r'"(\w+\.[\w.]+)"\)', path.read_text())}
    assert {
        each for each in noted if each[1][0].islower() and not each[1].endswith(".html") and not texts.has(each[1])
    } == set()


def test_values_are_escaped_and_isolated_from_the_direction_of_the_text() -> None:
    text = Texts()("layout.acting", name="<b>\u202eada</b>")
    assert text == Markup("<bdi>&lt;b&gt;\ufffdada&lt;/b&gt;</bdi>, acting as")
    assert Texts()("days.left", days=3) == "3 days left"


def test_a_value_of_a_newer_api_stands_for_itself() -> None:
    assert Texts().word("RequestState", "BEING_WEIGHED") == "Being weighed"
    assert Texts().word("RequestState", None) == ""


def test_templates_have_no_words_of_their_own() -> None:
    """Every word that a page shows is in the file of the language, so that another language is another file."""
    for page in (ROOT / "desk" / "templates").glob("*.html"):
        text = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", "", page.read_text(), flags=re.DOTALL)
        outside = re.sub(r"<[^>]*>", "", text.replace(' aria-invalid="true"', "").replace(' aria-describedby=""', ""))
        assert re.findall(r"[A-Za-z]+", outside) == [], page.name


def test_dates_are_written_by_the_language() -> None:
    dates = [Texts().date(datetime(2027, month, 5, tzinfo=UTC)) for month in (1, 12)]
    assert dates == ["5 Jan 2027", "5 Dec 2027"]


def test_every_kind_of_letter_has_words() -> None:
    assert set(Texts().words("LetterKind")) == set(EmailKind)
