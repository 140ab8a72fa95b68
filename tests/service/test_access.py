"""Who may ask, and who may not."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from clients import TOKEN, client_of, until
from fastapi.testclient import TestClient

from segsweep.errors import InputError
from segsweep.service.app import build_service
from segsweep.service.settings import Settings, tokens_from_environment
from segsweep.service.tokens import COOKIE, COOKIE_SECONDS, Tokens
from segsweep.tracking.memory import MemoryTracker

OTHER = "another-token-of-some-length"
GUARDED = (
    "/",
    "/sweeps",
    "/compare",
    "/metrics",
    "/api/v1/sweeps",
    "/api/v1/openapi.json",
    "/api/v1/sweeps/polyps/report.html",
    "/nothing",
)


@pytest.fixture
def guarded(
    client: TestClient, settings: Settings, finished_store: MemoryTracker, computed: Path
) -> Iterator[TestClient]:
    settings = replace(settings, host="0.0.0.0", fixed_tokens=(TOKEN, OTHER), results=computed)
    with client_of(build_service(settings, lambda: finished_store)) as opened:
        until(lambda: opened.get("/readyz").status_code == 200)
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", GUARDED)
def test_nothing_without_a_token(guarded: TestClient, path: str) -> None:
    answer = guarded.get(path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert guarded.get(path, headers=bearer(TOKEN[:-1])).status_code == 401


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN} x", "Bearer ü"]
)
def test_what_is_no_token(guarded: TestClient, authorization: str) -> None:
    assert guarded.get("/api/v1/sweeps", headers=[(b"authorization", authorization.encode())]).status_code == 401


@pytest.mark.parametrize("token", [TOKEN, OTHER])
def test_every_token_opens(guarded: TestClient, token: str) -> None:
    assert guarded.get("/api/v1/sweeps", headers=bearer(token)).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login", "/static/service.css"])
def test_health_and_the_login_need_none(guarded: TestClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


class TestBrowser:
    def test_a_page_leads_to_the_login_and_back(self, guarded: TestClient) -> None:
        asked = guarded.get("/sweeps/polyps?x=1", headers={"Accept": "text/html"})
        assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=/sweeps/polyps%3Fx%3D1")
        form = guarded.get(asked.headers["location"])
        assert 'name="next" value="/sweeps/polyps?x=1"' in form.text
        entered = guarded.post("/login", data={"token": TOKEN, "next": "/sweeps/polyps?x=1"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/sweeps/polyps?x=1")
        assert guarded.get("/sweeps/polyps").status_code == 200
        guarded.post("/logout")
        assert guarded.get("/sweeps/polyps").status_code == 401

    def test_the_cookie_is_for_this_site_alone_and_does_not_tell_the_token(self, guarded: TestClient) -> None:
        cookie = guarded.post("/login", data={"token": TOKEN}).headers["set-cookie"]
        assert TOKEN not in cookie
        assert {"HttpOnly", "SameSite=strict", f"Max-Age={COOKIE_SECONDS}"} <= set(cookie.split("; "))

    def test_a_wrong_token_is_refused(self, guarded: TestClient) -> None:
        answer = guarded.post("/login", data={"token": "a-token-that-somebody-guessed"})
        assert (answer.status_code, "not valid" in answer.text, "set-cookie" in answer.headers) == (401, True, False)

    @pytest.mark.parametrize(
        "after", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert()"]
    )
    def test_a_login_never_leads_elsewhere(self, guarded: TestClient, after: str) -> None:
        assert guarded.post("/login", data={"token": TOKEN, "next": after}).headers["location"] == "/"

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ],
    )
    def test_other_sites_cannot_post(self, guarded: TestClient, headers: dict[str, str]) -> None:
        assert guarded.post("/login", data={"token": TOKEN}, headers=headers).status_code == 403

    def test_own_pages_can(self, guarded: TestClient) -> None:
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
        assert guarded.post("/login", data={"token": TOKEN}, headers=headers).status_code == 303

    def test_no_other_site_may_read(self, guarded: TestClient) -> None:
        answer = guarded.get("/api/v1/sweeps", headers={**bearer(TOKEN), "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers


class TestCookies:
    def test_one_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tokens = Tokens((TOKEN,), None)
        cookie = tokens.cookie(TOKEN)
        assert tokens.accepts_cookie(cookie)
        now = time.time()
        monkeypatch.setattr("segsweep.service.tokens.time", SimpleNamespace(time=lambda: now + COOKIE_SECONDS + 1))
        assert not tokens.accepts_cookie(cookie)

    def test_its_end_cannot_be_changed(self) -> None:
        tokens = Tokens((TOKEN,), None)
        ends, _, proof = tokens.cookie(TOKEN).partition(".")
        assert not tokens.accepts_cookie(f"{int(ends) + 1}.{proof}")

    @pytest.mark.parametrize("cookie", ["", ".", "1", f"9999999999.{'0' * 64}", "ü.ü", "x" * 5000])
    def test_what_is_none(self, cookie: str) -> None:
        assert not Tokens((TOKEN,), None).accepts_cookie(cookie)

    def test_a_cookie_in_pieces_opens_nothing(self, guarded: TestClient) -> None:
        answer = guarded.get("/api/v1/sweeps", headers={"Cookie": f'{COOKIE}="\\'})
        assert answer.status_code == 401


class TestRotation:
    def test_a_changed_file_counts_at_once(self, tmp_path: Path) -> None:
        file = tmp_path / "tokens"
        file.write_text(f"# of the group\n{TOKEN}\n\n")
        tokens = Tokens((), file)
        cookie = tokens.cookie(TOKEN)
        assert tokens.accepts(TOKEN)
        file.write_text(f"{OTHER}\n")
        assert not tokens.accepts(TOKEN)
        assert not tokens.accepts_cookie(cookie)
        assert tokens.accepts(OTHER)

    def test_while_the_file_is_away_the_last_tokens_count(self, tmp_path: Path) -> None:
        file = tmp_path / "tokens"
        file.write_text(TOKEN)
        tokens = Tokens((), file)
        file.unlink()
        assert tokens.accepts(TOKEN)

    @pytest.mark.parametrize("content", ["", "# nothing\n", "short\n", f"{TOKEN}\npassword\n"])
    def test_what_can_be_guessed_is_refused(self, tmp_path: Path, content: str) -> None:
        file = tmp_path / "tokens"
        file.write_text(content)
        with pytest.raises(InputError, match="at least 24 characters"):
            Tokens((), file)


class TestLoopback:
    def test_without_tokens_this_machine_is_answered(self, client: TestClient) -> None:
        for host in ("localhost:8300", "127.0.0.1:8300", "[::1]:8300"):
            assert client.get("/api/v1/sweeps", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:8300", "[::1", ""])
    def test_a_name_that_leads_here_is_not(self, client: TestClient, host: str) -> None:
        assert client.get("/api/v1/sweeps", headers={"Host": host}).status_code == 403

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
    def test_others_are_answered_only_with_tokens(self, tmp_path: Path, host: str) -> None:
        with pytest.raises(InputError, match="tokens are needed"):
            Settings(host, 8300, tmp_path)

    def test_a_token_that_can_be_guessed_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"\$SEGSWEEP_TOKENS: a token has at least 24 characters, one has 8"):
            Settings("0.0.0.0", 8300, tmp_path, fixed_tokens=("password",))

    def test_tokens_from_the_environment(self) -> None:
        environment = {"SEGSWEEP_TOKENS": f" {TOKEN},{OTHER}\n", "SEGSWEEP_TOKENS_FILE": "/run/secrets/tokens"}
        assert tokens_from_environment(environment) == (Path("/run/secrets/tokens"), (TOKEN, OTHER))
        assert tokens_from_environment({}) == (None, ())
