"""``privacy desk``: serve the pages of support agents and privacy officers, a client of the API."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from api.settings import UnsafeSettingError
from cli.databases import VAR
from cli.logging import configure_logging
from cli.ports import require_free_port
from desk.app import create_app
from desk.settings import LOOPBACK, DeskSettingError, DeskSettings

DEMO_TOKENS = VAR / "demo-tokens.json"
STOP_TIMEOUT = 10.0
"""Seconds that requests in flight may take after a stop signal."""


def desk_settings(**values: object) -> DeskSettings:
    """Return the settings of the desk; raise UnsafeSettingError with what to set."""
    try:
        return DeskSettings.read(**values)
    except DeskSettingError as problem:
        raise UnsafeSettingError(str(problem)) from None


def desk_server(settings: DeskSettings, host: str, port: int) -> uvicorn.Server:
    """Return a server that writes no access log: no one needs the pages that an agent opened twice."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=host,
            port=port,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=int(STOP_TIMEOUT),
        )
    )


def desk(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8100,
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Sign in with the tokens that `privacy serve --demo` wrote.")
    ] = False,
    tls_in_front: Annotated[
        bool, typer.Option("--tls-in-front", help="A proxy terminates TLS: listen outside of loopback.")
    ] = False,
) -> None:
    """Serve the desk until stopped: the pages of support agents and privacy officers.

    In production, set PRIVACY_DESK_URL, PRIVACY_DESK_API_URL, PRIVACY_DESK_SECRET and the PRIVACY_DESK_OIDC_ settings.
    """
    values: dict[str, object] = {"demo_tokens": DEMO_TOKENS, "url": f"http://127.0.0.1:{port}"} if demo else {}
    settings = desk_settings(**values)
    if host not in LOOPBACK and (demo or not tls_in_front):
        raise UnsafeSettingError(
            f"listening on {host} needs TLS: use --tls-in-front behind a proxy that terminates TLS"
        )
    require_free_port(host, port, "set another one with --port")
    configure_logging("text")
    typer.echo(f"The desk serves {settings.url} (stop it with Ctrl-C)")
    server = desk_server(settings, host, port)
    server.run()
    if not server.started:
        raise typer.Exit(1)


@contextmanager
def desk_in_thread(api_url: str, port: int, tokens: Path = DEMO_TOKENS) -> Iterator[str]:
    """Serve the desk of the demonstration in a thread until the context ends; return its URL."""
    url = f"http://127.0.0.1:{port}"
    server = desk_server(desk_settings(demo_tokens=tokens, url=url, api_url=api_url), "127.0.0.1", port)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="desk", daemon=True)
    thread.start()
    while thread.is_alive() and not server.started:
        time.sleep(0.01)
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(STOP_TIMEOUT)
