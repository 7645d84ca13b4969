"""Reads execute the statements that they declare, and root fields load the reads that they declare."""

import asyncio
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from strawberry.types.field import StrawberryField

from api.access.column_grants import reads_of
from api.graphql.schema import core
from models.access import grant_lists
from models.access.access_grants import GrantState
from models.actors import Role
from models.audit import event_search, events
from models.audit.event_search import EventFilter
from models.consent import changes, decisions, ledger, past_decisions, purposes
from models.consent.changes import FeedReader, FeedStart
from models.disclosures import california, disclosures, forced, recipients
from models.disclosures import decisions as disclosure_decisions
from models.erasure import steps, system_backups
from models.erasure.steps import StepState
from models.exports import steps as export_steps
from models.incidents import incidents
from models.notifications import affected_people
from models.outbox import letter_states
from models.policy import versions
from models.receipts import receipts
from models.requests import searching
from models.requests.searching import RequestFilter, RequestOrder
from models.requests.states import RequestState
from models.retention import rules
from models.statistics import figures
from models.storage.pagination import PageRequest
from models.storage.statement import statements_of
from models.subjects import resolution, subjects
from models.sync import accounts
from resolvers.context import RequestContext
from resolvers.field_sources import Read, loaded_by
from tests.conftest import Api, Databases

ID = UUID(int=7)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
PAGE = PageRequest(1, actor="somebody", case="case/1")
LATER = PageRequest(1, (NOW, ID))
IDS: list[tuple[Sequence[Any], tuple[Any, ...]]] = [([ID], ())]
HASHES: list[tuple[Sequence[Any], tuple[Any, ...]]] = [([bytes(32)], ())]
EVERYTHING: list[tuple[Sequence[Any], tuple[Any, ...]]] = [([None], ())]
DISCLOSURE = ("mailer", ("CONTACT",), "newsletter")
FILTERS = [EventFilter(*each) for each in product((None, ID), (None, "somebody"), (None, NOW))]
SAMPLES: dict[Read, list[tuple[Sequence[Any], tuple[Any, ...]]]] = {
    events.of_subjects: [([ID], (PAGE,))],
    event_search.find_events: [(FILTERS, (PAGE,)), (FILTERS, (LATER,))],
    ledger.history: [([ID], (PAGE,))],
    accounts.clients_of_accounts: [([(ID, ID)], ())],
    accounts.files_of_accounts: [([ID], (PAGE,))],
    subjects.all_subjects: [([None], (PAGE,))],
    resolution.by_addresses: HASHES,
    resolution.by_accounts: HASHES,
    decisions.decisions_of_subjects: [([ID], ("newsletter",))],
    decisions.decisions_of_addresses: [([bytes(32)], ("newsletter",))],
    decisions.decisions_of_accounts: [([bytes(32)], ("newsletter",))],
    purposes.all_purposes: EVERYTHING,
    past_decisions.decisions_as_of: [([ID], (None,)), ([ID], (NOW,))],
    past_decisions.past_decision: [([ID], ("newsletter", NOW))],
    changes.changes_after: [([FeedReader(FeedStart.NOW)], (PAGE,))],
    letter_states.of_subjects: [([ID], (PAGE,))],
    grant_lists.find_grants: [([None, GrantState.OPEN], (PAGE,))],
    recipients.all_recipients: EVERYTHING,
    versions.all_versions: EVERYTHING,
    rules.all_rules: EVERYTHING,
    figures.latest: EVERYTHING,
    figures.of_days: [([NOW.date()], ("storage",))],
    rules.by_categories: [(["LETTERS"], ())],
    versions.by_versions: [(["2018-05-24"], ())],
    forced.find_forced: [([None], (PAGE,))],
    incidents.find_incidents: [([None, "OPEN"], (PAGE,))],
    affected_people.of_causes: [([ID], (PAGE,))],
    system_backups.find_backups: [([None, True, False], (PAGE,))],
    recipients.by_keys: [(["mailer"], ())],
    disclosures.of_subjects: [([ID], (PAGE,))],
    california.of_subjects: [([ID], (2026,))],
    receipts.of_subjects: [([ID], ("newsletter", None))],
    disclosure_decisions.decisions_of_subjects: [([ID], DISCLOSURE)],
    disclosure_decisions.decisions_of_addresses: [([bytes(32)], DISCLOSURE)],
    disclosure_decisions.decisions_of_accounts: [([bytes(32)], DISCLOSURE)],
    steps.of_system: [([("store", None), ("store", StepState.PENDING)], (PAGE,))],
    export_steps.of_system: [([("store", None), ("store", StepState.PENDING)], (PAGE,))],
    searching.find_requests: [
        ([RequestFilter(order, state) for order in RequestOrder for state in (None, RequestState.IN_PROGRESS)], (PAGE,))
    ],
}
"""Keys and arguments with which a read takes each of its ways; the reads that are not named take ids, or nothing."""
READS = sorted({read for role in Role for read in reads_of(role, core)}, key=lambda read: (read.__module__, repr(read)))


def _name(read: Any) -> str:
    return f"{read.__module__}.{read.__name__}"


@pytest.mark.parametrize("read", READS, ids=_name)
def test_a_read_executes_the_statements_that_it_declares(read: Read, clean: Databases) -> None:
    async def executed() -> set[str]:
        queries: list[str] = []
        connection: Any = await asyncpg.connect(clean.url)
        await connection.execute(RECIPIENT)
        await connection.execute("INSERT INTO statistics_days (day) VALUES (CURRENT_DATE)")
        samples = SAMPLES.get(read, EVERYTHING if _name(read).endswith(".all_tokens") else IDS)
        for _ in range(2):
            queries.clear()  # the first time, asyncpg asks for the types, too
            for keys, arguments in samples:
                await read(connection, keys, *arguments)
            connection.add_query_logger(lambda record: queries.append(record.query))
        await connection.close()
        return {*queries}

    assert asyncio.run(executed()) == {statement.sql for statement in statements_of(read)}


RECIPIENT = """
INSERT INTO recipients (key, name, kind, function, categories, purposes, country, is_direct_marketing,
    contract_reference)
VALUES ('mailer', 'Mailer', 'PROCESSOR', 'Delivers', '{CONTACT}', '{newsletter}', 'DE', FALSE, '1')
"""


QUERIES = {
    "viewer": ["{ viewer { name } }"],
    "subject": [
        '{ subject(by: {id: "ID"}) { id } }',
        '{ subject(by: {email: "ada@example.com"}) { id } }',
        '{ subject(by: {account: {system: "store", reference: "1"}}) { id } }',
    ],
    "subjects": ["{ subjects { edges { node { id } } } }"],
    "consentDecision": [
        '{ consentDecision(subject: {id: "ID"}, purpose: "newsletter") { allowed } }',
        '{ consentDecision(subject: {email: "ada@example.com"}, purpose: "newsletter") { allowed } }',
        '{ consentDecision(subject: {account: {system: "store", reference: "1"}}, purpose: "newsletter") { allowed } }',
        '{ consentDecision(subject: {id: "ID"}, purpose: "newsletter", at: "2026-01-01T00:00:00Z") { allowed } }',
        (
            '{ consentDecision(subject: {email: "ada@example.com"}, purpose: "newsletter", at: "2026-01-01T00:00:00Z") '
            "{ allowed } }"
        ),
        (
            '{ consentDecision(subject: {account: {system: "store", reference: "1"}}, purpose: "newsletter", '
            'at: "2026-01-01T00:00:00Z") { allowed } }'
        ),
    ],
    "consentDecisions": [
        '{ consentDecisions(subjects: {ids: ["ID"]}, purpose: "newsletter") { allowed } }',
        '{ consentDecisions(subjects: {emails: ["ada@example.com"]}, purpose: "newsletter") { allowed } }',
        '{ consentDecisions(subjects: {accounts: [{system: "a", reference: "b"}]}, purpose: "newsletter") { reason } }',
    ],
    "purposes": ["{ purposes { key } }"],
    "accessEvents": ["{ accessEvents { edges { node { id } } } }"],
    "rightsRequest": ['{ rightsRequest(id: "REQUEST") { id } }'],
    "rightsRequests": ["{ rightsRequests { edges { node { id } } } }"],
    "erasurePlan": [
        '{ erasurePlan(subject: {id: "ID"}) { hash } }',
        '{ erasurePlan(subject: {email: "ada@example.com"}) { hash } }',
        '{ erasurePlan(subject: {account: {system: "store", reference: "1"}}) { hash } }',
    ],
    "exportSteps": [
        '{ exportSteps(system: "archive") { edges { node { id } } } }',
        '{ exportSteps(system: "archive", state: null) { edges { node { id } } } }',
    ],
    "erasureSteps": ['{ erasureSteps(system: "archive") { edges { node { id } } } }'],
    "accessGrants": ["{ accessGrants { edges { node { id } } } }"],
    "consentChanges": ["{ consentChanges { edges { node { at } } } }"],
    "tokens": ["{ tokens { id } }"],
    "recipients": ["{ recipients { key } }"],
    "backups": ["{ backups { edges { node { id } } } }"],
    "erasedAccounts": ['{ erasedAccounts(system: "archive", references: ["1"]) }'],
    "policyVersions": ["{ policyVersions { version } }"],
    "forcedDisclosures": ["{ forcedDisclosures { edges { node { id } } } }"],
    "statistics": ["{ statistics { asOf } }"],
    "retentionRules": ["{ retentionRules { category } }"],
    "incidents": ["{ incidents { edges { node { id } } } }"],
    "disclosureDecision": [
        f'{{ disclosureDecision(subject: {by}, recipient: "mailer", categories: [CONTACT], purpose: "newsletter") '
        "{ allowed } }"
        for by in ('{id: "ID"}', '{email: "ada@example.com"}', '{account: {system: "store", reference: "1"}}')
    ],
}
ROLES = {
    "forcedDisclosures": "AUDITOR",
    "incidents": "AUDITOR",
    "statistics": "ANALYST",
    "subject": "STORE",
    "consentDecision": "STORE",
    "consentDecisions": "STORE",
    "accessEvents": "AUDITOR",
    "accessGrants": "AUDITOR",
}
"""Roles that may send these; the others are sent as ADMIN."""


def test_every_query_but_those_by_id_is_checked() -> None:
    assert core.query_type
    assert QUERIES.keys() == core.query_type.fields.keys() - {"node", "nodes"}


@pytest.mark.parametrize("field", QUERIES)
def test_a_query_loads_the_reads_that_it_declares(field: str, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    person = api.register("ada@example.com")
    loaded: set[Read] = set()
    load = RequestContext.load

    def recording(context: RequestContext, read: Read, keys: Sequence[Hashable], *rest: Any, **named: Any) -> Any:
        loaded.add(read)
        return load(context, read, keys, *rest, **named)

    monkeypatch.setattr(RequestContext, "load", recording)
    for document in QUERIES[field]:
        sent = document.replace("ID", person, 1).replace("REQUEST", "req_" + "0" * 32)
        answer = api.ask(ROLES.get(field, "ADMIN"), sent)
        assert answer.body.get("data") is not None or answer.code in {
            "SUBJECT_NOT_FOUND",
            "UNKNOWN_RECIPIENT",
            "UNAVAILABLE",
        }, answer.body
    assert core.query_type
    declared: StrawberryField = core.query_type.fields[field].extensions["strawberry-definition"]
    assert declared.base_resolver
    resolver: Any = declared.base_resolver.wrapped_func
    assert loaded == set(loaded_by(resolver))
