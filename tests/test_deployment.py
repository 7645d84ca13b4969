"""The files of deploy/ fit the code: settings, commands, metrics and packages that they name exist."""

import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from dotenv import dotenv_values
from prometheus_client import REGISTRY
from typer.testing import CliRunner

from api.settings import Settings
from cli.embedded import Cluster
from cli.main import app
from models.encryption.master_keys import MasterKeys
from tests.cli.commands import privacy
from tests.conftest import ROOT, UNSAFE
from tests.documents import env_example
from tests.journeys.balancer import HAPROXY
from workers.metrics import WORKER_METRICS

DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted((DEPLOY / "systemd").iterdir())
OTHER_VARIABLES = {"PRIVACY_AUDIT_KEY", "PRIVACY_AUDIT_PUBLIC_KEYS"}
"""Variables that are no settings of every process: docs/settings.md describes them."""


def documents(path: Path) -> list[Any]:
    return [*yaml.safe_load_all(path.read_text())]


def commands() -> Iterator[list[str]]:
    """Yield the words after ``privacy`` of each command in these files."""
    containerfile = (DEPLOY / "Containerfile").read_text()
    yield json.loads(re.findall(r"^CMD (\[.*\])$", containerfile, re.MULTILINE)[-1])[1:]
    for service in documents(DEPLOY / "compose.yaml")[0]["services"].values():
        if service.get("command", ["postgres"])[0] == "privacy":
            yield service["command"][1:]
    for unit in UNITS:
        for line in re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE):
            yield shlex.split(line.replace("%i", "8001"))[1:]
    for manifest in MANIFESTS:
        for document in documents(manifest):
            for container in document["spec"]["template"]["spec"]["containers"] if "template" in str(document) else []:
                yield container["args"][1:]


def metric_names() -> set[str]:
    """Return the names of all series that the API and the workers export."""
    families = [*REGISTRY.collect(), *WORKER_METRICS.collect()]
    names = {sample.name for family in families for sample in family.samples}
    for family in families:
        names |= {
            family.name + suffix for suffix in {"counter": ["_total"], "histogram": ["_bucket"]}.get(family.type, [""])
        }
    return names


def test_the_example_of_the_environment_is_current_and_can_be_read() -> None:
    text = (DEPLOY / ".env.example").read_text()
    assert text == env_example(), "api/settings.py changed: run `make docs`"
    # Each commented line is a setting with its default: all of them together are valid.
    values = dotenv_values(stream=io.StringIO(text.replace("\n#PRIVACY_", "\nPRIVACY_")))
    assert set(values) == {f"PRIVACY_{name.upper()}" for name in Settings.model_fields}
    required = {
        "database_url": "postgresql://privacy_login@db/privacy",
        "keyring_url": "postgresql://privacy_login@keys/keyring",
        "master_key": MasterKeys.generate(),
        "public_url": "https://privacy.example.com",
    }
    defaults = {name.removeprefix("PRIVACY_").lower(): value for name, value in values.items() if value}
    assert Settings.read(**(defaults | required)) == Settings.read(**required)


def test_every_variable_that_they_name_is_a_setting() -> None:
    settings = {f"PRIVACY_{name.upper()}" for name in Settings.model_fields} | OTHER_VARIABLES
    for path in (path for path in DEPLOY.rglob("*") if path.is_file()):
        assert set(re.findall(r"PRIVACY_[A-Z_]+[A-Z]", path.read_text())) <= settings, path.name


@pytest.mark.parametrize("words", [*commands()], ids=" ".join)
def test_every_command_has_the_options_that_they_give(words: list[str]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.output
    for option in (word for word in words if word.startswith("--")):
        assert option in result.output


def test_the_image_holds_every_package_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {name.rstrip("*") for name in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    text = (DEPLOY / "Containerfile").read_text()
    copied = {word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE) for word in line.split()}
    assert packages <= copied
    assert all((ROOT / word).exists() for word in copied)


def test_compose_services_depend_on_services_and_volumes_that_exist() -> None:
    [compose] = documents(DEPLOY / "compose.yaml")
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (DEPLOY / source).exists()


@pytest.mark.anyio
async def test_the_steps_of_the_compose_file_make_a_service_with_both_locks(tmp_path: Path) -> None:
    """The login exists with its password before the migration, which must not change that."""
    cluster = Cluster(tmp_path / "postgres", settings=UNSAFE)
    secret = tmp_path / "login-password"
    secret.write_text("a'b\n")
    try:
        with cluster:
            for name in ("privacy", "keyring"):
                cluster.create_database(name)
            script = (DEPLOY / "login.sh").read_text()
            [statement] = re.findall(r"<<'SQL'\n(.*?)SQL", script, re.DOTALL)
            cluster.run("psql", "--set=ON_ERROR_STOP=1", "--set=password=a'b", text=statement)
            variables = {
                "PRIVACY_OWNER_URL": cluster.url("privacy"),
                "PRIVACY_KEYRING_OWNER_URL": cluster.url("keyring"),
                "PRIVACY_DATABASE_URL": cluster.url("privacy", "privacy_login"),
                "PRIVACY_KEYRING_URL": cluster.url("keyring", "privacy_login"),
                "PRIVACY_MASTER_KEY": MasterKeys.generate(),
                "PRIVACY_ENVIRONMENT": "development",
            }
            for words in (("migrate",), ("grants", "check")):
                result = await privacy(*words, variables=variables, at=tmp_path)
                assert result.code == 0, result.errors
            login = "SELECT rolcanlogin AND NOT rolinherit AND rolpassword IS NOT NULL FROM pg_authid"
            assert cluster.run("psql", "-Atc", f"{login} WHERE rolname = 'privacy_login'") == "t\n"
    finally:
        cluster.remove()


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_kubernetes_accepts_the_manifests(path: Path) -> None:
    for document in documents(path):
        kubernetes_validate.validate(document, "1.34", strict=True)


def test_probes_ask_paths_that_exist_and_stops_have_time_to_drain() -> None:
    for path in (DEPLOY / "kubernetes" / name for name in ("api.yaml", "worker.yaml")):
        pod = documents(path)[0]["spec"]["template"]["spec"]
        [container] = pod["containers"]
        probes = {
            kind: container[kind]["httpGet"]["path"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")
        }
        assert probes == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    api = documents(DEPLOY / "kubernetes" / "api.yaml")[0]["spec"]["template"]["spec"]
    [container] = api["containers"]
    drain = int(container["args"][container["args"].index("--drain") + 1])
    probe = container["readinessProbe"]
    assert drain > probe["periodSeconds"] * probe["failureThreshold"] + probe["timeoutSeconds"]
    assert api["terminationGracePeriodSeconds"] > drain + 10


def expressions() -> dict[str, str]:
    rules = {
        rule["alert"]: rule["expr"]
        for group in documents(DEPLOY / "prometheus" / "alerts.yaml")[0]["groups"]
        for rule in group["rules"]
    }
    board = json.loads((DEPLOY / "grafana" / "privacy.json").read_text())
    return rules | {panel["title"]: target["expr"] for panel in board["panels"] for target in panel["targets"]}


@pytest.mark.parametrize("name", expressions())
def test_alerts_and_panels_name_metrics_that_are_exported(name: str) -> None:
    metrics = set(re.findall(r"\b(?:privacy|process)_\w+", re.sub(r'"[^"]*"', '""', expressions()[name])))
    assert metrics
    assert metrics <= metric_names()


def accepted(*command: str | Path) -> None:
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed: tests/install-peers.sh")
def test_promtool_accepts_the_alerts() -> None:
    accepted("promtool", "check", "rules", DEPLOY / "prometheus" / "alerts.yaml")


@pytest.mark.skipif(not HAPROXY.exists(), reason="HAProxy is not installed: tests/install-peers.sh")
def test_haproxy_accepts_its_configuration(tmp_path: Path) -> None:
    text = (DEPLOY / "haproxy.cfg").read_text()
    configuration = tmp_path / "haproxy.cfg"
    # The certificate is the operator's.
    configuration.write_text(text.replace("bind :443 ssl crt /etc/haproxy/privacy.pem", "bind 127.0.0.1:44300"))
    accepted(HAPROXY, "-c", "-f", configuration)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    program = tmp_path / "privacy"
    program.symlink_to(sys.executable)
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/privacy/bin/privacy", str(program)))
    accepted("systemd-analyze", "verify", "--man=no", *(tmp_path / unit.name for unit in UNITS))
