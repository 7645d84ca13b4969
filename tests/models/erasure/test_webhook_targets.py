"""Tests of the addresses that webhooks may be sent to."""

from ipaddress import ip_address

import pytest

from models.erasure import webhook_targets
from models.erasure.webhook_targets import LOOPBACK_NETWORKS, ForbiddenTargetError, is_permitted, parse_networks
from models.errors import BadInput

PRIVATE = (
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "fe80::1",
    "fd00::1",
    "0.0.0.0",  # noqa: S104 -- an address to refuse
    "::",
    "127.0.0.1",
)


@pytest.mark.parametrize(
    "address",
    [
        *(*PRIVATE, "::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1", "224.0.0.1", "100.64.0.1"),
        *("64:ff9b:1::10.0.0.1", "::ffff:0:10.0.0.1", "fec0::1", "3fff::1", "5f00::1", "192.0.0.8", "192.88.99.1"),
        *("2001::80ff:fffe", "2001::7f00:1", "2001:0:a00:1::f7f7:f7f7"),
    ],
)
def test_private_addresses_are_permitted_in_their_networks_only(address: str) -> None:
    assert not is_permitted(ip_address(address), ())
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(BadInput) as refusal:
        webhook_targets.validate_url(f"https://{host}/hook", (), "webhookUrl")
    assert "PRIVACY_WEBHOOK_NETWORKS" in refusal.value.message


def test_public_addresses_and_permitted_networks_are_accepted() -> None:
    networks = parse_networks("10.0.0.0/8, fd00::/8")
    for host in (
        "93.184.216.34",
        "[2606:2800:220:1::1]",
        "10.1.2.3",
        "[fd00::1]",
        "store.internal",
        "store.internal:8443",
    ):
        webhook_targets.validate_url(f"https://{host}/hook?from=privacy", networks, "webhookUrl")
    with pytest.raises(ValueError, match="appear"):
        parse_networks("the intranet")


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "0x7f.1", "localhost.", "a.localhost"),
        *("%31%30.0.0.1", "..", "-", "a..b", "a_b-.example", "*", "xn--%00", "h,i", "h;i"),
        *("[2606:4700::1111%25eth0]", "[2606:4700::1111]x", "[v1.x]", "[8.8.8.8]", "forum.1", "forum.0x7f"),
    ],
)
def test_other_notations_of_addresses_and_malformed_names_are_refused(host: str) -> None:
    with pytest.raises(BadInput):
        webhook_targets.validate_url(f"https://{host}/hook", (), "webhookUrl")


@pytest.mark.anyio
async def test_a_host_is_resolved_and_checked_before_a_connection() -> None:
    assert "127.0.0.1" in await webhook_targets.resolve("http://127.0.0.1:80/", LOOPBACK_NETWORKS)
    for url in ("https://localhost/", "https://10.0.0.1/", "https://host.invalid/", "https://h:99999/"):
        with pytest.raises(ForbiddenTargetError):
            await webhook_targets.resolve(url, ())
