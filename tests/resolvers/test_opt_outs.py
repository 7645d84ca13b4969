"""Tests of optOutOfAll with the Global Privacy Control signal, which is recorded as a channel of its own."""

from tests.conftest import Api, Databases
from tests.people import DECIDE, GRANT

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
