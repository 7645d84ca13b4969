"""Tests of the access policy over HTTP, written by hand, so that the table is not checked against itself only."""

from typing import Any

import pytest
from graphql import build_client_schema, get_introspection_query, validate_schema

from api.access.policy import ACCESS_POLICY, PERSONAL
from api.graphql.schema import core, schema_for
from models.actors import STAFF_ROLES, Role
from models.encryption.encrypted_column import encrypted_columns
from resolvers.field_sources import Column, source_of
from tests.conftest import Api
from tests.people import known, refused
from tests.values import contains


def test_billing_cannot_see_file_names(api: Api) -> None:
    person = known(api)
    document = "query($id: ID!) { node(id: $id) { ... on SyncAccount { files { edges { node { name } } } } } }"
    answer = api.ask("BILLING", document, id=person.sync)
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
        document = f"{{ subjects {{ edges {{ node {{ id {field} }} }} }} }}"
        assert api.ask("ADMIN", document).code == "FORBIDDEN"
    assert len(api.ask("ADMIN", "{ subjects { edges { node { id status regime } } } }").data["subjects"]["edges"]) == 1


def test_auditor_and_analyst_read_no_personal_data() -> None:
    for role in (Role.AUDITOR, Role.ANALYST, Role.ADMIN):
        assert not [coordinate for coordinate in PERSONAL if role in ACCESS_POLICY[coordinate]]


def test_only_store_and_billing_can_read_payment_fragments(api: Api) -> None:
    person = known(api)
    document = "query($id: ID!) { subject(by: { id: $id }) { paymentFragments { lastDigits expiryMonth expiryYear } } }"
    kept = {"subject": {"paymentFragments": [{"lastDigits": "4242", "expiryMonth": 7, "expiryYear": 2031}]}}
    for role in ("STORE", "BILLING"):
        assert api.ask(role, document, id=person.id).data == kept
    for role in ("SYNC", "SERVICE", "SUPPORT", "PRIVACY", "AUDITOR", "ANALYST", "ADMIN"):
        answer = api.ask(role, document, id=person.id)
        assert answer.code == "FORBIDDEN"
        assert not contains(str(answer.body), "4242")


def test_support_sees_no_card_and_billing_sees_no_country_and_no_account(api: Api) -> None:
    person = known(api)
    for role, field in (
        ("SUPPORT", "paymentFragments { isExpired }"),
        ("BILLING", "country"),
        ("BILLING", "accounts { system }"),
        ("BILLING", "consents { state }"),
        ("BILLING", 'consentReceipt(purpose: "newsletter") { jws }'),
        ("ADMIN", 'consentReceipt(purpose: "newsletter") { jws }'),
        ("BILLING", "syncAccounts { storageBytes }"),
    ):
        assert api.ask(role, f'{{ subject(by: {{ id: "{person.id}" }}) {{ {field} }} }}').code == "FORBIDDEN"


def test_the_store_cannot_read_sync_accounts(api: Api) -> None:
    person = known(api)
    document = "query($id: ID!) { subject(by: { id: $id }) { syncAccounts { clients { userAgent } } } }"
    assert api.ask("STORE", document, id=person.id).code == "FORBIDDEN"
    assert api.ask("SYNC", document, id=person.id).data["subject"]["syncAccounts"][0]["clients"]


def test_services_can_read_consents_and_no_address(api: Api) -> None:
    person = known(api)
    document = '{{ subject(by: {{ id: "{}" }}) {{ {} }} }}'
    for role in ("STORE", "SYNC", "SERVICE"):
        assert api.ask(role, document.format(person.id, "consents { state purpose { key } }")).data["subject"][
            "consents"
        ]
        for field in (
            "emails { address }",
            "displayName",
            "registeredAt",
            "regime",
            "consentHistory { edges { cursor } }",
        ):
            assert api.ask(role, document.format(person.id, field)).code == "FORBIDDEN"


def test_a_field_refused_on_its_type_is_refused_through_node(api: Api) -> None:
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


def test_node_is_null_for_a_type_of_which_the_role_may_read_nothing(api: Api) -> None:
    person = known(api)
    document = "query($id: ID!) { node(id: $id) { __typename id } }"
    assert api.ask("ANALYST", document, id=person.id).data == {"node": None}
    assert api.ask("SUPPORT", document, id=person.card).data == {"node": None}
    assert api.ask("BILLING", document, id=person.sync).data == {"node": None}
    assert api.ask("BILLING", document, id=person.card).data == {
        "node": {"__typename": "PaymentFragment", "id": person.card}
    }


def test_fields_in_aliases_fragments_and_directives_are_checked(api: Api) -> None:
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


def test_only_the_selected_operation_of_a_document_is_checked(api: Api) -> None:
    document = "query Mine { viewer { name } } query Theirs { tokens { id } }"
    headers = {"authorization": f"Bearer {api.secrets['STORE']}", "accept": "application/graphql-response+json"}
    body = {"query": document, "operationName": "Mine"}
    assert api.client.post("/graphql", json=body, headers=headers).status_code == 200
    body["operationName"] = "Theirs"
    assert api.client.post("/graphql", json=body, headers=headers).status_code == 403


def test_a_refused_selection_below_a_mutation_prevents_the_mutation(api: Api) -> None:
    document = 'mutation { registerSubject(input: { email: "new@example.com" }) { id emails { address } } }'
    answer = api.ask("STORE", document)
    assert list(refused(answer)) == ["EmailAddress.address", "Subject.emails"]
    assert api.ask("ADMIN", '{ subject(by: { email: "new@example.com" }) { id } }').data == {"subject": None}


def test_all_refused_fields_and_no_others_are_listed(api: Api) -> None:
    document = "{ viewer { name } tokens { id } subjects { edges { node { id country } } } purposes { key } }"
    assert set(refused(api.ask("STORE", document))) == {
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


def test_every_field_of_an_encrypted_column_is_personal() -> None:
    fields = set()
    for coordinate in ACCESS_POLICY:
        parent, _, name = coordinate.partition(".")
        named: Any = core.type_map[parent]
        field = named.fields[name].extensions["strawberry-definition"]
        source, row = source_of(field), getattr(field.origin, "row", None)
        if row and isinstance(source, Column) and not encrypted_columns(row).keys().isdisjoint(source.names):
            fields.add(coordinate)
    assert {"SyncAccount.reference", "PaymentFragment.isExpired", "ErasureStep.error"} <= fields
    assert fields <= PERSONAL


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
def test_people_need_a_case_for_every_question_about_a_person(api: Api, role: str) -> None:
    person = known(api)
    by = f'subject(by: {{ id: "{person.id}" }})'
    decision = f'consentDecision(subject: {{ id: "{person.id}" }}, purpose: "newsletter") {{ allowed }}'
    node = f'node(id: "{person.id}") {{ id }}'
    for question in (f"{by} {{ id status }}", decision, node):
        answer = api.ask(role, f"{{ {question} }}", case="")
        field = f"Query.{question.partition('(')[0]}"
        assert (answer.code, answer.extensions["access"]) == ("CASE_REQUIRED", [{"field": field}])
        assert api.ask(role, f"{{ {question} }}", case="case/7").data
    assert api.ask(role, "{ purposes { key } viewer { name } }", case="").data
    answer = api.ask(role, f"{{ {by} {{ id emails {{ address }} }} }}", case="")
    assert answer.code == "CASE_REQUIRED"
    assert answer.status == 400
    assert {entry["field"] for entry in answer.extensions["access"]} == {
        "Query.subject",
        "Subject.emails",
        "EmailAddress.address",
    }
    assert api.ask(role, f"{{ {by} {{ id emails {{ address }} }} }}", case="case/7").data["subject"]["emails"]


def test_a_case_is_required_for_a_cached_document_too(api: Api) -> None:
    known(api)
    document = '{ subject(by: { email: "user@example.com" }) { displayName } }'
    assert api.ask("SUPPORT", document).data
    assert api.ask("SUPPORT", document, case="").code == "CASE_REQUIRED"


def test_file_names_open_only_under_an_access_grant(api: Api) -> None:
    person = known(api)
    document = (
        "query($id: ID!) { node(id: $id) { ... on SyncAccount { fileCount files { edges { node { name } } } } } }"
    )
    for role in ("SUPPORT", "PRIVACY"):
        answer = api.ask(role, document, id=person.sync)
        assert answer.code == "GRANT_REQUIRED"
        assert "Diary" not in str(answer.body)


def test_introspection_shows_each_role_what_it_may_use(api: Api) -> None:
    types = "types { name fields(includeDeprecated: true) { name } }"
    document = f'{{ __schema {{ {types} }} hidden: __type(name: "Token") {{ name }} }}'
    for role in Role:
        answer = api.ask(role, document, case="").data
        shown = {
            f"{named['name']}.{field['name']}"
            for named in answer["__schema"]["types"]
            if not named["name"].startswith("__")
            for field in named["fields"] or ()
        }
        assert shown == {coordinate for coordinate, roles in ACCESS_POLICY.items() if role in roles}
        assert (answer["hidden"] is None) == (role not in ACCESS_POLICY["Token.id"])


@pytest.mark.parametrize("role", Role)
def test_the_introspection_query_of_common_tools_is_answered(api: Api, role: Role) -> None:
    answer = api.ask(role, get_introspection_query(), case="").data
    types = {named["name"] for named in answer["__schema"]["types"]}
    assert validate_schema(build_client_schema(answer)) == [], "GraphiQL, generators and gql refuse an invalid schema"
    assert "ErrorCode" in types
    assert ("Mutation" in types) == any(
        role in roles for coordinate, roles in ACCESS_POLICY.items() if coordinate.startswith("Mutation.")
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


def test_the_acting_role_is_one_of_the_token(api: Api) -> None:
    secret = api.issue("two roles", "SUPPORT", "BILLING")
    headers = {"authorization": f"Bearer {secret}", "accept": "application/graphql-response+json"}
    viewer = {"query": "{ viewer { role roles case } }"}
    for header, role in ((None, "SUPPORT"), ("SUPPORT", "SUPPORT"), ("BILLING", "BILLING")):
        extra = {"x-role": header} if header else {}
        answer = api.client.post("/graphql", json=viewer, headers=headers | extra).json()
        assert answer["data"]["viewer"] == {"role": role, "roles": ["SUPPORT", "BILLING"], "case": None}
    for role in ("PRIVACY", "support", "", "NOBODY", "SUPPORT,BILLING"):
        answer = api.client.post("/graphql", json=viewer, headers=headers | {"x-role": role})
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert not role or role not in answer.text


@pytest.mark.parametrize("role", Role)
def test_the_schema_that_a_role_sees_is_valid(role: Role) -> None:
    assert validate_schema(schema_for(role)) == []
