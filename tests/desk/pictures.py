"""Writes the pictures of docs/guides/desk.md: ``make pictures``, beside a demonstration that `make serve` runs."""

from tests.browser import Browser, opened
from tests.conftest import ROOT
from tests.desk.pilot import Pilot

URL = "http://127.0.0.1:8100"
FOLDER = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 960, 480


def take(browser: Browser, name: str, height: int = HEIGHT) -> None:
    """Write a picture of the page as it is."""
    browser.resize(WIDTH, height)
    browser.screenshot(FOLDER / f"desk-{name}.png", is_whole=False)


def pictures(browser: Browser) -> None:
    """Go through the pages that the guide shows."""
    browser.resize(WIDTH, HEIGHT)
    pilot = Pilot(browser, URL, width=WIDTH)
    pilot.sign_in("Support")
    pilot.set_case("#1042")
    pilot.type_into("Email address, id or account", "ada@example.com")
    take(browser, "search", 300)
    pilot.press_enter()
    take(browser, "person")
    person = pilot.address
    pilot.open(f"{person}/erasure")
    take(browser, "plan")
    browser.command("Network.clearBrowserCookies")
    pilot.open("/sign-in")
    pilot.sign_in("Privacy officer")
    pilot.set_case("#1042")
    pilot.open("/requests")
    take(browser, "requests", 490)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    with opened(width=WIDTH) as window:
        pictures(window)
