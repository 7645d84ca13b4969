"""Tests that what npm installs is locked, without the address of a registry."""

import json
import subprocess

from tests.conftest import ROOT


def test_every_npm_project_with_a_lock_file_keeps_addresses_out_of_it() -> None:
    command = ["git", "ls-files", "*package-lock.json"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "clients/typescript/package-lock.json" in names
    for name in names:
        lock = json.loads((ROOT / name).read_text())
        assert not [package for package in lock["packages"].values() if "resolved" in package], name
        settings = (ROOT / name).with_name(".npmrc").read_text()
        assert "omit-lockfile-registry-resolved=true" in settings.splitlines(), name
