"""docker-compose.yml and Dockerfile, without Docker: what can be told by reading them."""

import re
from typing import Any

import pytest
import typer
import yaml

import analytics.main
import console.commands.console
import proxy.main
from console.main import COMMANDS
from tests.architecture.sources import PACKAGES, ROOT
from warehouse.command_line import command_of
from warehouse.environment import BY_FILE, SECRETS

Service = dict[str, Any]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Service] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS: dict[str, Any] = {
    "proxy": typer.main.get_command(command_of(proxy.main.main)),
    "analytics": typer.main.get_command(analytics.main.watch_command),
    "console": typer.main.get_command(console.commands.console.app),
}
PINNED = re.compile(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*")
each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))


def test_the_services_are_the_deployments() -> None:
    assert set(SERVICES) == {*OURS, "clickhouse", "grafana", "valkey"}


@each_service
def test_a_service_is_pinned_or_built_from_a_stage_of_the_dockerfile(service: Service) -> None:
    if "build" in service:
        assert re.search(rf"^FROM \w+ AS {service['build']['target']}$", DOCKERFILE, re.MULTILINE)
    else:
        assert PINNED.fullmatch(service["image"])


def test_every_image_that_the_dockerfile_starts_from_is_pinned() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE))
    begun = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) - stages - {"${PYTHON}"}
    begun |= set(re.findall(r"^ARG PYTHON=(\S+)$", DOCKERFILE, re.MULTILINE))
    assert len(begun) == 2
    assert all(PINNED.fullmatch(image) for image in begun)
    assert re.search(r"^USER [1-9]\d*$", DOCKERFILE, re.MULTILINE)


@each_service
def test_a_service_is_not_root_and_gets_nothing_more(service: Service) -> None:
    assert int(service["user"].partition(":")[0]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid"}


@each_service
def test_a_service_tells_whether_it_is_well(service: Service) -> None:
    assert service["healthcheck"]["test"][0] == "CMD"
    assert len(service["healthcheck"]["test"]) > 1


@each_service
def test_ports_are_on_loopback_only(service: Service) -> None:
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in service.get("ports", []))


@each_service
def test_secrets_are_files_that_the_service_has(service: Service) -> None:
    environment = service.get("environment", {})
    granted = {each if isinstance(each, str) else each["source"] for each in service.get("secrets", [])}
    assert granted <= COMPOSE["secrets"].keys()
    assert not environment.keys() & set(SECRETS)
    for name, value in environment.items():
        if name.endswith(BY_FILE):
            assert name.removesuffix(BY_FILE) in SECRETS or name == "GF_SECURITY_ADMIN_PASSWORD__FILE"
            assert value.removeprefix("/run/secrets/") in granted
        else:
            assert not re.search("PASSWORD|TOKEN|KEY|SECRET", name)


def test_a_part_shows_a_token_that_decides_nothing_and_the_console_alone_knows_the_operators() -> None:
    shown = {name: SERVICES[name]["environment"]["TIDEGATE_CONTROL_TOKEN_FILE"] for name in OURS}
    tokens = {"control_token", "proxy_token", "analytics_token"}
    assert shown == {
        "console": "/run/secrets/control_token",
        "proxy": "/run/secrets/proxy_token",
        "analytics": "/run/secrets/analytics_token",
    }
    assert {name: tokens & set(SERVICES[name]["secrets"]) for name in OURS} == {
        "console": tokens,
        "proxy": {"proxy_token"},
        "analytics": {"analytics_token"},
    }
    expected = {f"TIDEGATE_{role}_TOKEN_FILE" for role in ("CONTROL", "PROXY", "ANALYTICS")}
    assert expected <= SERVICES["console"]["environment"].keys()


def test_secrets_are_where_git_and_the_image_do_not_look_and_the_page_makes_them() -> None:
    page = (ROOT / "docs" / "compose.md").read_text()
    assert "var/" in (ROOT / ".gitignore").read_text().split()
    assert "*" in (ROOT / ".dockerignore").read_text().split()
    assert "!var" not in (ROOT / ".dockerignore").read_text()
    for secret in COMPOSE["secrets"].values():
        directory, _, name = secret["file"].rpartition("/")
        assert directory == "./var/secrets"
        assert name in page


@pytest.mark.parametrize("name", OURS)
def test_a_command_of_ours_is_one_with_options_that_exist(name: str) -> None:
    command, *arguments = SERVICES[name]["command"]
    assert command == name
    assert command in {each.name for each in COMMANDS}
    assert OURS[name].make_context(name, list(arguments)).args == []
    with pytest.raises(Exception, match="No such option: --no-such-option"):
        OURS[name].make_context(name, [*arguments, "--no-such-option"])


def test_what_is_mounted_from_here_is_there() -> None:
    mounted = [volume for each in SERVICES.values() for volume in each.get("volumes", [])]
    paths = [re.sub(r"^\$\{\w+:-(.*?)\}", r"\1", volume).partition(":")[0] for volume in mounted]
    assert all((ROOT / path).exists() for path in paths if path.startswith("./"))
    assert {path for path in paths if not path.startswith("./")} == set(COMPOSE["volumes"])


def test_the_image_gets_every_package_and_nothing_names_an_index() -> None:
    packages = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    assert all((ROOT / kept).exists() for kept in packages)
    assert packages > {*PACKAGES, "constraints.txt"}
    assert "--constraint constraints.txt" in DOCKERFILE
    assert "://" not in DOCKERFILE
