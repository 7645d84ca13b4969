"""The unsubscribe pages: one function for each state of a link and each outcome of a click."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from api.routes.company import Company
from models.consent.link_states import LinkState
from models.consent.purposes import LegalBasis, PurposeRow

STYLE: Final = """
body{font:1.125rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:36rem;padding:1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.2}
h2{font-size:1.25rem;line-height:1.2;margin-top:2.5rem}
ul{padding-left:1.5rem}
form{margin:1rem 0}
button{font:inherit;padding:.75rem 1rem;width:100%;border:2px solid;border-radius:.5rem;cursor:pointer}
button:focus-visible{outline:3px solid;outline-offset:3px}
.quiet{background:none;color:inherit}
header,footer{font-size:1rem}
footer{border-top:1px solid;margin-top:2.5rem}
"""
POLICY: Final = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


class _Words(NamedTuple):
    """What the pages say, by the legal basis of the link's purpose."""

    title: str
    button: str
    done: str
    already: str


_WORDS: Final = {
    LegalBasis.CONSENT: _Words(
        "Unsubscribe", "Unsubscribe from", "You are unsubscribed", "You are already unsubscribed"
    ),
    LegalBasis.LEGITIMATE_INTERESTS: _Words(
        "Object to a use of your data", "Object to", "Your objection is recorded", "You have already objected"
    ),
}


class UnsubscribePages:
    """Renders the pages in the name of one company."""

    def __init__(self, company: Company) -> None:
        self._company = company

    def question(self, state: LinkState) -> Response:
        """Return the page before a click: what each button stops, or that nothing is left to stop."""
        if state.is_gone:
            return self.gone()
        words = _WORDS[LegalBasis(state.purpose.legal_basis)]
        if state.is_refused:
            sentences = ["We do not use your data for this, because you opted out before:"]
            return self._page(200, words.already, sentences, listed=[state.purpose], others=state.others)
        sentences = ["Press the button to stop this use of your data:"]
        button = f"{words.button} {state.purpose.title}"
        return self._page(
            200, words.title, sentences, listed=[state.purpose], button=button, others=state.others, is_asked=True
        )

    def done(self, state: LinkState) -> Response:
        """Return the page after an opt-out from the link's purpose."""
        words = _WORDS[LegalBasis(state.purpose.legal_basis)]
        return self._page(
            200, words.done, ["We no longer use your data for this:"], listed=[state.purpose], others=state.others
        )

    def done_with_everything(self, state: LinkState) -> Response:
        """Return the page after an opt-out from everything."""
        return self._page(
            200,
            "You are unsubscribed from everything",
            ["We no longer use your data for any of this, nor for anything of the kind that we may begin later:"],
            listed=state.refusable,
            is_last=True,
        )

    def gone(self) -> Response:
        """Return the page of a person without an account. It is the same for an erased and for an unknown person."""
        sentences = [
            "We hold no account of the person to whom this letter was sent.",
            "No more letters will follow it.",
        ]
        return self._page(200, "There is nothing to unsubscribe from", sentences)

    def invalid_link(self) -> Response:
        """Return the page of an invalid link: 404."""
        sentences = [
            "It may have been cut short on its way. Nothing was changed.",
            "Please open it from the letter once more, or write to us: we will unsubscribe you.",
        ]
        return self._page(404, "This link does not work", sentences)

    def too_many_requests(self, wait: int) -> Response:
        """Return the page of an address that sends too many invalid links: 429."""
        sentences = ["Nothing was changed. Please wait a little and try again."]
        return self._page(429, "Too many requests", sentences, headers={"retry-after": str(wait)})

    def unavailable(self) -> Response:
        """Return the page while the service cannot answer: 503."""
        sentences = ["Nothing was changed. Please try again in a few minutes."]
        return self._page(503, "We cannot do this right now", sentences, headers={"retry-after": "60"})

    def _page(  # noqa: PLR0913 -- the parts of the template
        self,
        status: int,
        title: str,
        sentences: Sequence[str],
        *,
        listed: Sequence[PurposeRow] = (),
        button: str | None = None,
        others: Sequence[PurposeRow] = (),
        is_asked: bool = False,
        is_last: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Response:
        html = _TEMPLATES.get_template("unsubscribe.html").render(
            company=self._company,
            title=title,
            sentences=sentences,
            listed=listed,
            button=button,
            withdrawn=[purpose.title for purpose in others if purpose.legal_basis == LegalBasis.CONSENT],
            objected=[purpose.title for purpose in others if purpose.legal_basis != LegalBasis.CONSENT],
            is_asked=is_asked,
            is_last=is_last,
            style=Markup(STYLE),  # noqa: S704 -- a constant, and named by its hash in POLICY
        )
        return HTMLResponse(html, status, {"content-security-policy": POLICY, **(headers or {})})
