"""The page of an export shows values as texts, whatever they contain, and our own words plainly."""

import re
from html.parser import HTMLParser

from models.exports import html_page

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</dd></dl></main></body></html>",
    "<!-- ",
    "]]>",
    "&lt;b&gt; &amp;",
    "=HYPERLINK(1)",
    "\x00\x1b[31m\x08\x9b",
    "\u202e\u2066moc.elpmaxe",
    "javascript:alert(1)",
    "\ud83d",
)


class Reader(HTMLParser):
    """Collects the elements and the texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        assert not {name for name, _ in attrs} & {"src", "style", "onerror"}
        assert all((value or "").startswith("#") for name, value in attrs if name == "href")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_nothing_hostile_becomes_markup_in_values_names_and_systems() -> None:
    content = {"list": list(HOSTILE), "names": {text: text for text in HOSTILE}, "nested": [[HOSTILE], [{"a": 1.5}]]}
    page = (
        html_page.head("Title", {"Date": HOSTILE[0]}, [("p0", text) for text in HOSTILE])
        + "".join(html_page.own_record({"display_name": text}) for text in HOSTILE)
        + html_page.system_section("p0", HOSTILE[1], HOSTILE[0], content, HOSTILE[2])
        + html_page.END
    )
    reader = Reader(page)
    assert not {"script", "img", "b"} & {*reader.elements}
    assert reader.elements.count("html") == reader.elements.count("main") == 1
    assert HOSTILE[0] in "".join(reader.texts)
    assert "=HYPERLINK(1)" in "".join(reader.texts)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", page)


def test_choices_are_plain_words_and_texts_of_the_person_stay_as_they_are() -> None:
    page = html_page.own_record(
        {"state": "OPT_OUT", "is_primary": True, "display_name": "ADA", "country": "DE", "reference": "ORDER_17"}
    )
    texts = Reader(page).texts
    assert [text for text in texts if text.strip()] == [
        *("State", "opt out", "Primary", "yes", "Display name", "ADA", "Country", "DE", "Reference", "ORDER_17")
    ]
    assert "GRANTED" in html_page.record({"state": "GRANTED"}), "the words of other systems are theirs"


def test_what_is_empty_is_said() -> None:
    page = html_page.record({"likes": [], "profile": {}, "note": None, "texts": ["a", "b"]})
    assert [text for text in Reader(page).texts if text.strip()] == [
        *("Likes", "none", "Profile", "none", "Note", "none", "Texts", "a, b")
    ]


def test_the_page_loads_nothing_and_has_a_table_of_contents() -> None:
    page = html_page.head("Your data", {}, [("s0", "Email addresses")])
    assert "default-src 'none'" in page
    assert '<a href="#s0">Email addresses</a>' in page
    assert "@media print" in page
    assert 'name="viewport"' in page
