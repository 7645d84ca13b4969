"""What ``privacy serve --demo`` adds to the server: example people, tokens, workers, the desk and the welcome."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

import httpx2

from api.settings import Settings
from cli import demo
from cli.databases import open_databases
from cli.desk import DEMO_TOKENS, desk_in_thread
from cli.migrations import exclusive_setup, migrate_databases
from cli.work import workers_in_thread

READY_POLL_INTERVAL = 0.1
"""Seconds between two requests to /readyz at start."""


async def prepare(settings: Settings) -> dict[str, str]:
    """Migrate the databases, register the example people, and return a token secret for each role."""
    await migrate_databases(settings)
    os.environ.setdefault("PRIVACY_EXPLORER_TOKENS", str(DEMO_TOKENS.resolve()))
    async with exclusive_setup(settings), open_databases(settings) as databases:
        await demo.register_people(databases)
        return await demo.issue_tokens(databases, DEMO_TOKENS)


@contextmanager
def companions(settings: Settings, url: str, secrets: dict[str, str], desk_port: int) -> Iterator[None]:
    """Run the background workers and the desk in threads; print the welcome as soon as the service is ready.

    Without PRIVACY_PUBLIC_URL, links in letters lead to this server. The port 0 serves no desk.
    """
    public_url = os.environ.setdefault("PRIVACY_PUBLIC_URL", url)
    with (
        workers_in_thread(settings.model_copy(update={"public_url": public_url})),
        desk_in_thread(url, desk_port) if desk_port else nullcontext() as desk_url,
    ):
        threading.Thread(target=_welcome_when_ready, args=(url, secrets, desk_url), daemon=True).start()
        yield


def _welcome_when_ready(url: str, secrets: dict[str, str], desk_url: str | None) -> None:
    """Print the tokens and the first queries as soon as the service is ready."""
    with httpx2.Client(verify=False) as client:
        while True:
            with suppress(httpx2.HTTPError):
                if client.get(f"{url}/readyz").is_success:
                    break
            time.sleep(READY_POLL_INTERVAL)
    demo.print_welcome(url, secrets, desk_url)
