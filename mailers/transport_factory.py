"""The transport factory: creates the transport that the setting PRIVACY_SMTP_URL configures."""

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
    "smtps://USER:PASSWORD@HOST:PORT, or maildir:DIRECTORY; ca=FILE names the file of your own certificate authority"
)


def create_transport_factory(
    url: str, ehlo: str, *, reply_timeout: float = REPLY_TIMEOUT, data_timeout: float = DATA_TIMEOUT
) -> Callable[[], Transport]:
    """Return a function that creates transports for the URL. Raise ValueError when the URL is malformed.

    ``ehlo`` is the host name sent in EHLO. Both timeouts are in seconds.
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
            timeout=reply_timeout,
            use_tls=parts.scheme == "smtps",
            start_tls=False if parts.scheme == "smtps" else starttls,
            cert_bundle=options.get("ca"),
        )

    return lambda: Smtp(client, reply_timeout=reply_timeout, data_timeout=data_timeout)


def _options(parts: SplitResult) -> dict[str, str]:
    query = parse_qs(parts.query, keep_blank_values=True)
    options = {name: values[0] for name, values in query.items()}
    try:
        is_port_valid = parts.port is None or parts.port > 0
    except ValueError:
        is_port_valid = False
    if (
        not is_port_valid
        or any(len(values) > 1 for values in query.values())
        or options.keys() - {"starttls", "ca"}
        or options.get("starttls", "never") not in STARTTLS
    ):
        raise ValueError(USAGE)
    if "ca" in options and not Path(options["ca"]).is_file():
        raise ValueError("PRIVACY_SMTP_URL names a file of a certificate authority (ca=) that does not exist")
    return options
