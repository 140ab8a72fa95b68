"""A service that shows pseudonyms instead of the names of cases."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from clients import client_of, finished, until
from fastapi.testclient import TestClient
from stores import add_sweep, sweep_tables

from segsweep.errors import InputError
from segsweep.service.app import build_service
from segsweep.service.settings import Settings, pseudonyms_from_environment
from segsweep.tracking.memory import MemoryTracker

SECRET = "a-secret-that-nobody-guesses"
NAME = re.compile(r"polyp \d\d|no space left")


@pytest.fixture
def shown(settings: Settings) -> Iterator[TestClient]:
    tracker = MemoryTracker()
    add_sweep(tracker, "polyps", *sweep_tables("ce", "dice"), states={3: "failed"})
    with client_of(build_service(replace(settings, pseudonyms=SECRET), lambda: tracker)) as client:
        until(lambda: client.get("/api/v1/sweeps").json()["total"] == 1)
        yield client


def test_no_name_of_a_case_is_shown_anywhere(shown: TestClient) -> None:
    assert finished(shown, "/api/v1/sweeps/polyps/comparisons").status_code == 200
    seen: set[str] = set()
    waiting = ["/sweeps", "/sweeps/polyps/report.html", "/api/v1/sweeps/polyps/trials"]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        text = shown.get(path).text
        assert NAME.search(text) is None, path
        waiting += [link for link in re.findall(r'href="(/[^"?]*)"', text) if link not in seen and link not in waiting]
    assert any(path.endswith(".csv") for path in seen)
    trial = shown.get("/sweeps/polyps/trials/0000000000000001").text
    assert len(set(re.findall(r"p-[0-9a-f]{12}", trial))) == 10


def test_with_pseudonyms_and_without_nothing_is_mixed(settings: Settings) -> None:
    tracker = MemoryTracker()
    add_sweep(tracker, "polyps", *sweep_tables("ce"))
    keys = set()
    for secret in (None, SECRET, SECRET[::-1]):
        with client_of(build_service(replace(settings, pseudonyms=secret), lambda: tracker)) as client:
            until(lambda: client.get("/api/v1/sweeps").json()["total"] == 1)
            keys.add(client.get("/api/v1/sweeps/polyps/trials").headers["etag"])
    assert len(keys) == 3


def test_a_secret_that_can_be_guessed_is_refused(settings: Settings) -> None:
    with pytest.raises(InputError, match=r"\$SEGSWEEP_PSEUDONYMS: a secret of at least 24 characters"):
        replace(settings, pseudonyms="short")


def test_the_secret_comes_from_the_environment() -> None:
    assert pseudonyms_from_environment({"SEGSWEEP_PSEUDONYMS": SECRET}) == SECRET
    assert pseudonyms_from_environment({"SEGSWEEP_PSEUDONYMS": ""}) is None
