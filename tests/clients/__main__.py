"""Runs the typed clients and the tools that callers bring; non-zero unless all pass.

``python -m tests.clients NAME…`` runs the steps of these names only.
"""

import os
import subprocess
import sys
import time

from tests.clients.service import Service, service
from tests.clients.steps import Step, steps


def passes(step: Step, running: Service) -> bool:
    """Run a step against a service; print its output where it fails."""
    environment = os.environ | {
        "PRIVACY_URL": running.url,
        "PRIVACY_TOKENS": str(running.tokens),
        "PRIVACY_PROVIDER_PORT": str(running.provider_port),
    }
    began = time.monotonic()
    done = subprocess.run(
        step.command,
        cwd=step.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    outcome = "passed" if done.returncode == 0 else "FAILED"
    sys.stdout.write(f"{outcome} {step.name} in {time.monotonic() - began:.1f} s\n")
    if done.returncode:
        sys.stdout.write(done.stdout)
    sys.stdout.flush()
    return done.returncode == 0


def main(names: list[str]) -> int:
    """Run the steps; return the exit status."""
    requested = [step for step in steps() if not names or step.name in names]
    with service() as running:
        results = [passes(step, running) for step in requested]
    sys.stdout.write(f"{results.count(True)} passed, {results.count(False)} failed\n")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
