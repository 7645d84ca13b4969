"""A request leaves nothing behind that only the garbage collector could find: its pauses would delay all tests."""

import gc
import http.client
import time

from api.http.protocol import GraphQLProtocol
from tests.conftest import Api

PAGE = """
query Page($id: ID!) {
    subject(by: {id: $id}) {
        emails { address }
        consents { purpose { key } effectiveAt }
        syncAccounts { clients { app } }
    }
}
"""
DECISION = 'query Decision($id: ID!) { consentDecision(subject: {id: $id}, purpose: "newsletter") { allowed } }'
OURS = ("api.", "models.", "resolvers.")


def test_requests_leave_no_cycles(api: Api) -> None:
    person = api.register("ada@example.com", displayName="Ada")
    api.ask("SUPPORT", PAGE, id=person)
    api.ask("STORE", DECISION, id=person)  # compiled once: that may leave what it likes
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for _ in range(5):
            assert api.ask("SUPPORT", PAGE, id=person).data["subject"]
            assert api.ask("STORE", DECISION, id=person).data["consentDecision"]
        gc.collect()
        left = {type(each).__name__ for each in gc.garbage if type(each).__module__.startswith(OURS)}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert left == set()


def test_connections_leave_nothing_once_they_are_closed(api: Api) -> None:
    """The collector comes rarely: bodies of a mebibyte would wait for it."""
    gc.collect()
    gc.disable()
    try:
        before = _connections()
        for _ in range(10):
            connected = http.client.HTTPConnection(api.url.removeprefix("http://"))
            connected.request("POST", "/graphql", b"{}", {"Content-Type": "application/json", "Connection": "close"})
            assert connected.getresponse().read()
            connected.close()
        until = time.monotonic() + 60
        while _connections() > before and time.monotonic() < until:
            time.sleep(0.05)
        assert _connections() <= before
    finally:
        gc.enable()


def _connections() -> int:
    return sum(type(each) is GraphQLProtocol for each in gc.get_objects())
