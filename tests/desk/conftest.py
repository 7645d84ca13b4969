"""One desk and one browser for all tests of a worker."""

from collections.abc import Iterator

import pytest

from tests.browser import Browser, opened
from tests.conftest import Api
from tests.desk.agents import Agent, SignIn, desk_for


@pytest.fixture(scope="session")
def desk_url(served: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with desk_for(served.url, tmp_path_factory.mktemp("desk"), served.secrets) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with opened(width=1280) as window:
        yield window


@pytest.fixture
def sign_in(desk_url: str, api: Api) -> Iterator[SignIn]:
    """Return a function that signs an agent in: a role, and a case."""
    agents: list[Agent] = []

    def begin(role: str = "", case: str = "case/1") -> Agent:
        agents.append(Agent(desk_url, role, case))
        return agents[-1]

    yield begin
    for agent in agents:
        agent.client.close()


@pytest.fixture
def support(sign_in: SignIn) -> Agent:
    return sign_in("SUPPORT")


@pytest.fixture
def officer(sign_in: SignIn) -> Agent:
    return sign_in("PRIVACY")
