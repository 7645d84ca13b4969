"""What our protocol relies on in uvicorn. A release that changes it fails here, before it serves anybody."""

import asyncio
import inspect
import re
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http import flow_control, httptools_impl
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from api.http.bounded_protocol import BoundedProtocol
from api.http.exchange import HttpExchange
from api.http.lingering import LingeringProtocol
from api.http.protocol import GraphQLProtocol

ADVICE = (
    f"uvicorn {uvicorn.__version__} changed {{}}: compare api/http/protocol.py with HttpToolsProtocol before upgrading"
)
OVERRIDDEN = {
    "connection_made": ["self", "transport"],
    "connection_lost": ["self", "exc"],
    "data_received": ["self", "data"],
    "shutdown": ["self"],
    "on_message_begin": ["self"],
    "on_url": ["self", "url"],
    "on_header": ["self", "name", "value"],
    "on_headers_complete": ["self"],
    "on_body": ["self", "body"],
    "on_message_complete": ["self"],
    "on_response_complete": ["self"],
}
CALLED = {"timeout_keep_alive_handler": ["self"], "_unset_keepalive_if_required": ["self"]}
ATTRIBUTES = {
    *(
        "app",
        "cycle",
        "expect_100_continue",
        "flow",
        "headers",
        "loop",
        "parser",
        "pipeline",
        "scope",
        "server_state",
    ),
    *("timeout_keep_alive", "transport"),
}
STATE = {"default_headers", "tasks", "total_requests"}
CYCLE = {"body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete"}
"""What uvicorn's protocol uses of the request under way."""
NOT_OF_EXCHANGES = {"body", "disconnected", "message_event", "more_body"}
"""Those of them that it uses in methods which our protocol calls for uvicorn's own requests only."""


async def _nothing(_scope: Any, _receive: Any, _send: Any) -> None: ...


async def _protocol() -> HttpToolsProtocol:
    return HttpToolsProtocol(uvicorn.Config(_nothing), ServerState(), {})


@pytest.mark.parametrize(("name", "parameters"), [*OVERRIDDEN.items(), *CALLED.items()])
def test_the_methods_of_uvicorns_protocol_take_what_they_took(name: str, parameters: list[str]) -> None:
    method = getattr(HttpToolsProtocol, name, None)
    assert method, ADVICE.format(f"{name}, which is gone")
    assert list(inspect.signature(method).parameters) == parameters, ADVICE.format(f"the parameters of {name}")


def test_our_protocol_overrides_what_is_checked_here_and_nothing_else() -> None:
    classes = (LingeringProtocol, BoundedProtocol, GraphQLProtocol)
    names = {name for cls in classes for name in vars(cls) if not name.startswith("__")}
    own = {name for name in names if name in vars(HttpToolsProtocol)}
    assert own == set(OVERRIDDEN)


def test_uvicorns_protocol_has_the_attributes_that_ours_uses() -> None:
    missing = ATTRIBUTES - vars(asyncio.run(_protocol())).keys()
    assert not missing, ADVICE.format(f"the attributes {missing}, which are gone")
    missing = STATE - vars(ServerState()).keys()
    assert not missing, ADVICE.format(f"the server state {missing}, which is gone")
    source = inspect.getsource(flow_control)
    assert "self.write_paused" in source, ADVICE.format("FlowControl.write_paused, which is gone")
    source = inspect.getsource(httptools_impl.RequestResponseCycle)
    for name in ("transport", "response_started", "disconnected", "message_event"):
        assert f"self.{name} = " in source, ADVICE.format(f"RequestResponseCycle.{name}, which is gone")
    assert hasattr(FlowControl, "drain"), ADVICE.format("FlowControl.drain, which is gone")


def test_uvicorn_uses_of_a_request_under_way_what_an_exchange_has() -> None:
    source = inspect.getsource(httptools_impl).partition("class RequestResponseCycle")[0]
    used = set(re.findall(r"self\.cycle\.(\w+)", source))
    assert used == CYCLE, ADVICE.format(f"what it uses of a request: {used ^ CYCLE}")
    slots = {name for cls in HttpExchange.__mro__ for name in getattr(cls, "__slots__", ())}
    assert slots >= CYCLE - NOT_OF_EXCHANGES
