"""The HTTP interface: what it gives of a store, and that it gives it again for nothing."""

import pytest
from clients import client_of, finished, until
from fastapi.testclient import TestClient
from stores import add_sweep, sweep_tables

from segsweep.records.schemas import CASES
from segsweep.records.tables import concatenate
from segsweep.reports.report import build_report
from segsweep.reports.writing import to_csv, to_html
from segsweep.service.app import build_service
from segsweep.service.settings import Settings
from segsweep.spec.report_settings import ReportSettings
from segsweep.tracking.memory import MemoryTracker

ROUTES = (
    "/api/v1/sweeps",
    "/api/v1/sweeps/polyps",
    "/api/v1/sweeps/polyps/trials",
    "/api/v1/sweeps/polyps/trials/0000000000000001",
    "/api/v1/sweeps/polyps/settings",
    "/api/v1/sweeps/polyps/comparisons",
    "/api/v1/sweeps/polyps/volume-bias",
    "/api/v1/sweeps/polyps/report.html",
    "/api/v1/sweeps/polyps/tables",
    "/api/v1/sweeps/polyps/tables/polyps-polyp-1-settings.csv",
    "/api/v1/compare?first=polyps&second=more-polyps",
)


def test_every_sweep_with_its_trials_by_state(client: TestClient) -> None:
    found = client.get("/api/v1/sweeps").json()
    assert {item["name"]: item["states"] for item in found["items"]} == {
        "polyps": {"finished": 3, "diverged": 1},
        "more-polyps": {"finished": 4},
    }


def test_lists_are_paged(client: TestClient) -> None:
    whole = client.get("/api/v1/sweeps/polyps/trials").json()
    assert whole["total"] == len(whole["items"]) == 4
    parts = [client.get(f"/api/v1/sweeps/polyps/trials?offset={offset}&limit=3").json() for offset in (0, 3, 6)]
    assert [len(part["items"]) for part in parts] == [3, 1, 0]
    assert [item for part in parts for item in part["items"]] == whole["items"]


def test_trials_by_state(client: TestClient) -> None:
    (found,) = client.get("/api/v1/sweeps/polyps/trials?state=diverged").json()["items"]
    assert (found["setting"], found["fold"], found["reason"]) == ("dice", 1, "loss became infinite at step 12")
    assert client.get(f"/api/v1/sweeps/polyps/trials/{found['trial']}").json() == found


def test_curves_of_a_trial(client: TestClient) -> None:
    curves = client.get("/api/v1/sweeps/polyps/trials/0000000000000001/curves").json()["curves"]
    assert [epoch for epoch, _ in curves["train/loss"]] == list(range(1, 12))


def test_comparisons_are_those_of_the_report(client: TestClient) -> None:
    report = build_report(*sweep_tables("ce", "jaccard"), ReportSettings(), name="more-polyps")
    (expected,) = report.panels[0].models.comparisons
    (found,) = client.get("/api/v1/sweeps/more-polyps/comparisons").json()["items"]
    assert (found["first"], found["second"], found["cases"]) == ("ce", "jaccard", 20)
    assert found["difference"] == expected.difference.estimate < 0
    assert (found["low"], found["high"]) == (expected.difference.low, expected.difference.high)
    assert (found["p"], found["p_corrected"], found["verdict"]) == (expected.p, expected.p_corrected, "different")


def test_volume_errors(client: TestClient) -> None:
    rows = client.get("/api/v1/sweeps/more-polyps/volume-bias").json()["items"]
    soft, hard = ([row for row in rows if row["estimator"] == kind] for kind in ("soft", "hard"))
    _, cases = sweep_tables("ce", "jaccard")
    for row in soft:
        own = cases.to_pandas().query(f"trial.str.startswith('{0 if row['setting'] == 'ce' else 2:08x}')")
        assert row["bias"] == pytest.approx((own.volume_soft - own.volume_true).mean())
        assert (row["unit"], row["cases"]) == ("px", 20)
    assert {row["bias"] for row in hard} == {0.0}


def test_every_table_of_the_report_is_given_whole(client: TestClient) -> None:
    report = build_report(*sweep_tables("ce", "jaccard"), ReportSettings(), name="more-polyps")
    expected = to_csv(report)
    names = client.get("/api/v1/sweeps/more-polyps/tables").json()["items"]
    assert names == sorted(expected)
    for place in ("/api/v1/sweeps/more-polyps/tables", "/sweeps/more-polyps/tables"):
        for name in names:
            answer = client.get(f"{place}/{name}")
            assert (answer.text, answer.headers["content-type"]) == (expected[name], "text/csv; charset=utf-8")
            assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("name", ["nothing.csv", "..%2freport.html", "%2e%2e%2f%2e%2e%2fcases.parquet", "a.tex"])
def test_only_tables_are_given(client: TestClient, name: str) -> None:
    for place in ("/api/v1/sweeps/polyps/tables", "/sweeps/polyps/tables"):
        assert client.get(f"{place}/{name}").status_code == 404


def test_the_report_is_the_one_that_the_command_writes(client: TestClient) -> None:
    answer = client.get("/api/v1/sweeps/more-polyps/report.html")
    report = build_report(*sweep_tables("ce", "jaccard"), ReportSettings(), name="more-polyps")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    # the store has a picture of a case, which the tables of this test have not
    without = answer.text.partition("Cases</h3>")[0]
    assert len(without) > 1000
    assert to_html(report).startswith(without)


def test_trials_that_two_sweeps_share(client: TestClient) -> None:
    assert client.get("/api/v1/compare?first=polyps&second=more-polyps").json() == {
        "first": "polyps",
        "second": "more-polyps",
        "shared": 2,
        "only_first": 2,
        "only_second": 2,
    }


@pytest.mark.parametrize("route", ROUTES)
def test_what_has_not_changed_is_not_sent_again(client: TestClient, route: str) -> None:
    first = client.get(route)
    again = client.get(route, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert client.get(route, headers={"If-None-Match": '"of another moment"'}).content == first.content


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/sweeps/nothing",
        "/api/v1/sweeps/nothing/report.html",
        "/api/v1/sweeps/polyps/trials/nothing",
        "/api/v1/sweeps/polyps/trials/nothing/curves",
        "/api/v1/compare?first=polyps&second=nothing",
        "/api/v1/nothing",
    ],
)
def test_what_is_not_there(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["detail"]


class TestChange:
    def test_a_sweep_that_runs_is_followed(self, settings: Settings) -> None:
        tracker = MemoryTracker()
        tables = sweep_tables("ce", "dice")
        add_sweep(tracker, "polyps", *tables, states={1: "running", 2: "pending", 3: "pending"}, state="running")
        with client_of(build_service(settings, lambda: tracker)) as client:
            until(lambda: client.get("/api/v1/sweeps/polyps").status_code == 200)
            before = client.get("/api/v1/sweeps/polyps/trials")
            assert [item["state"] for item in before.json()["items"]] == ["finished", "running", "pending", "pending"]
            add_sweep(tracker, "polyps", *tables)
            until(lambda: client.get("/api/v1/sweeps/polyps").json()["states"] == {"finished": 4})
            after = client.get("/api/v1/sweeps/polyps/trials", headers={"If-None-Match": before.headers["etag"]})
            assert {item["state"] for item in after.json()["items"]} == {"finished"}

    def test_results_outlive_the_service(self, settings: Settings) -> None:
        tracker = MemoryTracker()
        add_sweep(tracker, "polyps", *sweep_tables("ce", "dice"))
        with client_of(build_service(settings, lambda: tracker)) as client:
            until(lambda: client.get("/api/v1/sweeps/polyps").status_code == 200)
            first = finished(client, "/api/v1/sweeps/polyps/comparisons").json()
        with client_of(build_service(settings, lambda: tracker)) as client:
            until(lambda: client.get("/api/v1/sweeps/polyps").status_code == 200)
            again = client.get("/api/v1/sweeps/polyps/comparisons")
        assert (again.status_code, again.json()) == (200, first)

    def test_tables_that_cannot_be_compared_are_named(self, settings: Settings) -> None:
        tracker = MemoryTracker()
        trials, cases = sweep_tables("ce", "dice")
        add_sweep(tracker, "polyps", trials, concatenate([cases, cases], CASES))
        with client_of(build_service(settings, lambda: tracker)) as client:
            until(lambda: client.get("/api/v1/sweeps/polyps").status_code == 200)
            answer = finished(client, "/api/v1/sweeps/polyps/report.html")
        assert answer.status_code == 409
        assert "stands twice" in answer.json()["detail"]
