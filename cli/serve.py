"""``privacy serve``: the API, on loopback unless TLS stands in front of it."""

import asyncio
import logging
import os
import socket
import threading
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvicorn
from uvicorn.supervisors import Multiprocess

from api.app import App, create_app
from api.http.protocol import SERVED
from api.settings import Settings, UnsafeSettingError
from cli import demo as demonstration
from cli.audit import KEY
from cli.databases import VAR, locate, migrate, opened
from cli.logging import configure_logging
from cli.work import beside

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
BACKLOG = 2048
READY_ASKED = 0.1
"""Seconds between two questions whether the service is ready."""


def application() -> App:
    """Make the application of one process from the environment (uvicorn calls this in each worker)."""
    settings = Settings.read()
    configure_logging(settings.log_format)
    return create_app(settings)


def _greet(url: str, secrets: dict[str, str]) -> None:
    """Print the tokens and the first queries as soon as the service answers."""
    with httpx.Client(verify=False) as client:  # noqa: S501 -- it asks itself, on loopback, whether it is ready
        while True:
            with suppress(httpx.HTTPError):
                if client.get(f"{url}/readyz").is_success:
                    break
            time.sleep(READY_ASKED)
    demonstration.welcome(url, secrets)


def serve(  # noqa: PLR0913 -- each is an option of the command
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes share the port.")] = 1,
    certificate: Annotated[Path | None, typer.Option(help="A TLS certificate (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="Its private key (PEM).")] = None,
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Set everything up, with invented people and a token for each role.")
    ] = False,
) -> None:
    """Serve the API.

    In production the settings come from the environment (PRIVACY_DATABASE_URL, PRIVACY_KEYRING_URL,
    PRIVACY_MASTER_KEY, ...) and `privacy migrate` has run before.

    Try it out: privacy serve --demo
    """
    with locate(demo=demo) as settings:
        if demo and settings.environment == "production":
            raise UnsafeSettingError(
                "--demo puts invented people and tokens for every role into a database: unset PRIVACY_DATABASE_URL, "
                "and it brings one of its own"
            )
        if settings.environment == "production" and KEY in os.environ:
            raise UnsafeSettingError(
                f"unset {KEY}: `privacy work` and `privacy audit` have it, who serves callers must not"
            )
        if host not in LOOPBACK and not (settings.tls_in_front or (certificate and key)):
            raise UnsafeSettingError(
                f"listening on {host} needs TLS: give --certificate and --key, "
                "or set PRIVACY_TLS_IN_FRONT=true when a proxy ends TLS in front of this"
            )
        _demand_free(host, port)
        secrets = asyncio.run(_prepared(settings)) if demo else None
        scheme = "https" if certificate else "http"
        config = uvicorn.Config(
            "cli.serve:application",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            loop="uvloop",
            backlog=BACKLOG,
            timeout_graceful_shutdown=10,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            **SERVED,
        )
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        url = f"{scheme}://{'127.0.0.1' if host in LOOPBACK else host}:{port}"
        if secrets:
            threading.Thread(target=_greet, args=(url, secrets), daemon=True).start()
        with _working(settings, url) if demo else nullcontext():
            if workers > 1:
                share(settings, workers)
                Multiprocess(config, sockets=[config.bind_socket()]).run()
            else:
                server = uvicorn.Server(config)
                server.run()
                if not server.started:
                    raise typer.Exit(1)


def share(settings: Settings, workers: int) -> None:
    """Divide the connections to PostgreSQL among the processes, which read this from the environment."""
    os.environ |= {
        "PRIVACY_READ_CONNECTIONS": str(max(1, settings.read_connections // workers)),
        "PRIVACY_WRITE_CONNECTIONS": str(max(1, settings.write_connections // workers)),
    }


def _working(settings: Settings, url: str) -> AbstractContextManager[None]:
    """Do what is due beside the API; links in letters lead to where it serves."""
    public_url = os.environ.setdefault("PRIVACY_PUBLIC_URL", url)
    return beside(settings.model_copy(update={"public_url": public_url}))


def _demand_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise UnsafeSettingError(
                f"port {port} is taken: choose another with --port (make serve PORT={port + 1})"
            ) from None


async def _prepared(settings: Settings) -> dict[str, str]:
    await migrate(settings)
    async with opened(settings) as place:
        await demonstration.people(place)
        return await demonstration.secrets(place, VAR / "demo-tokens.json")
