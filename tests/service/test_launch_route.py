"""Launching a grid by a request: who may, what may be in it, and what is said where it cannot be."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from clients import TOKEN, client_of
from fastapi.testclient import TestClient
from grids import tiny_sweep

from segsweep.errors import GridError, InputError
from segsweep.service.app import build_service
from segsweep.service.settings import Settings
from segsweep.spec.grid import parse_sweep
from segsweep.tracking.memory import MemoryTracker

SWEEPS = "/api/v1/sweeps"
NOWHERE = "http://127.0.0.1:9"
"""The port that discards; nothing answers there."""
LAUNCH_TOKEN = f"launch-{TOKEN}"


@pytest.fixture
def launching(settings: Settings) -> Iterator[TestClient]:
    """Without a cluster that answers."""
    opened = replace(settings, cluster=NOWHERE, data_roots=("/data",))
    with client_of(build_service(opened, MemoryTracker)) as client:
        yield client


def test_without_a_cluster_nothing_is_launched(client: TestClient) -> None:
    answer = client.post(SWEEPS, content=tiny_sweep())
    assert answer.status_code == 501
    assert answer.json()["detail"].startswith("this service launches nothing")


def test_a_cluster_that_does_not_answer_is_one_line(launching: TestClient) -> None:
    answer = launching.post(SWEEPS, content=tiny_sweep())
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith(f"{NOWHERE}: ")


@pytest.mark.parametrize("changes", [{"trian": {}}, {"seeds": -1}, {"grid": {"loss": "dise"}}, {"name": "a b"}])
def test_a_bad_grid_is_refused_as_the_command_refuses_it(launching: TestClient, changes: dict[str, object]) -> None:
    with pytest.raises(GridError) as expected:
        parse_sweep(tiny_sweep(**changes))
    answer = launching.post(SWEEPS, content=tiny_sweep(**changes))
    assert (answer.status_code, answer.json()) == (422, {"detail": str(expected.value)})


def test_data_that_is_not_open_is_refused(launching: TestClient) -> None:
    answer = launching.post(SWEEPS, content=tiny_sweep(datasets={"folder": "/etc"}))
    assert answer.status_code == 422
    assert "/etc is not open to a grid from the network; it may lie in /data" in answer.json()["detail"]


def test_a_byte_order_mark_is_no_part_of_a_grid(launching: TestClient) -> None:
    assert launching.post(SWEEPS, content=b"\xef\xbb\xbf" + tiny_sweep().encode()).status_code == 503


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"cluster": "head:6379"}, "--address: the cluster's Jobs API, such as http://HOST:8265, got 'head:6379'"),
        ({"data_roots": ("/a", "data")}, "--data-root: a folder's whole path or s3://bucket/prefix, got 'data'"),
    ],
)
def test_what_the_operator_gives_wrong(settings: Settings, change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        replace(settings, **change)
    assert str(caught.value) == complaint


class TestTokens:
    @pytest.fixture
    def guarded(self, settings: Settings) -> Iterator[TestClient]:
        guarded = replace(settings, cluster=NOWHERE, fixed_tokens=(TOKEN, LAUNCH_TOKEN))
        with client_of(build_service(guarded, MemoryTracker)) as client:
            yield client

    @pytest.mark.parametrize(
        ("token", "status"),
        [(None, 401), ("launch-a-token-that-somebody-made-up", 401), (TOKEN, 403), (LAUNCH_TOKEN, 503)],
    )
    def test_only_some_launch(self, guarded: TestClient, token: str | None, status: int) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        assert guarded.post(SWEEPS, content=tiny_sweep(), headers=headers).status_code == status

    def test_all_of_them_look(self, guarded: TestClient) -> None:
        for token in (TOKEN, LAUNCH_TOKEN):
            assert guarded.get(SWEEPS, headers={"Authorization": f"Bearer {token}"}).status_code == 200

    def test_a_cookie_does_not(self, guarded: TestClient) -> None:
        assert guarded.post("/login", data={"token": LAUNCH_TOKEN}).status_code == 303
        assert guarded.get(SWEEPS).status_code == 200
        assert guarded.post(SWEEPS, content=tiny_sweep()).status_code == 403


def test_no_other_site_launches(launching: TestClient) -> None:
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    assert launching.post(SWEEPS, content=tiny_sweep(), headers=headers).status_code == 403


def test_the_description_says_what_is_taken(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()["paths"][SWEEPS]["post"]
    assert list(described["requestBody"]["content"]) == ["application/yaml"]
    assert {"202", "401", "403", "409", "413", "422", "501", "503"} <= described["responses"].keys()
