"""Write grants: which columns each writing role writes, derived from the statements of its group of mutations.

PostgreSQL refuses the role every other column. Statements that only workers and commands run belong to no group.
"""

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Final

import models
from models.access.write_groups import AUDIT, GROUPS, WriteGroup, includes
from models.encryption.key_store import KeyStore
from models.storage.statement import Statement
from models.storage.written_columns import Write, writes_of

NOT_FOR_MUTATIONS: Final = frozenset(
    {
        "models.audit.pruning",
        "models.audit.sealing",
        "models.delivery.claims",
        "models.delivery.cleanup",
        "models.delivery.handoff",
        "models.delivery.results",
        "models.delivery.review",
        "models.disclosures.forced_notices",
        "models.erasure.completion",
        "models.erasure.completion_emails",
        "models.erasure.execution",
        "models.erasure.export_destruction",
        "models.erasure.held_erasures",
        "models.erasure.ledger_replay",
        "models.erasure.step_planning",
        "models.erasure.systems",
        "models.erasure.webhook_deliveries",
        "models.exports.building",
        "models.exports.claiming",
        "models.exports.cleanup",
        "models.exports.planning",
        "models.exports.webhook_notifications",
        "models.feed.deliveries",
        "models.feed.subscriptions",
        "models.policy.notices",
        "models.registration.address_hashes",
        "models.registration.bulk_insert",
        "models.retention.removals",
        "models.retention.runs",
        "models.statistics.account_counts",
        "models.statistics.client_texts",
        "models.statistics.computing",
    }
)
"""The modules whose statements only workers and commands run: no resolver and no model of a mutation imports them."""

NOT_BY_MUTATIONS: Final = frozenset({"change_feed", "consent_changes"})
"""Tables that triggers and workers write. Their statements stand beside the reads of callers."""


LOCK: Final = Write("subjects", "id", "UPDATE")
"""What a role needs to lock the row of a person. A trigger refuses the update itself: ids never change."""


@cache
def statements() -> dict[str, Statement]:
    """Return all statements of the models by their full names; of a key store, the one that inserts keys."""
    by_name = {}
    for module in pkgutil.walk_packages(models.__path__, "models."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, Statement):
                by_name[f"{module.name}.{name}"] = value
            elif isinstance(value, KeyStore):
                by_name[f"{module.name}.{name}"] = value.insert_keys
    return by_name


def statements_of_group(group: WriteGroup) -> Iterator[tuple[str, Statement]]:
    """Yield the statements that the role of a group executes, each with its full name."""
    for name, statement in statements().items():
        if includes((*AUDIT, *group.statements), name):
            yield name, statement


@cache
def columns_written_by(group: WriteGroup) -> frozenset[Write]:
    """Return what the role of a group inserts, updates and deletes, in both databases."""
    writes = {write for _, statement in statements_of_group(group) for write in writes_of(statement)}
    return frozenset(writes | ({LOCK} if group in GROUPS else set()))


def statements_for_mutations() -> Iterator[tuple[str, Statement]]:
    """Yield the statements of the modules that the API imports, each with its full name."""
    for name, statement in statements().items():
        if name.rpartition(".")[0] not in NOT_FOR_MUTATIONS:
            yield name, statement


@cache
def columns_written_by_the_previous_version() -> frozenset[Write]:
    """Return what all mutations of the previous version write as one role, in the first database."""
    writes = {write for _, statement in statements_for_mutations() for write in writes_of(statement)}
    return frozenset(write for write in writes if write.table not in NOT_BY_MUTATIONS)
