"""The company that the pages for people name."""

from email.utils import parseaddr
from typing import NamedTuple

from api.settings import Settings


class Company(NamedTuple):
    """The name of the company, its address for questions, and its postal address."""

    name: str
    contact: str
    postal_address: str | None


def company_of(settings: Settings) -> Company:
    """Return the company of the settings, with the same defaults as in letters."""
    display_name, address = parseaddr(settings.mail_from)
    reply_address = parseaddr(settings.reply_to or "")[1]
    contact = parseaddr(settings.company_contact or "")[1]
    return Company(
        settings.company_name or display_name or address,
        contact or reply_address or address,
        settings.company_address or None,
    )
