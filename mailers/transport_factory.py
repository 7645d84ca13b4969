"""Roads: which transport the setting PRIVACY_SMTP_URL stands for."""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import aiosmtplib

from mailers.maildir import Maildir
from mailers.smtp import DATA_TIMEOUT, REPLY_TIMEOUT, Smtp
from mailers.transport import Transport

STARTTLS: Final = {"required": True, "opportunistic": None, "never": False}
USAGE: Final = (
    "PRIVACY_SMTP_URL is smtp://USER:PASSWORD@HOST:PORT?starttls=required (or opportunistic, never), "
    "smtps://USER:PASSWORD@HOST:PORT, or maildir:DIRECTORY; ca=FILE names a certificate authority of your own"
)


def create_transport_factory(
    url: str, ehlo: str, *, answer: float = REPLY_TIMEOUT, verdict: float = DATA_TIMEOUT
) -> Callable[[], Transport]:
    """Give what makes transports for a URL; ValueError with a sentence when it is malformed.

    ``ehlo`` is what we call ourselves when we greet a mail server.
    """
    parts = urlsplit(url)
    if parts.scheme == "maildir" and parts.path and not parts.netloc:
        return lambda: Maildir(Path(parts.path))
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(USAGE)
    options = _options(parts)
    starttls = STARTTLS[options.get("starttls", "required")]

    def client() -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port or (465 if parts.scheme == "smtps" else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            local_hostname=ehlo,
            timeout=answer,
            use_tls=parts.scheme == "smtps",
            start_tls=False if parts.scheme == "smtps" else starttls,
            cert_bundle=options.get("ca"),
        )

    return lambda: Smtp(client, answer=answer, verdict=verdict)


def _options(parts: SplitResult) -> dict[str, str]:
    found = parse_qs(parts.query, keep_blank_values=True)
    options = {name: values[0] for name, values in found.items()}
    try:
        known = parts.port is None or parts.port > 0
    except ValueError:
        known = False
    if (
        not known
        or any(len(values) > 1 for values in found.values())
        or options.keys() - {"starttls", "ca"}
        or options.get("starttls", "never") not in STARTTLS
    ):
        raise ValueError(USAGE)
    if "ca" in options and not Path(options["ca"]).is_file():
        raise ValueError("PRIVACY_SMTP_URL names a file of a certificate authority (ca=) that is not there")
    return options
