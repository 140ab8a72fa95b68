"""The compose file and what belongs to it, as far as they can be held to their promises without a container engine."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
TEXT = (ROOT / "docker-compose.yml").read_text()
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("segsweep:")]
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
SECRETS = ("POSTGRES_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY", "RAY_AUTH_TOKEN", "SEGSWEEP_TOKENS")


def test_it_has_the_services_that_the_documents_name() -> None:
    assert set(SERVICES) == {"ray-head", "ray-worker", "mlflow", "postgres", "s3", "buckets", "segsweep"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check_and_comes_back(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert SERVICES[name]["restart"] in ("unless-stopped", "on-failure")


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].rpartition(":")
    assert tag not in ("", "latest")
    assert re.search(r"\d", tag)


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_on_loopback_unless_told_otherwise(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"\$\{\w+_BIND:-127\.0\.0\.1\}:\d+:\d+", port)


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_starts_without_a_secret(secret: str) -> None:
    uses = re.findall(rf"\$\{{{secret}([^}}]*)\}}", TEXT)
    assert uses
    assert set(uses) == {":?run deploy/secrets.sh"}


def test_no_secret_has_a_value_in_the_files() -> None:
    for line in (DEPLOY / "env.template").read_text().splitlines():
        name, _, value = line.partition("=")
        if name in SECRETS:
            assert value == ""
    passwords = {
        (name, key): value
        for name, service in SERVICES.items()
        for key, value in service.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|TOKENS?$|_KEY", key)
    }
    assert len(passwords) > 8
    assert all("${" in value for value in passwords.values())


@pytest.mark.parametrize("name", OURS)
def test_ours_run_without_privileges(name: str) -> None:
    assert SERVICES[name]["cap_drop"] == ["ALL"]
    assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "user", "cap_add"} & set(SERVICES[name])


def test_the_image_is_that_of_a_plain_user_with_locked_dependencies() -> None:
    stages = DOCKERFILE.split("\nFROM ")
    assert len(stages) == 3
    assert re.search(r"^USER segsweep$", stages[-1], re.MULTILINE)
    installs = [line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if "pip install" in line]
    assert len(installs) == 3
    assert all("-c constraints.txt" in line or "--no-deps" in line for line in installs)


def test_ray_asks_everyone_for_the_token() -> None:
    for name in ("ray-head", "ray-worker", "segsweep"):
        assert SERVICES[name]["environment"]["RAY_AUTH_MODE"] == "token"


def test_mlflow_answers_to_its_own_names_only() -> None:
    hosts = SERVICES["mlflow"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"]
    assert "mlflow:5000" in hosts
    assert "*" not in hosts


def test_services_wait_for_each_other_by_themselves() -> None:
    waiting = {
        name: re.findall(r"([\w-]+):\d+", service.get("command", "").partition(" -- ")[0])
        for name, service in SERVICES.items()
        if isinstance(service.get("command"), str)
    }
    assert waiting["ray-worker"] == ["ray-head"]
    assert waiting["mlflow"] == ["postgres", "s3"]
    assert waiting["buckets"] == ["s3"]
    assert not any("depends_on" in service for service in SERVICES.values())


def test_a_rehearsal_drops_no_volumes_but_its_own() -> None:
    named = re.findall(r"COMPOSE_PROJECT_NAME=(\S+)", (DEPLOY / "rehearse.sh").read_text())
    assert FILE["name"] == "segsweep"
    assert named == ["segsweep-rehearsal"]


def test_what_must_survive_lies_in_volumes() -> None:
    assert set(FILE["volumes"]) == {"launches", "postgres", "results", "s3"}
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert set(FILE["volumes"]) <= used


def test_what_the_image_copies_is_let_through(tmp_path: Path) -> None:
    let = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
        if not source.startswith("--")
    }
    assert copied == let
    assert all((ROOT / source).exists() for source in copied)


def test_one_service_builds_the_image_of_all() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["segsweep"]
    assert len({SERVICES[name]["image"] for name in OURS}) == 1


def test_the_overlay_for_gpus_gives_them_to_workers_and_changes_the_build_of_torch() -> None:
    overlay = yaml.safe_load((DEPLOY / "compose.gpu.yml").read_text())["services"]
    assert overlay["segsweep"] == {"build": {"args": {"TORCH_INDEX": ""}}}
    assert set(overlay) == {"segsweep", "ray-worker"}
    (device,) = overlay["ray-worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])


def test_secrets_are_made_once_and_are_nobody_elses(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    for name in ("secrets.sh", "env.template"):
        (tmp_path / "deploy" / name).write_bytes((DEPLOY / name).read_bytes())
    texts = []
    for _ in range(2):
        subprocess.run(["sh", "deploy/secrets.sh"], cwd=tmp_path, check=True, capture_output=True, env={**os.environ})
        texts.append((tmp_path / ".env").read_text())
    assert texts[0] == texts[1]
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    values = dict(line.split("=") for line in texts[0].splitlines() if "=" in line and not line.startswith("#"))
    assert all(len(values[name]) >= 20 for name in SECRETS)
    assert len({values[name] for name in SECRETS}) == len(SECRETS)
    (identity,) = yaml.safe_load((tmp_path / "deploy" / "s3.json").read_text())["identities"]
    assert identity["credentials"] == [{"accessKey": values["S3_ACCESS_KEY"], "secretKey": values["S3_SECRET_KEY"]}]
