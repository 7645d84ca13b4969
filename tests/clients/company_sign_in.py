"""Signs in to the desk through a certified OpenID Connect provider, in Chromium; the API verifies its tokens.

The provider is on localhost and the desk on 127.0.0.1: to the browser they are two sites.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.browser import Browser, opened
from tests.clients.service import AUDIENCE
from tests.clients.steps import JAVASCRIPT
from tests.desk.agents import desk_for

PORT: Final = int(os.environ["PRIVACY_PROVIDER_PORT"])
ISSUER: Final = f"http://localhost:{PORT}/company"
SECRETS: Final = ("a secret of the desk", "s%cret+of/the desk:2")
WAIT_SECONDS: Final = 30


class Provider:
    """The provider in a process of its own."""

    def __init__(self, desks: list[list[str]]) -> None:
        """Start it with the clients that it knows: id, secret, authentication, and the address of the desk."""
        environment = os.environ | {"PROVIDER_PORT": str(PORT), "DESKS": json.dumps(desks)}
        self._process = subprocess.Popen(
            [shutil.which("node") or "node", "provider.mjs"],
            cwd=JAVASCRIPT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == b"ready\n"

    def ask(self, **values: Any) -> None:
        """Change what it does: ``rotate``, or ``accessTokenSeconds``."""
        url = f"http://localhost:{PORT}/control"
        assert httpx2.post(url, json=values, trust_env=False, timeout=WAIT_SECONDS).is_success

    def end(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait(10)


class Visitor:
    """A browser at one desk and the provider."""

    def __init__(self, browser: Browser, desk: str) -> None:
        self.browser = browser
        self.desk = desk
        # The pages of the provider ask for a font from elsewhere.
        browser.command("Network.setBlockedURLs", urls=["https://*"])

    def open(self, path: str) -> None:
        """Open a page of the desk."""
        self.browser.open(self.desk + path)

    def wait(self, script: str) -> None:
        """Wait until a script is true; show the page where it never is."""
        try:
            self.browser.wait_until(f"Boolean({script})")
        except TimeoutError:
            page = self.browser.value("location.href + ' ' + document.body?.innerText")
            raise AssertionError(f"never {script} on {page}") from None

    def see(self, words: str) -> None:
        """Wait for words on the page."""
        self.wait(f"document.body?.innerText.includes({json.dumps(words)})")

    def press(self, selector: str) -> None:
        """Click on an element once it is there."""
        self.wait(f"document.querySelector({json.dumps(selector)})")
        self.browser.value(f"document.querySelector({json.dumps(selector)}).click()")

    def follow(self, words: str) -> None:
        """Follow a link, or press a button, by its words."""
        script = f"[...document.querySelectorAll('a, button')].find(each => each.innerText === {json.dumps(words)})"
        self.wait(script)
        self.browser.value(f"{script}.click()")

    def fill(self, **fields: str) -> None:
        """Fill in fields by their names."""
        for name, value in fields.items():
            self.wait(f"document.querySelector('[name={name}]')")
            self.browser.value(f"document.querySelector('[name={name}]').value = {json.dumps(value)}")

    def begin(self, path: str = "/sign-in") -> None:
        """Go to the provider."""
        self.open(path)
        self.follow("Sign in with your company account")

    def name(self, account: str) -> None:
        """Name an account to the provider, and consent."""
        self.name_again(account)
        self.wait("document.querySelector('[name=prompt]')?.value === 'consent'")
        self.press("button[type=submit]")

    def name_again(self, account: str) -> None:
        """Name an account that has consented before."""
        self.fill(login=account, password="any")
        self.press("button[type=submit]")

    def sign_in(self, account: str, path: str = "/sign-in") -> None:
        """Sign in."""
        self.begin(path)
        self.name(account)
        self.see(account)


def a_working_day(one: Visitor, provider: Provider) -> None:
    """Sign in, come from elsewhere, lose the token in a form, sign in beside it, and sign out."""
    one.sign_in("SUPPORT.PRIVACY.ada", "/requests?view=done")
    assert one.browser.value("location.pathname") == "/requests"
    one.browser.value("history.back()")
    time.sleep(1)  # the provider has nothing to ask any more, and may lead to the desk again
    one.open("/requests")
    one.see("SUPPORT.PRIVACY.ada")
    one.browser.open(f"{ISSUER}/.well-known/openid-configuration")
    one.browser.value(f"location = {json.dumps(one.desk + '/requests?view=done')}")
    one.wait("location.search === '?view=done' && document.readyState === 'complete'")
    one.see("SUPPORT.PRIVACY.ada")

    provider.ask(accessTokenSeconds=1)
    two = Visitor(one.browser.tab(), one.desk)
    two.begin()
    two.see("SUPPORT.PRIVACY.ada")
    one.open("/")
    one.fill(case="#1042")
    one.press(".case button")
    one.wait("document.querySelector('[name=case]').value === '#1042'")
    one.fill(query="ada@example.com")
    one.press("main form button")
    one.follow("Correct…")
    one.fill(name="Ada of the provider")
    time.sleep(7)  # the life of the token, and the difference of clocks that the API allows
    one.press("main form button")
    one.see("Your sign-in has ended")
    provider.ask(accessTokenSeconds=3600)
    two.begin()
    two.see("SUPPORT.PRIVACY.ada")
    one.follow("Send it again")
    one.see("Ada of the provider")
    assert one.browser.value("document.querySelector('[name=case]').value") == "#1042"

    one.follow("Sign out")
    one.see("You are signed out.")
    one.follow("Sign out of the company account, too")
    one.follow("Yes, sign me out")
    one.wait(f"location.href.startsWith({json.dumps(one.desk + '/sign-in')})")
    one.follow("Sign in with your company account")
    one.wait("document.querySelector('[name=login]')")


def two_tabs(one: Visitor) -> None:
    """Begin in two tabs, and end in the order of beginning."""
    two = Visitor(one.browser.tab(), one.desk)
    one.begin("/grants")
    one.wait("document.querySelector('[name=login]')")
    two.begin("/requests")
    two.wait("document.querySelector('[name=login]')")
    one.name("PRIVACY.bo")
    one.see("PRIVACY.bo")
    two.name_again("PRIVACY.bo")
    two.see("PRIVACY.bo")
    assert two.browser.value("location.pathname") == "/requests"


def refusals(one: Visitor) -> None:
    """Call the sign-in off, and sign in without a role."""
    one.begin()
    one.wait("document.querySelector('[name=login]')")
    one.press("a[href$=abort], button[name=abort]")
    one.see("The sign-in was called off")
    one.begin()
    one.name("nobody")
    one.see("does not accept your company account")


def keys_are_replaced(one: Visitor, provider: Provider) -> None:
    """Sign in with keys that the API does not know yet. It asks for keys again after ten seconds at the earliest."""
    provider.ask(rotate=True)
    until = time.monotonic() + WAIT_SECONDS
    one.begin()
    one.name("AUDITOR.cy")
    while "AUDITOR.cy" not in one.browser.value("document.body?.innerText || ''"):
        assert time.monotonic() < until
        time.sleep(1)
        if one.browser.value("Boolean(document.querySelector('.notice.refused'))"):
            one.begin()
    provider.end()
    one.follow("Sign out")
    one.begin()
    one.see("The sign-in of your company does not answer.")


@contextmanager
def desks() -> Iterator[tuple[Provider, list[str]]]:
    """Serve two desks, each a client of its own: one sends access tokens to the API, and one sends ID tokens."""
    clients: list[dict[str, Any]] = [
        {"oidc_client_id": "desk", "oidc_client_auth": "client_secret_post", "oidc_resource": AUDIENCE},
        {"oidc_client_id": AUDIENCE, "oidc_token": "id_token"},
    ]
    known = []
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = []
        for values, secret in zip(clients, SECRETS, strict=True):
            settings = {
                **values,
                "oidc_issuer": ISSUER,
                "oidc_client_secret": secret,
                "demo_tokens": None,
                "secret": "s" * 32,
            }
            urls.append(stack.enter_context(desk_for(os.environ["PRIVACY_URL"], home, {}, **settings)))
            method = values.get("oidc_client_auth", "client_secret_basic")
            known.append([values["oidc_client_id"], secret, method, urls[-1]])
        provider = Provider(known)
        stack.callback(provider.end)
        yield provider, urls


def main() -> None:
    """Try everything; the first thing that does not hold ends the process."""
    with desks() as (provider, urls):
        for try_it in (refusals, two_tabs):
            with opened() as browser:
                try_it(Visitor(browser, urls[0]))
        with opened() as browser:
            a_working_day(Visitor(browser, urls[0]), provider)
        with opened() as browser:
            keys_are_replaced(Visitor(browser, urls[1]), provider)
    sys.stdout.write("the provider, the desk and the API agree\n")


if __name__ == "__main__":
    main()
