"""Tests of the caller of an operation, as the caller reads it."""

from api.access.policy import ACCESS_POLICY
from models.actors import Role
from tests.conftest import Api

PERMISSIONS = "{ viewer { role permissions } }"


def test_the_viewer_names_the_fields_that_its_role_may_use(api: Api) -> None:
    for role in ("SUPPORT", "ANALYST", "ADMIN"):
        viewer = api.ask(role, PERMISSIONS).data["viewer"]
        assert viewer["permissions"] == sorted(name for name, roles in ACCESS_POLICY.items() if Role(role) in roles)


def test_permissions_are_coordinates_of_the_schema(api: Api) -> None:
    from_introspection = api.ask(
        "STORE", "{ __schema { types { name fields(includeDeprecated: true) { name } } } }"
    ).data["__schema"]["types"]
    seen = {f"{named['name']}.{field['name']}" for named in from_introspection for field in named["fields"] or ()}
    assert {*api.ask("STORE", PERMISSIONS).data["viewer"]["permissions"]} <= seen
