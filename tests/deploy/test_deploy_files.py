"""What the deployment files name exists: metrics, settings, commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from trueline.cli.main import COMMANDS
from trueline.gateway.metrics import Metrics
from trueline.gateway.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
# Read from the environment and never part of the settings.
SECRETS = {"TRUELINE_UPSTREAM_KEY"}


def test_every_metric_of_the_dashboard_is_exposed() -> None:
    text = (ROOT / "deploy/grafana/trueline.json").read_text("utf-8")
    exposed = set(re.findall(r"# TYPE (\S+)", Metrics().expose()))

    asked = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for panel in json.loads(text)["panels"]
        for target in panel["targets"]
        for name in re.findall(r"(?:trueline|process)_[a-z_]+", target["expr"])
    }

    assert asked
    assert asked <= exposed


def test_every_setting_named_in_the_files_exists() -> None:
    files = ["Dockerfile", "deploy/compose.yaml", "deploy/systemd/trueline.service"]
    names = {
        name
        for file in files
        for name in re.findall(rf"{PREFIX}[A-Z_]+", (ROOT / file).read_text("utf-8"))
    }

    known = {PREFIX + field.upper() for field in Settings.model_fields} | SECRETS
    assert names
    assert names <= known


def test_the_services_that_wait_for_each_other_are_there() -> None:
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text("utf-8"))

    services = compose["services"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
    assert (ROOT / "deploy" / services["gateway"]["build"] / "Dockerfile").resolve().exists()
    assert (ROOT / "deploy/nginx.conf").exists()


def test_every_command_named_in_the_files_exists() -> None:
    files = ["Dockerfile", "deploy/compose.yaml", "deploy/README.md"]
    text = "\n".join((ROOT / file).read_text("utf-8") for file in files)

    commands = set(re.findall(r"trueline (keys|events|up|monitor)(?![a-z])", text))

    assert {"keys", "events"} <= commands
    assert commands - {"monitor"} <= set(COMMANDS)
