"""``privacy serve``: run the API server; outside of loopback it requires TLS."""

import asyncio
import logging
import os
import threading
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Annotated

import httpx2
import typer
import uvicorn
from uvicorn.supervisors import Multiprocess

from api.app import App, create_app
from api.http.protocol import SERVER_OPTIONS
from api.settings import Settings, UnsafeSettingError
from cli import demo as demonstration
from cli.audit import KEY
from cli.databases import database_settings, exclusive_setup, migrate_databases, open_databases
from cli.desk import DEMO_TOKENS, desk_in_thread
from cli.logging import configure_logging
from cli.otlp import start_tracing
from cli.ports import require_free_port
from cli.work import workers_in_thread

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
BACKLOG = 2048
SHUTDOWN_TIMEOUT = 10
"""Seconds that requests in flight may take after a stop signal."""
WORKER_TIMEOUT = 60
"""Seconds without an answer after which uvicorn replaces a process; importing may take over its default of five."""
MIN_READ_CONNECTIONS = 3
"""Connections for reads that each of several processes has at least."""
READY_POLL_INTERVAL = 0.1
"""Seconds between two requests to /readyz at start."""


def application() -> App:
    """Create the application of one process from the environment; uvicorn calls this in each process."""
    settings = Settings.read()
    configure_logging(settings.log_format)
    start_tracing(settings, "privacy-api")
    return create_app(settings)


def _welcome_when_ready(url: str, secrets: dict[str, str], desk_url: str | None) -> None:
    """Print the tokens and the first queries as soon as the service is ready."""
    with httpx2.Client(verify=False) as client:
        while True:
            with suppress(httpx2.HTTPError):
                if client.get(f"{url}/readyz").is_success:
                    break
            time.sleep(READY_POLL_INTERVAL)
    demonstration.print_welcome(url, secrets, desk_url)


def serve(  # noqa: PLR0913 -- each is an option of the command
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="The number of processes that share the port.")] = 1,
    certificate: Annotated[Path | None, typer.Option(help="A file with a TLS certificate (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="A file with the private key of the certificate (PEM).")] = None,
    *,
    drain: Annotated[
        float | None,
        typer.Option(min=0, max=600, help="Seconds between SIGTERM and the end, in which /readyz says 503."),
    ] = None,
    desk_port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port of the desk beside --demo; 0 serves none.")
    ] = 0,
    demo: Annotated[
        bool, typer.Option("--demo", help="Create an embedded database with example people and a token for each role.")
    ] = False,
) -> None:
    """Serve the API until stopped.

    In production, set PRIVACY_DATABASE_URL, PRIVACY_KEYRING_URL, PRIVACY_MASTER_KEY and the other settings in the
    environment, and run `privacy migrate` first.

    Example without any setting: privacy serve --demo
    """
    if drain is not None:
        os.environ["PRIVACY_DRAIN_SECONDS"] = str(drain)
    with database_settings(create=demo) as settings:
        if demo and settings.environment == "production":
            raise UnsafeSettingError(
                "--demo writes example people and tokens for every role into a database: unset PRIVACY_DATABASE_URL, "
                "and it starts an embedded database"
            )
        if settings.environment == "production" and KEY in os.environ:
            raise UnsafeSettingError(
                f"unset {KEY}: only `privacy work` and `privacy audit` may have it, not the server processes"
            )
        if host not in LOOPBACK and not (settings.tls_in_front or (certificate and key)):
            raise UnsafeSettingError(
                f"listening on {host} needs TLS: set --certificate and --key, "
                "or PRIVACY_TLS_IN_FRONT=true behind a proxy that terminates TLS"
            )
        require_free_port(host, port, f"set another one with --port (make serve PORT={port + 1})")
        if demo and desk_port:
            require_free_port("127.0.0.1", desk_port, f"set another one with make serve DESK_PORT={desk_port + 1}")
        secrets = asyncio.run(_prepare_demo(settings)) if demo else None
        if demo:
            os.environ.setdefault("PRIVACY_EXPLORER_TOKENS", str(DEMO_TOKENS.resolve()))
        scheme = "https" if certificate else "http"
        config = uvicorn.Config(
            "cli.serve:application",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            loop="uvloop",
            backlog=BACKLOG,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT,
            timeout_worker_healthcheck=WORKER_TIMEOUT,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            **SERVER_OPTIONS,
        )
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        url = f"{scheme}://{'127.0.0.1' if host in LOOPBACK else host}:{port}"
        serves_desk = demo and desk_port and scheme == "http"
        with (
            _demo_workers(settings, url) if demo else nullcontext(),
            desk_in_thread(url, desk_port) if serves_desk else nullcontext() as desk_url,
        ):
            if secrets:
                threading.Thread(target=_welcome_when_ready, args=(url, secrets, desk_url), daemon=True).start()
            if workers > 1:
                divide_connections(settings, workers)
                Multiprocess(config, sockets=[config.bind_socket()]).run()
            else:
                server = uvicorn.Server(config)
                server.run()
                if not server.started:
                    raise typer.Exit(1)


def divide_connections(settings: Settings, workers: int) -> None:
    """Divide the connections to PostgreSQL among the processes, which read these variables at start.

    Each process keeps some for reads, as its roles share them.
    """
    reads = max(min(MIN_READ_CONNECTIONS, settings.read_connections), settings.read_connections // workers)
    os.environ |= {
        "PRIVACY_READ_CONNECTIONS": str(reads),
        "PRIVACY_WRITE_CONNECTIONS": str(max(1, settings.write_connections // workers)),
    }


def _demo_workers(settings: Settings, url: str) -> AbstractContextManager[None]:
    """Run the background workers in a thread; without PRIVACY_PUBLIC_URL, links in letters lead to this server."""
    public_url = os.environ.setdefault("PRIVACY_PUBLIC_URL", url)
    return workers_in_thread(settings.model_copy(update={"public_url": public_url}))


async def _prepare_demo(settings: Settings) -> dict[str, str]:
    """Migrate the databases, register the example people, and return a token secret for each role."""
    await migrate_databases(settings)
    async with exclusive_setup(settings), open_databases(settings) as databases:
        await demonstration.register_people(databases)
        return await demonstration.issue_tokens(databases, DEMO_TOKENS)
