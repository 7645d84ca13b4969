"""The setting PRIVACY_SMTP_URL selects a transport, and a malformed one is refused at the start."""

from pathlib import Path

import pytest

from mailers.maildir import Maildir
from mailers.smtp import Smtp
from mailers.transport_factory import create_transport_factory


def test_the_scheme_of_the_url_selects_the_transport(tmp_path: Path) -> None:
    assert isinstance(create_transport_factory("smtp://mail.example.org", "example.org")(), Smtp)
    assert isinstance(create_transport_factory("smtps://u:p@mail.example.org:465", "example.org")(), Smtp)
    assert isinstance(create_transport_factory(f"maildir:{tmp_path}", "example.org")(), Maildir)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org?starttls=maybe",
        "smtp://mail.example.org?tls=1",
        "smtp://mail.example.org?starttls=required&starttls=never",
        "smtp://mail.example.org:notaport",
        "maildir:",
        "maildir://host/path",
    ],
)
def test_a_url_that_is_malformed_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ValueError, match="PRIVACY_SMTP_URL is"):
        create_transport_factory(url, "example.org")


def test_a_certificate_authority_that_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="PRIVACY_SMTP_URL names a file"):
        create_transport_factory(f"smtp://mail.example.org?ca={tmp_path / 'none.pem'}", "example.org")
