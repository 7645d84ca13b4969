"""Tests of optOutOfAll with the Global Privacy Control signal, which is recorded as a channel of its own."""

import pytest

from tests.conftest import Api, Databases
from tests.people import DECIDE, GRANT, OPT_OUT

OPT_OUT_OF_ALL = (
    "mutation All($who: SubjectBy!, $channel: Channel!) "
    "{ optOutOfAll(subject: $who, channel: $channel) { suppressed purposes at } }"
)
HISTORY = "query History($who: SubjectBy!) { subject(by: $who) { consents { purpose { key } state channel } } }"


def test_a_browser_signal_opts_a_registered_person_out_of_all(api: Api) -> None:
    subject_id = api.register("user@example.com")
    who = {"id": subject_id}
    assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="WEBSITE").data
    opt_out = api.ask("SERVICE", OPT_OUT_OF_ALL, who=who, channel="GPC").data["optOutOfAll"]
    assert not opt_out["suppressed"]
    assert {"newsletter", "site-analytics", "third-party-marketing"} <= set(opt_out["purposes"])
    consents = api.ask("SUPPORT", HISTORY, case="#1042", who=who).data["subject"]["consents"]
    assert {consent["channel"] for consent in consents} == {"GPC"}
    assert {consent["state"] for consent in consents} == {"WITHDRAWN", "OBJECTED"}
    reasons = {
        purpose: api.ask("STORE", DECIDE, who=who, purpose=purpose).data["consentDecision"]["reason"]
        for purpose in ("newsletter", "site-analytics", "order-processing")
    }
    assert reasons == {"newsletter": "WITHDRAWN", "site-analytics": "OBJECTED", "order-processing": "NECESSARY"}


def test_a_browser_signal_is_stored_for_an_address_that_is_not_registered_yet(api: Api, databases: Databases) -> None:
    opt_out = api.ask("SERVICE", OPT_OUT_OF_ALL, who={"email": "user@example.com"}, channel="GPC").data["optOutOfAll"]
    assert opt_out["suppressed"]
    channels = databases.cluster.run("psql", "-At", "-d", databases.url, "-c", "SELECT channel FROM suppressions")
    assert channels.split() == ["GPC"]
    who = {"id": api.register("user@example.com")}
    decision = api.ask("STORE", DECIDE, who=who, purpose="newsletter").data["consentDecision"]
    assert (decision["allowed"], decision["reason"]) == (False, "WITHDRAWN")


DECIDE_ALL = 'query($all: SubjectsBy!) { consentDecisions(subjects: $all, purpose: "newsletter") { subjectId reason } }'
IRREGULAR = ["hana..ko.@example.jp", ".ko@example.jp", "ko@example_jp", "ko@localhost", "k o@example.jp", "\u58f1@.jp"]


@pytest.mark.parametrize("address", IRREGULAR)
def test_an_address_that_cannot_be_registered_can_be_refused(api: Api, address: str) -> None:
    for opt_out in (
        api.ask("SERVICE", OPT_OUT, who={"email": address}, purposes=["newsletter"], channel="EMAIL").data["optOut"],
        api.ask("SERVICE", OPT_OUT_OF_ALL, who={"email": address.upper()}, channel="EMAIL").data["optOutOfAll"],
    ):
        assert opt_out["suppressed"]
    for kind in ("COMPLAINT", "HARD", "SOFT"):
        bounce = "mutation($address: String!, $kind: BounceKind!) { recordBounce(address: $address, kind: $kind) }"
        assert api.ask("SERVICE", bounce, address=address, kind=kind).data == {"recordBounce": True}
    decision = api.ask("STORE", DECIDE, who={"email": address}, purpose="newsletter").data["consentDecision"]
    assert (decision["subjectId"], decision["allowed"], decision["reason"]) == (None, False, "UNKNOWN_SUBJECT")
    erasure = api.ask("PRIVACY", REQUEST_ERASURE, who={"email": address}, channel="EMAIL", identity="EMAIL_CODE")
    assert erasure.code == "SUBJECT_NOT_FOUND"


@pytest.mark.parametrize("address", [*IRREGULAR, "", "no address", "a" * 400 + "@example.com", "a\x01@example.com"])
def test_an_address_that_no_person_can_have_does_not_fail_a_batch(api: Api, address: str) -> None:
    subject_id = api.register("user@example.com")
    everyone = {"emails": [address, "user@example.com", address, "stranger@example.com"]}
    decisions = api.ask("STORE", DECIDE_ALL, all=everyone).data["consentDecisions"]
    reasons = [(decision["subjectId"], decision["reason"]) for decision in decisions]
    unknown = (None, "UNKNOWN_SUBJECT")
    assert reasons == [unknown, (subject_id, "NEVER_ASKED"), unknown, unknown]


def test_an_opt_out_reaches_the_person_however_the_address_is_written(api: Api) -> None:
    for number, written in enumerate(("  {} ", "Ada <{}>", "<{}>", "{}.")):
        address = f"user{number}@example.com"
        who = {"id": api.register(address)}
        assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="WEBSITE").data
        refused = {"email": written.format(address)}
        assert api.ask("SERVICE", OPT_OUT, who=refused, purposes=["newsletter"], channel="EMAIL").data["optOut"]["at"]
        assert api.ask("STORE", DECIDE, who=who, purpose="newsletter").data["consentDecision"]["reason"] == "WITHDRAWN"


REQUEST_ERASURE = (
    "mutation($who: SubjectBy!, $channel: Channel!, $identity: IdentityCheck!) "
    "{ requestErasure(subject: $who, channel: $channel, identity: $identity) { state } }"
)


def test_a_grant_on_gpc_or_on_import_is_refused_and_changes_nothing(api: Api) -> None:
    who = {"id": api.register("user@example.com")}
    for role, channel in (("STORE", "GPC"), ("ADMIN", "GPC"), ("STORE", "IMPORT"), ("SUPPORT", "IMPORT")):
        document = GRANT if role != "ADMIN" else GRANT.replace("{ state effectiveAt }", "{ __typename }")
        answer = api.ask(role, document, who=who, purpose="newsletter", channel=channel)
        assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", "channel")
    assert api.ask("STORE", DECIDE, who=who, purpose="newsletter").data["consentDecision"]["reason"] == "NEVER_ASKED"


def test_an_agent_names_the_channel_of_the_person_and_a_way_to_prove_the_identity(api: Api) -> None:
    who = {"id": api.register("user@example.com")}
    for role in ("SUPPORT", "PRIVACY"):
        assert api.ask(role, OPT_OUT, who=who, purposes=["newsletter"], channel="IMPORT").code == "BAD_INPUT"
        all_of_them = OPT_OUT_OF_ALL.replace("suppressed purposes at", "at")
        assert api.ask(role, all_of_them, who=who, channel="IMPORT").code == "BAD_INPUT"
        answer = api.ask(role, REQUEST_ERASURE, who=who, channel="IMPORT", identity="EMAIL_CODE")
        assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", "channel")
        answer = api.ask(role, REQUEST_ERASURE, who=who, channel="PHONE", identity="NONE_YET")
        assert (answer.code, answer.extensions["argument"]) == ("BAD_INPUT", "identity")


def test_a_script_does_not_undo_a_complaint(api: Api) -> None:
    complain = 'mutation { recordBounce(address: "user@example.com", kind: COMPLAINT) }'
    who = {"id": api.register("user@example.com")}
    assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="WEBSITE").data
    assert api.ask("SERVICE", complain).data
    answer = api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="SCRIPT")
    assert (answer.code, answer.extensions["argument"]) == ("STATE_CONFLICT", "channel")
    assert api.ask("STORE", DECIDE, who=who, purpose="newsletter").data["consentDecision"]["reason"] == "WITHDRAWN"
    assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="WEBSITE").data
