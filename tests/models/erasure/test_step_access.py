"""Steps are seen and taken by tokens of their system; the tests over HTTP are in tests/resolvers/test_erasure.py."""

import pytest

from models.actors import STAFF_ROLES, Actor, Role
from models.erasure import step_access
from models.errors import BadInput, Forbidden

FORUM = Actor("a forum", Role.SERVICE, (Role.SERVICE,), system="forum")


def test_a_token_lists_the_steps_of_its_system() -> None:
    assert step_access.own_system(FORUM, "forum") == "forum"
    with pytest.raises(BadInput):
        step_access.own_system(FORUM, "Not A System")
    for actor in (FORUM._replace(system="store"), FORUM._replace(system=None), FORUM._replace(system="")):
        with pytest.raises(Forbidden):
            step_access.own_system(actor, "forum")


def test_an_administrator_of_no_system_acts_for_the_backups_of_each() -> None:
    script = Actor("a script", Role.ADMIN, (Role.ADMIN,))
    assert step_access.backup_system(script, "forum") == "forum"
    with pytest.raises(BadInput):
        step_access.backup_system(script, "Not A System")
    assert step_access.backup_system(FORUM, "forum") == "forum"
    for actor in (script._replace(system="store"), script._replace(role=Role.SERVICE), FORUM._replace(system=None)):
        with pytest.raises(Forbidden):
            step_access.backup_system(actor, "forum")
    with pytest.raises(Forbidden):
        step_access.own_system(script, "forum")


def test_desk_roles_see_all_steps_and_others_those_of_their_system() -> None:
    for role in Role:
        expected = None if role in STAFF_ROLES else "forum"
        assert step_access.visible_system(FORUM._replace(role=role)) == expected
    assert step_access.visible_system(FORUM._replace(system=None)) == ""
