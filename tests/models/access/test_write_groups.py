"""Each mutation belongs to one group, and each group has the statements that its mutations reach."""

import ast

import pytest

import migrations
from api.access.write_grants import LOCK, columns_written_by, statements
from api.graphql.schema import core
from models.access.database_roles import WRITERS
from models.access.write_groups import AUDIT, CONSENT, GROUPS, REQUESTS, WriteGroup, role_of
from models.storage.written_columns import writes_of
from tests.call_graph import reached, read_package

OUTSIDE_THE_SCHEMA = {
    "models.consent.unsubscribe_links.unsubscribe": CONSENT.role,
    "models.exports.downloads.send_link_code": REQUESTS.role,
    "models.exports.downloads.redeem_link_code": REQUESTS.role,
    "models.exports.handing_in.hand_in_part": REQUESTS.role,
}
"""The mutations of pages and of uploads, with the roles that they run as."""


OF_WORKERS = {
    "models.erasure.column_erasure.ERASE_CHOICES",
    "models.erasure.column_erasure.ERASE_EMAILS",
    "models.erasure.column_erasure.ERASE_PROFILES",
}
"""Statements of the table from which plans are counted, which only workers execute."""


def functions_of_mutations() -> dict[str, str]:
    """Return the full name of the function of each mutation, by the name of its field."""
    functions = {}
    for source in read_package("resolvers").values():
        for node in (each for definition in source.definitions.values() for each in ast.walk(definition)):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "run_mutation":
                full_name = source.full_name(node.args[0])
                first, *rest = full_name.rpartition(".")[2].split("_")
                functions[first + "".join(part.title() for part in rest)] = full_name
    return functions


def roles_of_functions() -> dict[str, str]:
    """Return the role of each function that is a mutation, by its full name."""
    modules = {name: name.rpartition(".")[0] for name in functions_of_mutations().values()}
    return {name: role_of(module) for name, module in modules.items()} | OUTSIDE_THE_SCHEMA


def test_each_mutation_of_the_schema_belongs_to_one_group() -> None:
    mutations = core.mutation_type
    assert mutations
    assert functions_of_mutations().keys() == mutations.fields.keys()
    roles = roles_of_functions()
    assert set(roles.values()) == set(WRITERS)
    for name, role in OUTSIDE_THE_SCHEMA.items():
        assert role_of(name.rpartition(".")[0]) == role
    for module in ("models.audit.events", "models.access_grants", "models"):
        with pytest.raises(LookupError, match=f"{module} belongs to 0 groups"):
            role_of(module)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.role)
def test_a_group_has_the_statements_that_its_mutations_reach_and_no_other(group: WriteGroup) -> None:
    sources = read_package("models")
    functions = [name for name, role in roles_of_functions().items() if role == group.role]
    names = reached(sources, functions)
    tables = migrations.HISTORIES["privacy"].tables
    reached_writes = {
        write: name
        for name, statement in statements().items()
        if name in names - OF_WORKERS or name in AUDIT
        for write in writes_of(statement)
        if write.table in tables
    }
    assert {name for write, name in reached_writes.items() if write not in columns_written_by(group)} == set()
    assert columns_written_by(group) - reached_writes.keys() == {LOCK}
