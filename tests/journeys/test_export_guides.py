"""The commands in the guides of system owners and of the privacy officer do what the guides say."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Api, Databases
from tests.journeys.exports import SHOWN, begin_export, drain_exports, execute, step_of, unpacked
from tests.people import known

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def commands(guide: str) -> str:
    """Return the one block of a guide that calls /exports."""
    [block] = [
        block
        for block in re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "guides" / guide).read_text(), re.DOTALL)
        if "/exports/" in block
    ]
    return str(block)


def run(block: str, folder: Path, api: Api, role: str, **names: str) -> str:
    """Run the commands of a guide with real ids and a real token; return what they print."""
    for shown, real in {"https://privacy.example.com": api.url, **names}.items():
        block = re.sub(rf"{shown}[0-9a-f]*…?" if shown.endswith("_") else re.escape(shown), real, block)
    (folder / "privacy").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cli "$@"\n')
    (folder / "privacy").chmod(0o700)
    environment = {
        "PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin",
        "TOKEN": api.secrets[role],
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        ["/bin/sh", "-ec", block], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_commands_of_the_guides_hand_in_a_part_and_fetch_the_export(
    api: Api, databases: Databases, tmp_path: Path
) -> None:
    request = begin_export(api, databases, known(api).id)
    step = step_of(api, "STORE", "store")["id"]
    (tmp_path / "part.json").write_text('{"orders": [{"card": "4111 1111 1111 1111"}]}')
    answer = json.loads(run(commands("systems.md"), tmp_path, api, "STORE", exp_=step))
    assert (answer["id"], answer["state"], answer["replacedValues"]) == (step, "DONE", 1)
    execute(databases, "UPDATE rights_requests SET due_at = now()")
    drain_exports(databases)
    assert api.ask("PRIVACY", SHOWN, id=request).data["rightsRequest"]["state"] == "COMPLETED"
    printed = run(commands("privacy-officer.md"), tmp_path, api, "PRIVACY", req_=request)
    assert request in printed
    assert "export.html" in unpacked((tmp_path / "export.zip").read_bytes())
