"""A mail server that cannot be used, or that rejects every email, is named until it accepts one."""

import pytest

from workers.mail_health import MIN_REJECTED, MailHealth

pytestmark = pytest.mark.anyio


async def test_rejections_in_a_row_count_and_an_accepted_email_ends_them() -> None:
    health = MailHealth()
    for _ in range(MIN_REJECTED - 1):
        health.record_rejected(554)
    await health.require_delivery()
    health.record_rejected(554)
    with pytest.raises(LookupError, match=r"rejected the last 5 letters \(reply 554\)"):
        await health.require_delivery()
    health.record_accepted()
    await health.require_delivery()


async def test_a_server_that_cannot_be_used_is_named_with_the_reason() -> None:
    health = MailHealth()
    health.record_unavailable("SMTPAuthenticationError 535")
    with pytest.raises(LookupError, match=r"cannot be used \(SMTPAuthenticationError 535\)"):
        await health.require_delivery()
    health.record_accepted()
    await health.require_delivery()
