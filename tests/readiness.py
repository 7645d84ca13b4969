"""What a service says about its components, once its checks have ended."""

import httpx2

from api.routes.component_checks import SLOW


def readiness(url: str) -> httpx2.Response:
    """Ask a service whether it is ready until no check is still running: on a busy machine one takes over a second."""
    while True:
        answer = httpx2.get(f"{url}/readyz", verify=False, timeout=60)
        if SLOW not in answer.json().values():
            return answer
