"""The pages, without their scripts."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from clients import client_of, finished, until
from fastapi.testclient import TestClient
from stores import CASES, add_sweep, sweep_tables

from segsweep.reports.page import policy
from segsweep.service.app import build_service
from segsweep.service.security_headers import POLICY
from segsweep.service.settings import Settings
from segsweep.tracking.memory import MemoryTracker

PAGES = (
    "/sweeps",
    "/sweeps/polyps",
    "/sweeps/polyps/curves",
    "/sweeps/polyps/trials/0000000000000001",
    "/compare",
    "/compare?first=polyps&second=more-polyps",
    "/login",
)
HOSTILE = """x"><script>alert(1)<img src=x onerror=alert(1)>'..\\..{{7*7}}"""
_VOID = {"meta", "link", "input", "img", "br"}


class Markup(HTMLParser):
    """Checks that elements close in order, and collects ids, links and labels."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.inline += [name for name in values if name.startswith("on") or name == "style"]
        if tag == "script" and "src" not in values:
            self.inline.append(tag)
        self.ids += [str(values["id"])] if "id" in values else []
        self.links += [str(values[key]) for key in ("href", "src") if values.get(key)]
        if tag not in _VOID and not (self.get_starttag_text() or "").endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()


def parsed(html: str) -> Markup:
    markup = Markup()
    markup.feed(html)
    assert markup.open == []
    return markup


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_well_formed_and_load_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-security-policy"]) == (200, POLICY)
    markup = parsed(answer.text)
    assert len(markup.ids) == len(set(markup.ids))
    assert markup.inline == []
    assert all(link.startswith(("/", "#", "data:", "?")) for link in markup.links)


def test_every_link_leads_somewhere(client: TestClient) -> None:
    finished(client, "/compare/report.html?first=polyps&second=more-polyps")
    until(lambda: client.get("/compare/report.html?first=polyps&second=more-polyps").status_code == 200)
    seen: set[str] = set()
    waiting = ["/sweeps"]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code in (200, 307), path
        if answer.headers.get("content-type", "").startswith("text/html") and "report.html" not in path:
            found = (link for link in parsed(answer.text).links if link.startswith("/"))
            waiting += [link for link in dict.fromkeys(found) if link not in seen and link not in waiting]
    assert {"/sweeps/polyps/report.html", "/sweeps/more-polyps/trials/0000000200000001", "/static/live.js"} <= seen


def test_the_map_has_every_trial_by_its_state(client: TestClient) -> None:
    text = client.get("/sweeps/polyps").text
    rows = re.findall(r'<th scope="row">(ce|dice)</th>(<td class=.*)</tr>', text)
    states = {setting: re.findall(r'<td class="(\w+)"', cells) for setting, cells in rows}
    assert states == {"ce": ["finished", "finished"], "dice": ["finished", "diverged"]}


def test_the_answer_and_the_table_of_settings_are_on_the_page(client: TestClient) -> None:
    text = client.get("/sweeps/more-polyps").text
    assert "On these 20 cases jaccard has the best mean Dice" in text
    assert 'id="polyps-polyp-1-settings"' in text


def test_a_trial_shows_its_cases_worst_first(client: TestClient) -> None:
    text = client.get("/sweeps/polyps/trials/0000000000000001").text
    dice = [float(value) for value in re.findall(r'<td class="number">(0\.\d{3})</td>', text)]
    assert len(dice) == CASES // 2
    assert dice == sorted(dice)
    assert text.count("<polyline") == 2
    assert "data:image/png;base64," in text


def test_what_is_not_there_is_said_as_a_page(client: TestClient) -> None:
    answer = client.get("/sweeps/nothing", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "no sweep named" in answer.text


def test_the_report_comes_with_its_own_policy(client: TestClient) -> None:
    answer = client.get("/sweeps/polyps/report.html")
    assert answer.headers["content-security-policy"] == policy()
    assert answer.headers["x-frame-options"] == "DENY"


class TestHostileNames:
    @pytest.fixture
    def hostile(self, settings: Settings) -> Iterator[TestClient]:
        tracker = MemoryTracker()
        trials, cases = sweep_tables("ce", "dice")
        frame = trials.to_pandas()
        frame["setting"] = frame["setting"] + HOSTILE
        frame["dataset"] = HOSTILE
        renamed = trials.from_pandas(frame, schema=trials.schema, preserve_index=False)
        add_sweep(tracker, HOSTILE, renamed, cases, states={3: "failed"})
        add_sweep(tracker, "..\\..", *sweep_tables("jaccard"))
        with client_of(build_service(settings, lambda: tracker)) as client:
            until(lambda: client.get("/api/v1/sweeps").json()["total"] == 2)
            yield client

    def test_nothing_of_a_name_becomes_markup(self, hostile: TestClient) -> None:
        seen: set[str] = set()
        waiting = ["/sweeps", "/compare"]
        while waiting:
            path = waiting.pop()
            seen.add(path)
            answer = hostile.get(path)
            assert answer.status_code in (200, 202, 404), path
            if answer.headers.get("content-type", "").startswith("text/html"):
                markup = parsed(answer.text)
                assert markup.inline == [] or "report.html" in path
                assert "<img src=x" not in answer.text
                found = (link for link in markup.links if link.startswith("/") and "static" not in link)
                waiting += [link for link in dict.fromkeys(found) if link not in seen and link not in waiting]
        assert len(seen) > 8

    def test_results_stay_in_their_folder(self, hostile: TestClient, settings: Settings) -> None:
        names = [item["name"] for item in hostile.get("/api/v1/sweeps").json()["items"]]
        assert set(names) == {HOSTILE, "..\\.."}
        until(lambda: len(list(settings.results.glob("*/*/findings.json"))) == 2)
        assert not [path for path in settings.results.parent.iterdir() if path != settings.results]
