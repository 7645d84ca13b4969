"""A process of any version that records and reads choices: each line of its input is a command, and each has an answer.

Only modules of the version on ``PYTHONPATH`` are imported, so that the code of another version runs, too. Mutations act
as the database roles of that version.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from api.access.column_grants import database_roles
from api.graphql.schema import core
from models.access.database_roles import READERS
from models.access.write_groups import role_of
from models.actors import Actor, Role
from models.consent import ledger, opt_outs, recording
from models.consent.choices import find_different
from models.consent.decisions import every_decision
from models.consent.ledger import Channel, refusal_state
from models.consent.past_decisions import past_decisions
from models.consent.purposes import find_purposes
from models.consent.recording import Choice
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.erasure import scope
from models.registration import bulk_insert, importing, registering
from models.registration.records import ImportedConsent, ImportedSubject
from models.registration.registering import Registration
from models.storage.clock import now
from models.storage.database import Database
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork, unit_of_work

ADMIN: Final = Actor("a version", Role.ADMIN, (Role.ADMIN,))


class Site(NamedTuple):
    """The databases as the roles of the service, and as their owner."""

    service: Database
    owner: Database
    keyring: Keyring

    def unit(self, module: Any) -> Any:
        writer = role_of(module.__name__)
        return unit_of_work(self.service, self.keyring, ADMIN, "test", writer=writer)


def named(who: str) -> SubjectIdentifier:
    return SubjectIdentifier("id", UUID(who))


async def register(site: Site, email: str) -> str:
    async with site.unit(registering) as unit:
        return str(await registering.register_or_complete(unit, Registration(email)))


async def bring_in(site: Site, email: str, consents: list[tuple[str, bool, str, str]]) -> None:
    """Import a new person with choices."""
    [slot] = await bulk_insert.prepare_slots(site.owner, site.keyring, 1)
    async with unit_of_work(site.owner, site.keyring, ADMIN, "test") as unit:
        rows = await find_purposes(unit.connection, [purpose for purpose, *_ in consents])
        imported = [
            ImportedConsent(rows[purpose], grants, datetime.fromisoformat(at), Channel(channel))
            for purpose, grants, channel, at in consents
        ]
        person = ImportedSubject([SubjectIdentifier.email(email)], consents=imported)
        await importing.import_subject(unit, person, slot)


async def grant(site: Site, who: str, purpose: str, channel: str, at: str | None) -> None:
    async with site.unit(recording) as unit:
        moment = datetime.fromisoformat(at) if at else None
        await recording.grant_consent(unit, named(who), purpose, Channel(channel), moment)


async def refuse(site: Site, who: str, purpose: str, channel: str, at: str | None) -> None:
    async with site.unit(opt_outs) as unit:
        if at is None:
            await opt_outs.opt_out(unit, named(who), [purpose], Channel(channel))
        else:
            await _refuse_at(unit, who, purpose, channel, datetime.fromisoformat(at))


async def _refuse_at(unit: UnitOfWork, who: str, purpose: str, channel: str, at: datetime) -> None:
    """Record a refusal of an earlier time, as an import does."""
    await resolution.lock(unit, named(who))
    [row] = (await find_purposes(unit.connection, [purpose])).values()
    await recording.record_choice(unit, UUID(who), Choice(row, refusal_state(row), Channel(channel), at))


async def refuse_all(site: Site, who: str) -> None:
    async with site.unit(opt_outs) as unit:
        await opt_outs.opt_out_of_all(unit, named(who), Channel.EMAIL)


async def erase(site: Site, who: str) -> int:
    """Erase the rows of a person; return how many choices were erased."""
    async with site.owner.transaction() as connection:
        await resolution_lock(connection, who)
        counts = await scope.erase(connection, [UUID(who)])
        await connection.execute("UPDATE subjects SET status = 'ERASED' WHERE id = $1", UUID(who))
    return counts[UUID(who)].get("choices that count now", 0)


async def resolution_lock(connection: Any, who: str) -> None:
    await connection.execute("SELECT FROM subjects WHERE id = $1 FOR UPDATE", UUID(who))


async def read(site: Site, ids: list[str]) -> Any:
    """Return what people chose, what is decided now, and what is decided as of now, by person."""
    subject_ids = [UUID(each) for each in ids]
    async with site.service.role_readers[READERS[Role.PRIVACY]].acquire() as connection:
        choices = await ledger.of_subjects(connection, subject_ids)
        decisions = await every_decision(connection, subject_ids)
        past = await past_decisions(connection, subject_ids, None, now())
    return {
        str(each): [
            [[row.purpose.key, row.state, row.effective_at, row.channel, row.policy_version] for row in choices[each]],
            [[row.purpose, row.reason, row.effective_at] for row in decisions[each]],
            [[row.purpose, row.reason] for row in past[each]],
        ]
        for each in subject_ids
    }


async def check(site: Site) -> list[str]:
    """Return the people whose choices differ, as this version checks them."""
    return [str(subject_id) async for subject_id in find_different(site.owner)]


COMMANDS: Final[Mapping[str, Callable[..., Awaitable[Any]]]] = {
    "register": register,
    "import": bring_in,
    "grant": grant,
    "refuse": refuse,
    "refuse all": refuse_all,
    "erase": erase,
    "read": read,
    "check": check,
}


async def main() -> None:
    urls = os.environ["PRIVACY_DATABASE_URL"], os.environ["PRIVACY_KEYRING_URL"]
    service = await Database.open(*urls, readers=4, writers=4, timeout=60, roles=database_roles(core))
    owner = await Database.open(*urls, readers=2, writers=2, timeout=60)
    keyring = Keyring(owner.keyring, MasterKeys(os.environ["PRIVACY_MASTER_KEY"]))
    await keyring.load()
    site = Site(service, owner, keyring)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        name, *arguments = json.loads(line)
        try:
            answer = await COMMANDS[name](site, *arguments)
        except Exception as error:  # noqa: BLE001 -- the test decides which refusals it expects
            answer = {"error": type(error).__name__, "text": str(error)}
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()
    await service.close()
    await owner.close()


if __name__ == "__main__":
    asyncio.run(main())
