"""Rules of channels: a signal only refuses, an import is recorded by ADMIN, and agents name the person's channel."""

import pytest

from models.actors import STAFF_ROLES, Actor, Role
from models.consent.channels import require_channel, require_grant_channel
from models.consent.ledger import Channel
from models.errors import BadInput


def actor(role: Role) -> Actor:
    return Actor("a test", role, (role,))


@pytest.mark.parametrize("role", Role)
def test_a_grant_on_gpc_is_refused_and_on_import_from_all_but_admin(role: Role) -> None:
    with pytest.raises(BadInput) as refusal:
        require_grant_channel(actor(role), Channel.GPC)
    assert refusal.value.extensions == {"argument": "channel", "problem": "INVALID_VALUE"}
    if role is Role.ADMIN:
        require_grant_channel(actor(role), Channel.IMPORT)
    else:
        with pytest.raises(BadInput):
            require_grant_channel(actor(role), Channel.IMPORT)
    for channel in set(Channel) - {Channel.GPC, Channel.IMPORT}:
        require_grant_channel(actor(role), channel)


@pytest.mark.parametrize("role", Role)
def test_only_staff_cannot_name_the_channel_of_imports(role: Role) -> None:
    for channel in set(Channel) - {Channel.IMPORT}:
        require_channel(actor(role), channel)
    if role in STAFF_ROLES:
        with pytest.raises(BadInput):
            require_channel(actor(role), Channel.IMPORT)
    else:
        require_channel(actor(role), Channel.IMPORT)
