"""Need-to-know, over HTTP: every field for every role from the matrix, and by hand what matters most."""

from collections import deque
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    get_introspection_query,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)

from api.access import MATRIX, PERSONAL
from api.schema import printed
from models.actors import PEOPLE, Role
from tests.conftest import Answered, Api
from tests.people import known

SDL = (Path(__file__).parent.parent.parent / "schema.graphql").read_text()
SCHEMA = build_schema(SDL)
NOBODY = f"sub_{0:032x}"
LITERALS = {
    "ID": f'"{NOBODY}"',
    "String": '"x"',
    "Int": "1",
    "BigInt": "1",
    "Boolean": "false",
    "DateTime": '"2026-01-01T00:00:00Z"',
    "Date": '"2026-01-01"',
    "Cursor": '"x"',
    "Float": "1",
}


class Step(NamedTuple):
    """One field on the way from a root to a field."""

    coordinate: str
    selected: str
    condition: str | None
    """The type whose fields follow, where the field gives an interface."""


def literal(type_: Any) -> str:
    """Write some value of an input type."""
    if is_non_null_type(type_):
        return literal(type_.of_type)
    if is_list_type(type_):
        return f"[{literal(type_.of_type)}]"
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        wanted = {name: field for name, field in type_.fields.items() if is_non_null_type(field.type)}
        chosen = wanted or dict([next(iter(type_.fields.items()))])
        return "{" + " ".join(f"{name}: {literal(field.type)}" for name, field in chosen.items()) + "}"
    return LITERALS[type_.name]


def selected(name: str, field: GraphQLField) -> str:
    """Write a field with the arguments that it demands."""
    given = [f"{key}: {literal(one.type)}" for key, one in field.args.items() if is_required_argument(one)]
    return name + (f"({', '.join(given)})" if given else "")


def leading_to(type_: Any) -> list[Any]:
    """Give the object types that a field of this type may give, and the interface itself."""
    named = get_named_type(type_)
    if isinstance(named, GraphQLInterfaceType):
        return [named, *SCHEMA.get_possible_types(named)]
    return [named] if is_composite_type(named) else []


@cache
def ways(role: Role) -> dict[str, tuple[Step, ...]]:
    """Give the shortest way to each type, through fields that the role may use wherever there is such a way."""
    assert SCHEMA.query_type
    assert SCHEMA.mutation_type
    found: dict[str, tuple[Step, ...]] = {"Query": (), "Mutation": ()}
    for may_all in (True, False):
        pending = deque(found)
        while pending:
            name = pending.popleft()
            parent: Any = SCHEMA.type_map[name]
            for key, field in parent.fields.items():
                coordinate = f"{name}.{key}"
                if may_all and role not in MATRIX[coordinate]:
                    continue
                for target in leading_to(field.type):
                    if target.name not in found:
                        condition = target.name if target is not get_named_type(field.type) else None
                        step = Step(coordinate, selected(key, field), condition)
                        found[target.name] = (*found[name], step)
                        pending.append(target.name)
    return found


def document_for(coordinate: str, role: Role) -> tuple[str, set[str]]:
    """Write an operation that selects a field; give the coordinates that it names, too."""
    parent, _, name = coordinate.partition(".")
    way = ways(role)[parent]
    type_: Any = SCHEMA.type_map[parent]
    field = type_.fields[name]
    inner = selected(name, field)
    if is_composite_type(get_named_type(field.type)):
        inner += " { __typename }"
    named = {coordinate}
    for step in reversed(way):
        inner = f"... on {step.condition} {{ {inner} }}" if step.condition else inner
        inner = f"{step.selected} {{ {inner} }}"
        named.add(step.coordinate)
    root = way[0].coordinate if way else coordinate
    return f"{'mutation' if root.startswith('Mutation') else 'query'} {{ {inner} }}", named


def refused(answer: Answered) -> dict[str, list[str]]:
    """Give what an answer refused for want of need-to-know: the fields with the roles that may."""
    errors = answer.body.get("errors", [])
    if not errors or errors[0]["extensions"]["code"] != "FORBIDDEN":
        return {}
    assert "data" not in answer.body
    assert answer.status == 403
    return {entry["field"]: entry["roles"] for entry in errors[0]["extensions"]["access"]}


@pytest.mark.parametrize("role", Role)
def test_every_field_is_given_to_the_roles_of_the_matrix_and_to_no_other(api: Api, role: Role) -> None:
    wrong = []
    for coordinate in MATRIX:
        document, named = document_for(coordinate, role)
        wanted = {
            one: [str(each) for each in Role if each in MATRIX[one]] for one in sorted(named) if role not in MATRIX[one]
        }
        answer = api.ask(role, document)
        codes = {error["extensions"]["code"] for error in answer.body.get("errors", [])}
        if refused(answer) != wanted or codes & {"INTERNAL", "GRAPHQL_INVALID"}:
            wrong.append((document, answer.body))
    assert not wrong


def test_the_printed_schema_says_what_the_matrix_says() -> None:
    roles: dict[str, frozenset[str]] = {}
    personal = set()
    for named in SCHEMA.type_map.values():
        if isinstance(named, GraphQLObjectType | GraphQLInterfaceType) and not named.name.startswith("__"):
            for name, field in named.fields.items():
                assert field.ast_node
                for directive in field.ast_node.directives or ():
                    if directive.name.value == "needToKnow":
                        [argument] = directive.arguments or ()
                        values: Any = argument.value
                        roles[f"{named.name}.{name}"] = frozenset(one.value for one in values.values)
                    else:
                        personal.add(f"{named.name}.{name}")
    assert roles == {coordinate: frozenset(map(str, each)) for coordinate, each in MATRIX.items()}
    assert personal == PERSONAL


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert printed() == SDL


def test_everything_in_the_schema_is_described() -> None:
    bare = []
    for named in SCHEMA.type_map.values():
        if named.name.startswith("__") or named.name in {"String", "Int", "Boolean", "ID", "Float"}:
            continue
        parts: dict[str, Any] = {"": named}
        if isinstance(named, GraphQLEnumType):
            parts |= named.values
        for name, field in getattr(named, "fields", {}).items():
            parts[name] = field
            parts |= {f"{name}({key}:)": one for key, one in getattr(field, "args", {}).items()}
        bare += [f"{named.name}.{name}" for name, part in parts.items() if not part.description]
    assert not bare


# By hand, so that the matrix is not its own only judge.


def test_billing_cannot_see_file_names(api: Api) -> None:
    person = known(api)
    asked = "query($id: ID!) { node(id: $id) { ... on SyncAccount { files { edges { node { name } } } } } }"
    answer = api.ask("BILLING", asked, id=person.sync)
    assert answer.status == 403
    assert refused(answer) == {
        "SyncAccount.files": ["SUPPORT", "PRIVACY"],
        "SyncFile.name": ["SUPPORT", "PRIVACY"],
        "SyncFileConnection.edges": ["SUPPORT", "PRIVACY"],
        "SyncFileEdge.node": ["SUPPORT", "PRIVACY"],
    }


def test_admin_reads_no_personal_data(api: Api) -> None:
    known(api)
    for field in ("emails { address }", "displayName", "country", "accounts { reference }"):
        asked = f"{{ subjects {{ edges {{ node {{ id {field} }} }} }} }}"
        assert api.ask("ADMIN", asked).code == "FORBIDDEN"
    assert len(api.ask("ADMIN", "{ subjects { edges { node { id status regime } } } }").data["subjects"]["edges"]) == 1


def test_auditor_and_analyst_read_no_personal_data() -> None:
    for role in (Role.AUDITOR, Role.ANALYST, Role.ADMIN):
        assert not [coordinate for coordinate in PERSONAL if role in MATRIX[coordinate]]


def test_only_store_and_billing_see_what_is_kept_of_a_card(api: Api) -> None:
    person = known(api)
    asked = "query($id: ID!) { subject(by: { id: $id }) { paymentFragments { lastDigits expiryMonth expiryYear } } }"
    kept = {"subject": {"paymentFragments": [{"lastDigits": "4242", "expiryMonth": 7, "expiryYear": 2031}]}}
    for role in ("STORE", "BILLING"):
        assert api.ask(role, asked, id=person.id).data == kept
    for role in ("SYNC", "SERVICE", "SUPPORT", "PRIVACY", "AUDITOR", "ANALYST", "ADMIN"):
        answer = api.ask(role, asked, id=person.id)
        assert answer.code == "FORBIDDEN"
        assert "4242" not in str(answer.body)


def test_support_sees_no_card_and_billing_sees_no_country_and_no_account(api: Api) -> None:
    person = known(api)
    for role, field in (
        ("SUPPORT", "paymentFragments { isExpired }"),
        ("BILLING", "country"),
        ("BILLING", "accounts { system }"),
        ("BILLING", "consents { state }"),
        ("BILLING", "syncAccounts { storageBytes }"),
    ):
        assert api.ask(role, f'{{ subject(by: {{ id: "{person.id}" }}) {{ {field} }} }}').code == "FORBIDDEN"


def test_the_store_cannot_see_what_syncs(api: Api) -> None:
    person = known(api)
    asked = "query($id: ID!) { subject(by: { id: $id }) { syncAccounts { clients { userAgent } } } }"
    assert api.ask("STORE", asked, id=person.id).code == "FORBIDDEN"
    assert api.ask("SYNC", asked, id=person.id).data["subject"]["syncAccounts"][0]["clients"]


def test_services_see_choices_and_no_address(api: Api) -> None:
    person = known(api)
    asked = '{{ subject(by: {{ id: "{}" }}) {{ {} }} }}'
    for role in ("STORE", "SYNC", "SERVICE"):
        assert api.ask(role, asked.format(person.id, "consents { state purpose { key } }")).data["subject"]["consents"]
        for field in (
            "emails { address }",
            "displayName",
            "registeredAt",
            "regime",
            "consentHistory { edges { cursor } }",
        ):
            assert api.ask(role, asked.format(person.id, field)).code == "FORBIDDEN"


def test_nobody_reaches_a_field_through_node_that_its_type_refuses(api: Api) -> None:
    person = known(api)
    for role, id_, type_, field in (
        ("SUPPORT", person.card, "PaymentFragment", "lastDigits"),
        ("STORE", person.sync, "SyncAccount", "storageBytes"),
        ("ADMIN", person.id, "Subject", "displayName"),
        ("ANALYST", person.id, "Subject", "status"),
        ("AUDITOR", person.id, "Subject", "registeredAt"),
    ):
        answer = api.ask(role, f'{{ node(id: "{id_}") {{ id ... on {type_} {{ {field} }} }} }}')
        assert list(refused(answer)) == [f"{type_}.{field}"]


def test_node_gives_nothing_of_a_type_that_the_role_sees_nothing_of(api: Api) -> None:
    person = known(api)
    asked = "query($id: ID!) { node(id: $id) { __typename id } }"
    assert api.ask("ANALYST", asked, id=person.id).data == {"node": None}
    assert api.ask("SUPPORT", asked, id=person.card).data == {"node": None}
    assert api.ask("BILLING", asked, id=person.sync).data == {"node": None}
    assert api.ask("BILLING", asked, id=person.card).data == {
        "node": {"__typename": "PaymentFragment", "id": person.card}
    }


def test_aliases_fragments_and_directives_hide_nothing(api: Api) -> None:
    person = known(api)
    by = f'subject(by: {{ id: "{person.id}" }})'
    for document in (
        f"{{ who: {by} {{ harmless: country }} }}",
        f"{{ {by} {{ ...a }} }} fragment a on Subject {{ ...b }} fragment b on Subject {{ ... {{ country }} }}",
        f"{{ {by} {{ ... on Node {{ ... on Subject {{ country }} }} }} }}",
        f"{{ {by} {{ id country @skip(if: true) }} }}",
        f"query($no: Boolean = false) {{ {by} {{ id ... @include(if: $no) {{ country }} }} }}",
    ):
        assert list(refused(api.ask("BILLING", document))) == ["Subject.country"]


def test_an_operation_that_is_not_chosen_is_not_held_against_the_caller(api: Api) -> None:
    document = "query Mine { viewer { name } } query Theirs { tokens { id } }"
    headers = {"authorization": f"Bearer {api.secrets['STORE']}", "accept": "application/graphql-response+json"}
    asked = {"query": document, "operationName": "Mine"}
    assert api.client.post("/graphql", json=asked, headers=headers).status_code == 200
    asked["operationName"] = "Theirs"
    assert api.client.post("/graphql", json=asked, headers=headers).status_code == 403


def test_a_refused_selection_below_a_mutation_stops_the_mutation(api: Api) -> None:
    asked = 'mutation { registerSubject(input: { email: "new@example.com" }) { id emails { address } } }'
    answer = api.ask("STORE", asked)
    assert list(refused(answer)) == ["EmailAddress.address", "Subject.emails"]
    assert api.ask("ADMIN", '{ subject(by: { email: "new@example.com" }) { id } }').data == {"subject": None}


def test_every_refused_field_is_listed_and_none_that_is_allowed(api: Api) -> None:
    asked = "{ viewer { name } tokens { id } subjects { edges { node { id country } } } purposes { key } }"
    assert set(refused(api.ask("STORE", asked))) == {
        "Query.tokens",
        "Token.id",
        "Query.subjects",
        "SubjectConnection.edges",
        "SubjectEdge.node",
        "Subject.country",
    }


def test_services_do_not_restrict_and_support_issues_no_tokens(api: Api) -> None:
    person = known(api)
    restricts = f'mutation {{ restrictProcessing(subject: {{ id: "{person.id}" }}) {{ __typename }} }}'
    for role in ("STORE", "SYNC", "SERVICE", "SUPPORT", "BILLING", "AUDITOR", "ANALYST"):
        assert refused(api.ask(role, restricts)) == {"Mutation.restrictProcessing": ["PRIVACY", "ADMIN"]}
    issues = 'mutation { issueToken(name: "mine", roles: [ADMIN]) { secret } }'
    for role in set(Role) - {Role.ADMIN}:
        assert set(refused(api.ask(role, issues))) == {"IssuedToken.secret", "Mutation.issueToken"}


@pytest.mark.parametrize("role", sorted(PEOPLE))
def test_people_name_a_case_for_personal_data_and_for_nothing_else(api: Api, role: str) -> None:
    person = known(api)
    by = f'subject(by: {{ id: "{person.id}" }})'
    assert api.ask(role, f"{{ {by} {{ id status }} }}", case="").data
    answer = api.ask(role, f"{{ {by} {{ id emails {{ address }} }} }}", case="")
    assert answer.code == "CASE_REQUIRED"
    assert answer.status == 400
    assert {entry["field"] for entry in answer.extensions["access"]} == {"Subject.emails", "EmailAddress.address"}
    assert api.ask(role, f"{{ {by} {{ id emails {{ address }} }} }}", case="case/7").data["subject"]["emails"]


def test_a_case_is_demanded_again_for_a_document_that_is_known(api: Api) -> None:
    known(api)
    asked = '{ subject(by: { email: "user@example.com" }) { displayName } }'
    assert api.ask("SUPPORT", asked).data
    assert api.ask("SUPPORT", asked, case="").code == "CASE_REQUIRED"


def test_file_names_open_only_under_an_access_grant(api: Api) -> None:
    person = known(api)
    asked = "query($id: ID!) { node(id: $id) { ... on SyncAccount { fileCount files { edges { node { name } } } } } }"
    for role in ("SUPPORT", "PRIVACY"):
        answer = api.ask(role, asked, id=person.sync)
        assert answer.code == "GRANT_REQUIRED"
        assert "Diary" not in str(answer.body)


def test_introspection_shows_each_role_what_it_may_use(api: Api) -> None:
    asked = '{ __schema { types { name fields { name } } } hidden: __type(name: "Token") { name } }'
    for role in Role:
        answer = api.ask(role, asked, case="").data
        shown = {
            f"{named['name']}.{field['name']}"
            for named in answer["__schema"]["types"]
            if not named["name"].startswith("__")
            for field in named["fields"] or ()
        }
        assert shown == {coordinate for coordinate, roles in MATRIX.items() if role in roles}
        assert (answer["hidden"] is None) == (role not in MATRIX["Token.id"])


@pytest.mark.parametrize("role", Role)
def test_the_introspection_query_of_common_tools_is_answered(api: Api, role: Role) -> None:
    answer = api.ask(role, get_introspection_query(), case="").data
    types = {named["name"] for named in answer["__schema"]["types"]}
    assert "ErrorCode" in types
    assert ("Mutation" in types) == any(
        role in roles for coordinate, roles in MATRIX.items() if coordinate.startswith("Mutation.")
    )


def test_no_error_suggests_a_name(api: Api) -> None:
    for document in (
        "{ token { id } }",
        "{ viewer { nam } }",
        '{ subject(by: { emai: "x" }) { id } }',
        "{ subject(bye: 1) { id } }",
        'mutation { issueToken(name: "x", roles: [ADMI]) { secret } }',
        '{ node(id: "x") { ... on Subjec { id } } }',
    ):
        answer = api.ask("STORE", document)
        assert answer.status == 400
        assert "did you mean" not in str(answer.body).lower()


def test_a_role_is_one_of_the_tokens_own(api: Api) -> None:
    asked = 'mutation { issueToken(name: "two roles", roles: [SUPPORT, BILLING]) { secret } }'
    secret = api.ask("ADMIN", asked).data["issueToken"]["secret"]
    headers = {"authorization": f"Bearer {secret}", "accept": "application/graphql-response+json"}
    viewer = {"query": "{ viewer { role roles case } }"}
    for given, role in ((None, "SUPPORT"), ("SUPPORT", "SUPPORT"), ("BILLING", "BILLING")):
        extra = {"x-role": given} if given else {}
        answer = api.client.post("/graphql", json=viewer, headers=headers | extra).json()
        assert answer["data"]["viewer"] == {"role": role, "roles": ["SUPPORT", "BILLING"], "case": None}
    for given in ("PRIVACY", "support", "", "NOBODY", "SUPPORT,BILLING"):
        answer = api.client.post("/graphql", json=viewer, headers=headers | {"x-role": given})
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert not given or given not in answer.text
