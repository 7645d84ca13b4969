"""A browser's signal (Global Privacy Control) opts out of everything, like any other channel, and is kept as one."""

from tests.conftest import Api, Databases
from tests.people import DECIDE, GRANT

OPT_OUT_OF_ALL = (
    "mutation All($who: SubjectBy!, $channel: Channel!) "
    "{ optOutOfAll(subject: $who, channel: $channel) { suppressed purposes at } }"
)
HISTORY = "query History($who: SubjectBy!) { subject(by: $who) { consents { purpose { key } state channel } } }"


def test_a_browsers_signal_is_the_same_deed_for_who_is_known(api: Api) -> None:
    subject_id = api.register("user@example.com")
    who = {"id": subject_id}
    assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="WEBSITE").data
    done = api.ask("SERVICE", OPT_OUT_OF_ALL, who=who, channel="GPC").data["optOutOfAll"]
    assert not done["suppressed"]
    assert {"newsletter", "site-analytics", "third-party-marketing"} <= set(done["purposes"])
    kept = api.ask("SUPPORT", HISTORY, case="#1042", who=who).data["subject"]["consents"]
    assert {consent["channel"] for consent in kept} == {"GPC"}
    assert {consent["state"] for consent in kept} == {"WITHDRAWN", "OBJECTED"}
    reasons = {
        purpose: api.ask("STORE", DECIDE, who=who, purpose=purpose).data["consentDecision"]["reason"]
        for purpose in ("newsletter", "site-analytics", "order-processing")
    }
    assert reasons == {"newsletter": "WITHDRAWN", "site-analytics": "OBJECTED", "order-processing": "NECESSARY"}


def test_a_browsers_signal_is_kept_for_an_address_that_is_not_known_yet(api: Api, databases: Databases) -> None:
    done = api.ask("SERVICE", OPT_OUT_OF_ALL, who={"email": "user@example.com"}, channel="GPC").data["optOutOfAll"]
    assert done["suppressed"]
    kept = databases.cluster.run("psql", "-At", "-d", databases.url, "-c", "SELECT channel FROM suppressions")
    assert kept.split() == ["GPC"]
    who = {"id": api.register("user@example.com")}
    decided = api.ask("STORE", DECIDE, who=who, purpose="newsletter").data["consentDecision"]
    assert (decided["allowed"], decided["reason"]) == (False, "WITHDRAWN")
