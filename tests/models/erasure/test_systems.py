"""How webhooks are signed, and where they may go."""

import base64

import pytest

from models.encryption.master_keys import MasterKeys
from models.erasure import systems
from models.erasure.systems import SystemRow
from models.errors import BadInput
from tests.conftest import World

FORUM = SystemRow("forum", "https://forum.example.org/hook", False, 1)


def test_a_signature_is_the_one_that_the_scheme_publishes() -> None:
    # The example of the Standard Webhooks specification's reference libraries.
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = systems.sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_outlives_a_change_of_the_master_key_and_not_its_own_renewal() -> None:
    old = MasterKeys.generate(1)
    both = MasterKeys(f"{MasterKeys.generate(2)},{old}")
    [before] = systems.signing_secrets(MasterKeys(old), FORUM)
    assert systems.signing_secrets(both, FORUM)[1] == before
    assert before not in systems.signing_secrets(both, FORUM._replace(secret_generation=2))
    assert before not in systems.signing_secrets(both, FORUM._replace(name="store"))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url",
    [
        "http://forum.example.org/hook",
        "ftp://forum.example.org",
        "https://user:secret@forum.example.org",
        "https://",
        "https://forum.example.org/#here",
        "https://forum.example.org/" + "x" * 600,
        "http://[",
        "https://forum.example.org:99999/",
        "https://forum.example.org:0/",
        "https://forum.example.org/a\r\nx-role: ADMIN",
        "https://forum.example.org/a b",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
    ],
)
async def test_a_webhook_goes_nowhere_in_the_clear(world: World, url: str) -> None:
    async with world.database.transaction() as connection:
        with pytest.raises(BadInput):
            await systems.register(connection, "forum", url, is_always_concerned=False)
