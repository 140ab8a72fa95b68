"""What those who run it see: health, measures, logs."""

import json
import logging
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from clients import client_of, finished, until
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from stores import add_sweep, sweep_tables

from segsweep.errors import TrackingError
from segsweep.service import computations
from segsweep.service.app import build_service
from segsweep.service.logs import JsonFormatter
from segsweep.service.settings import Settings
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import SweepRecord


class Flaky(MemoryTracker):
    """A store that is sometimes away."""

    away = True

    def sweeps(self) -> tuple[SweepRecord, ...]:
        if self.away:
            raise TrackingError("connection refused")
        return super().sweeps()


def measures(client: TestClient) -> dict[tuple[str, ...], float]:
    """Name and label values, by name of the label, to value."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def routes_measured(client: TestClient) -> set[str]:
    return {key[1] for key in measures(client) if key[0] == "segsweep_request_seconds_count"}


class TestReadiness:
    def test_it_tells_what_is_down_and_when_it_is_back(self, settings: Settings) -> None:
        tracker = Flaky()
        add_sweep(tracker, "polyps", *sweep_tables("ce"))
        with client_of(build_service(settings, lambda: tracker)) as client:
            assert client.get("/healthz").text == "ok\n"
            answer = client.get("/readyz")
            assert (answer.status_code, answer.json()["dependencies"]["tracking"]) == (503, "down")
            tracker.away = False
            until(lambda: client.get("/readyz").status_code == 200)
            tracker.away = True
            until(lambda: client.get("/readyz").status_code == 503)
            # what was known stays known
            assert client.get("/api/v1/sweeps/polyps").status_code == 200
            assert "does not answer" in client.get("/sweeps").text

    def test_a_store_that_cannot_be_opened_is_opened_later(self, settings: Settings) -> None:
        tried: list[int] = []

        def open_tracker() -> MemoryTracker:
            tried.append(1)
            if len(tried) < 3:
                raise TrackingError("name resolution failed")
            return MemoryTracker()

        with client_of(build_service(settings, open_tracker)) as client:
            until(lambda: client.get("/readyz").status_code == 200)
        assert len(tried) == 3

    def test_a_folder_that_cannot_be_written_to(self, settings: Settings, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        settings = replace(settings, results=tmp_path / "file" / "results")
        with client_of(build_service(settings, MemoryTracker)) as client:
            until(lambda: client.get("/readyz").json()["dependencies"]["tracking"] == "up")
            answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["dependencies"]["results"]) == (503, "down")


class TestMeasures:
    def test_requests_trials_and_computations_are_counted(self, settings: Settings) -> None:
        tracker = MemoryTracker()
        add_sweep(tracker, "polyps", *sweep_tables("ce", "dice"), states={3: "failed"})
        with client_of(build_service(settings, lambda: tracker)) as client:
            until(lambda: client.get("/readyz").status_code == 200)
            finished(client, "/api/v1/sweeps/polyps/settings")
            for name in ("nothing", "<script>", "polyps"):
                client.get(f"/api/v1/sweeps/{name}")
            until(lambda: measures(client)["segsweep_computations_total", "done"] == 1)
            found = measures(client)
        route = "/api/v1/sweeps/{sweep}"
        assert found["segsweep_requests_total", "GET", route, "404"] == 2
        assert found["segsweep_requests_total", "GET", route, "200"] == 1
        assert found["segsweep_request_seconds_count", route] == 3
        assert found["segsweep_trials", "finished", "polyps"] == 3
        assert found["segsweep_trials", "failed", "polyps"] == 1
        assert found["segsweep_tracking_up",] == 1
        assert found["segsweep_computation_seconds_total",] > 0

    def test_a_stranger_cannot_make_measures_up(self, client: TestClient) -> None:
        before = routes_measured(client)
        for number in range(20):
            client.get(f"/nothing/{number}")
        assert routes_measured(client) - before <= {"other", "/metrics"}


class TestLogs:
    def test_a_request_is_a_line_with_its_sweep_and_trial(
        self, client: TestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO, logger="segsweep.service"):
            answer = client.get("/api/v1/sweeps/polyps/trials/0000000000000001")
        (record,) = (record for record in caplog.records if record.message == "request")
        line = JsonFormatter().format(record)
        assert "\n" not in line
        found = json.loads(line)
        assert {key: found[key] for key in ("level", "method", "status", "sweep", "trial")} == {
            "level": "info",
            "method": "GET",
            "status": 200,
            "sweep": "polyps",
            "trial": "0000000000000001",
        }
        assert found["request"] == answer.headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f]{16}", found["request"])

    def test_a_name_cannot_forge_a_line(self, client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, logger="segsweep.service"):
            client.get("/api/v1/sweeps/x%0A%7B%22level%22%3A%22error%22%7D")
        (record,) = (record for record in caplog.records if record.message == "request")
        line = JsonFormatter().format(record)
        assert "\n" not in line
        assert json.loads(line)["sweep"] == 'x\n{"level":"error"}'

    def test_a_failure_comes_with_its_traceback(self) -> None:
        try:
            raise ValueError("broken")
        except ValueError as error:
            record = logging.makeLogRecord({"msg": "oops", "exc_info": (ValueError, error, error.__traceback__)})
        assert "ValueError: broken" in json.loads(JsonFormatter().format(record))["traceback"]


def test_a_computation_that_dies_before_it_has_read_its_task(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computations, "_COMMAND", (sys.executable, "-c", "raise SystemExit(9)"))
    tracker = MemoryTracker()
    run = tracker.runs[add_sweep(tracker, "polyps", *sweep_tables("ce"))]
    run.files["notes.txt"] = bytes(1_000_000)  # more than a pipe holds
    with client_of(build_service(settings, lambda: tracker)) as client:
        until(lambda: "ended with code 9" in client.get("/api/v1/sweeps/polyps/settings").text)
