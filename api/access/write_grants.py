"""Write grants: which columns mutations write, derived from the statements of the modules that mutations use.

PostgreSQL refuses the writing role every other column. Statements that only workers and commands run stand in modules
of their own, which no resolver imports.
"""

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Final

import models
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
        "models.statistics.computing",
    }
)
"""The modules whose statements only workers and commands run: no resolver and no model of a mutation imports them."""

NOT_BY_MUTATIONS: Final = frozenset({"change_feed", "consent_changes"})
"""Tables that triggers and workers write. Their statements stand beside the reads of callers."""


def statements_for_mutations() -> Iterator[tuple[str, Statement]]:
    """Yield the statements that mutations and the API itself may run, each with its module and name."""
    for module in pkgutil.walk_packages(models.__path__, "models."):
        if module.name not in NOT_FOR_MUTATIONS:
            for name, statement in vars(import_module(module.name)).items():
                if isinstance(statement, Statement):
                    yield f"{module.name}.{name}", statement


@cache
def columns_written() -> frozenset[Write]:
    """Return what mutations and the API itself insert, update and delete."""
    writes = {write for _, statement in statements_for_mutations() for write in writes_of(statement)}
    return frozenset(write for write in writes if write.table not in NOT_BY_MUTATIONS)
