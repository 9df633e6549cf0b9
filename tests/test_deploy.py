"""What stands in deploy/ fits together: services, settings, files."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import setting_names

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
EXAMPLE = (DEPLOY / ".env.example").read_text(encoding="utf-8")


@pytest.fixture
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
    return services


def test_the_bot_is_told_settings_that_exist(services: dict[str, Any]) -> None:
    assert set(services["bot"]["environment"]) <= set(setting_names())


def test_addresses_name_services(services: dict[str, Any]) -> None:
    addresses = re.findall(r"(?:http|redis)://([a-z][\w-]*):", COMPOSE + EXAMPLE)
    assert addresses
    assert set(addresses) <= set(services)


def test_what_a_service_waits_for_says_when_it_is_there(services: dict[str, Any]) -> None:
    for service in services.values():
        for needed in service.get("depends_on", {}):
            assert "healthcheck" in services[needed]


def test_replicas_are_alike_but_for_their_gpu(services: dict[str, Any]) -> None:
    first, second = services["model"], services["model-2"]
    assert first["command"] == second["command"]
    assert gpu(first) != gpu(second)
    assert second["profiles"] == ["two"]


def gpu(service: dict[str, Any]) -> object:
    [device] = service["deploy"]["resources"]["reservations"]["devices"]
    return device["device_ids"]


def test_nothing_but_the_bots_page_is_open_and_that_on_this_machine_only(services: dict[str, Any]) -> None:
    assert {name: each["ports"] for name, each in services.items() if "ports" in each} == {
        "bot": ["127.0.0.1:8000:8000"]
    }


def test_every_variable_of_compose_stands_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", COMPOSE))
    assert used == set(re.findall(r"^(?:# )?([A-Z_]+)=", EXAMPLE, re.MULTILINE)) - {"COMPOSE_PROFILES"}


def test_the_image_gets_every_package() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert names >= {"bot", "adapters", "memory", "rag", "pyproject.toml", "constraints.txt"}
    assert all((ROOT / name).exists() for name in names)


def test_lmdeploys_packages_for_the_tests_change_none_that_the_bot_is_pinned_to() -> None:
    assert pinned(ROOT / "tests/e2e/lmdeploy/requirements.txt").isdisjoint(pinned(ROOT / "constraints.txt"))


def pinned(path: Path) -> set[str]:
    names = re.findall(r"^([\w.-]+)==", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert names
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}
