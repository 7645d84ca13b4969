"""An agent who works at the desk with the keyboard alone, as a screen reader names what is there."""

import json
import re
from urllib.parse import urlsplit

from tests.browser import Browser

MOST_TABS = 120
FOCUSED = """(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return "";
  const own = element.labels?.[0]?.querySelector("span") || element.labels?.[0];
  return (element.getAttribute("aria-label") || (own || element).textContent || "").trim().replace(/\\s+/g, " ");
})()"""
BUSY = ".htmx-request, .htmx-swapping, .htmx-settling, [aria-busy=true]"
IDLE = f"document.readyState === 'complete' && !document.querySelector('{BUSY}')"


class Pilot:
    """Drives one browser. Each step finds its goal with the Tab key."""

    def __init__(self, browser: Browser, url: str, *, width: int) -> None:
        self.browser = browser
        self.url = url
        self.width = width
        self.open("/sign-in")

    def open(self, path: str) -> None:
        """Open a page of the desk."""
        self.browser.open(self.url + path)

    @property
    def heading(self) -> str:
        return str(self.browser.value("document.querySelector('h1')?.textContent.trim()"))

    @property
    def messages(self) -> str:
        return str(self.browser.value("document.querySelector('#messages').textContent.trim().replace(/\\s+/g, ' ')"))

    @property
    def text(self) -> str:
        return str(self.browser.value("document.body.innerText.replace(/\\s+/g, ' ')"))

    @property
    def address(self) -> str:
        return urlsplit(str(self.browser.value("location.href"))).path

    def focus(self, name: str) -> None:
        """Move the focus with the Tab key to the element of this name, from the start of the page."""
        self.browser.value("document.activeElement?.blur(); getSelection().removeAllRanges(); scrollTo(0, 0)")
        names = []
        for _ in range(MOST_TABS):
            self.browser.press("Tab")
            names.append(self.browser.value(FOCUSED))
            if names[-1] == name:
                assert self.browser.value("getComputedStyle(document.activeElement).outlineStyle") != "none"
                return
        raise AssertionError(f"no Tab leads to {name!r}: {list(dict.fromkeys(names))}")

    def press_enter(self, *, is_answered: bool = True) -> None:
        """Press Enter and wait for the page that follows."""
        self.browser.value("window.pilotMark = document.querySelector('main')")
        self.browser.press("Enter")
        if is_answered:
            self.browser.wait_until(f"window.pilotMark !== document.querySelector('main') && {IDLE}")

    def activate(self, name: str, *, is_answered: bool = True) -> None:
        """Press the button, or follow the link, of this name; wait for a page that follows."""
        self.focus(name)
        self.press_enter(is_answered=is_answered)

    def type_into(self, name: str, text: str) -> None:
        """Write into the field of this name."""
        self.focus(name)
        self.browser.value("document.activeElement.select?.()")
        self.browser.type_text(text)

    def choose(self, name: str, option: str) -> None:
        """Choose an option by its words, as typing its first letters does."""
        self.focus(name)
        for letter in option:
            self.browser.type_key(letter)
        chosen = self.browser.value("document.activeElement.selectedOptions[0].textContent")
        assert chosen == option, chosen

    def sign_in(self, role: str) -> None:
        """Sign in with a role of the demonstration."""
        self.activate(f"Sign in as {role}")

    def set_case(self, case: str) -> None:
        """Set the case."""
        self.type_into("Case", case)
        self.press_enter()

    def check(self) -> None:
        """Check what holds on every page: no script error, nothing from elsewhere, no sideways scrolling or storage."""
        assert self.browser.log_entries == [], self.browser.log_entries
        assert {request for request in self.browser.requests if not request.startswith((self.url, "data:"))} == set()
        assert self.browser.value("document.documentElement.scrollWidth") <= self.width
        # htmx notes the path of the page, which has no personal value.
        kept = self.browser.value("[...Object.values(localStorage), ...Object.values(sessionStorage)]")
        assert [each for each in kept if not re.fullmatch(r"/[a-z0-9_/?=&-]*", each)] == []
        assert self.browser.value("document.cookie") == ""

    def evaluate(self, script: str, *values: object) -> object:
        """Return the value of a script, with JSON values put into it."""
        return self.browser.value(script % tuple(json.dumps(value) for value in values))
