"""The pages in a real browser: what its scripts do, and that it is told to refuse everything else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chromium import Browser, chromium
from clients import TOKEN, served
from stores import add_sweep, run_trial, sweep_tables

from segsweep.service.app import build_service
from segsweep.service.settings import Settings
from segsweep.tracking.memory import MemoryTracker

pytestmark = pytest.mark.browser

WIDTHS = (1280, 360)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _nothing_to_complain_of(browser: Browser) -> Iterator[None]:
    """No page breaks a script or asks for what its policy refuses."""
    browser.complaints.clear()
    yield
    assert browser.complaints == []


def test_from_the_list_to_a_trial_and_its_report(browser: Browser, server: str) -> None:
    browser.go(f"{server}/")
    assert "more-polyps" in browser.text()
    browser.value("document.querySelector('a[href=\"/sweeps/polyps\"]').click()")
    browser.wait("document.title.startsWith('polyps')")
    assert "3 finished, 1 diverged" in browser.text("#counts")
    browser.value("document.querySelector('td.diverged a').click()")
    browser.wait("document.querySelector('h1')?.innerText === 'dice'")
    assert "loss became infinite at step 12" in browser.text()
    assert browser.value("document.querySelectorAll('polyline').length") == 2
    assert browser.value("document.querySelector('a.button').href").startswith("http://127.0.0.1:5000/#/runs/run-")
    browser.go(f"{server}/sweeps/polyps")
    browser.value("document.querySelector('#results a.button').click()")
    browser.wait("document.querySelector('section.answer') !== null")
    # the report's own script runs under the policy that it comes with, once the page has been read
    browser.wait("document.querySelectorAll('thead th button').length > 0")


def test_progress_comes_by_itself(browser: Browser, settings: Settings) -> None:
    tracker = MemoryTracker()
    trials, cases = sweep_tables("ce", "dice")
    states = {1: "running", 2: "pending", 3: "pending"}
    parent = add_sweep(tracker, "polyps", trials, cases, states=states, state="running")
    with served(build_service(settings, lambda: tracker)) as address:
        browser.go(f"{address}/sweeps/polyps")
        browser.wait("document.querySelector('#counts').innerText === '2 pending, 1 running, 1 finished'")
        browser.value("window.stays = true")
        for place, row in enumerate(trials.to_pylist()):
            if place in states:
                run_trial(tracker, parent, row, cases, "finished")
        browser.wait("document.querySelector('#counts').innerText === '4 finished'")
        assert browser.value("document.querySelectorAll('td.finished').length") == 4
        tracker.close_sweep(parent, "finished")
        browser.wait("document.querySelector('#results')?.innerText.includes('On these 20 cases dice')")
        browser.wait("document.querySelector('#progress .state').innerText === 'finished'")
        assert browser.value("window.stays") is True
        # nothing more will come, so nothing more is asked for
        browser.wait("document.querySelector('[data-live]') === null")


def test_a_new_sweep_appears_in_the_list(browser: Browser, settings: Settings) -> None:
    tracker = MemoryTracker()
    with served(build_service(settings, lambda: tracker)) as address:
        browser.go(f"{address}/sweeps")
        browser.wait("document.querySelector('main').innerText.includes('No sweep has been launched yet')")
        add_sweep(tracker, "polyps", *sweep_tables("ce"))
        browser.wait("document.querySelector('main').innerText.includes('polyps')")


def test_without_a_connection_the_page_says_so(browser: Browser, settings: Settings) -> None:
    tracker = MemoryTracker()
    add_sweep(tracker, "polyps", *sweep_tables("ce"), state="running")
    with served(build_service(settings, lambda: tracker)) as address:
        browser.go(f"{address}/sweeps/polyps")
        assert browser.value("document.getElementById('connection').hidden") is True
        browser.wait("document.querySelector('#counts').innerText === '2 finished'")
    browser.wait("document.getElementById('connection').hidden === false")
    assert "2 finished" in browser.text("#counts")
    # the browser itself notes that nobody answers
    browser.complaints.clear()


def test_two_sweeps_beside_each_other_by_keyboard(browser: Browser, server: str) -> None:
    browser.go(f"{server}/compare")
    browser.press("Tab", 9)
    assert browser.value("document.activeElement.className") == "skip"
    while browser.value("document.activeElement.tagName") != "BUTTON":
        browser.press("Tab", 9)
        assert browser.value("document.activeElement !== document.body")
    browser.press("Enter", 13)
    browser.wait("location.search.includes('first=')")
    assert "2 trials in both" in browser.text()
    browser.wait("document.querySelector('#results')?.innerText.includes('Open the whole report')")
    table = browser.text("#results table")
    assert all(setting in table for setting in ("ce", "dice", "jaccard"))


def test_tokens(browser: Browser, settings: Settings, finished_store: MemoryTracker, computed: Path) -> None:
    settings = replace(settings, fixed_tokens=(TOKEN,), results=computed)
    with served(build_service(settings, lambda: finished_store)) as address:
        browser.go(f"{address}/sweeps/polyps")
        assert browser.value("location.pathname + location.search") == "/login?next=/sweeps/polyps"
        browser.type("a-token-that-somebody-guessed")
        browser.press("Enter", 13)
        browser.wait("document.querySelector('[role=alert]') !== null && document.activeElement.name === 'token'")
        browser.complaints.clear()  # the browser notes the 401
        browser.type(TOKEN)
        browser.press("Enter", 13)
        browser.wait("location.pathname === '/sweeps/polyps' && document.readyState === 'complete'")
        assert browser.value("document.cookie") == ""
        browser.value("document.querySelector('header form button').click()")
        browser.wait("location.pathname === '/login'")
        browser.go(f"{address}/sweeps")
        assert browser.value("location.pathname") == "/login"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "path",
    [
        "/sweeps",
        "/sweeps/polyps",
        "/sweeps/polyps/curves",
        "/sweeps/polyps/trials/0000000000000001",
        "/compare?first=polyps&second=more-polyps",
    ],
)
def test_no_page_is_wider_than_its_window(browser: Browser, server: str, path: str, width: int) -> None:
    browser.resize(width)
    browser.go(server + path)
    assert browser.value("document.documentElement.scrollWidth") <= width
    # what can be pressed is large enough for a finger
    small = "[...document.querySelectorAll('.button, select, .map a, .bar a')].filter(e => e.offsetHeight < 24).length"
    assert browser.value(small) == 0
