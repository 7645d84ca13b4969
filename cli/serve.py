"""``privacy serve``: run the API server; outside of loopback it requires TLS."""

import asyncio
import logging
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from uvicorn.supervisors import Multiprocess

from api.app import App, create_app
from api.http.protocol import SERVER_OPTIONS
from api.settings import Settings, UnsafeSettingError
from cli.audit import KEY
from cli.databases import database_settings
from cli.lazy import load
from cli.logging import configure_logging
from cli.ports import require_free_port
from cli.tracing import REQUESTS_PER_SECOND, start_tracing

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
BACKLOG = 2048
SHUTDOWN_TIMEOUT = 10
"""Seconds that requests in flight may take after a stop signal."""
WORKER_TIMEOUT = 60
"""Seconds without an answer after which uvicorn replaces a process; importing may take over its default of five."""
MIN_READ_CONNECTIONS = 3
"""Connections for reads that each of several processes has at least."""


def application() -> App:
    """Create the application of one process from the environment; uvicorn calls this in each process."""
    settings = Settings.read()
    configure_logging(settings.log_format)
    start_tracing(settings, "privacy-api", REQUESTS_PER_SECOND)
    return create_app(settings)


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
        # The demonstration imports the workers, the desk and the migrations, which no other server needs.
        secrets = asyncio.run(load("cli.demo_server:prepare")(settings)) if demo else {}
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
        offered_desk_port = desk_port if scheme == "http" else 0
        with load("cli.demo_server:companions")(settings, url, secrets, offered_desk_port) if demo else nullcontext():
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
