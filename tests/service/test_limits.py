"""What a request may cost."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from clients import client_of
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from segsweep.service.app import build_service
from segsweep.service.limits import Limits
from segsweep.service.settings import Settings
from segsweep.tracking.memory import MemoryTracker


@pytest.fixture
def small(settings: Settings) -> Iterator[TestClient]:
    with client_of(build_service(replace(settings, largest_body=1000), MemoryTracker)) as client:
        yield client


def test_a_request_that_is_too_large(small: TestClient) -> None:
    answer = small.post("/login", content=b"token=" + b"x" * 995)
    assert (answer.status_code, answer.json()["detail"]) == (413, "a request has at most 1000 bytes")
    assert small.post("/login", content=b"token=" + b"x" * 994).status_code == 401


def test_one_that_does_not_say_how_large_it_is_is_not_read_on(settings: Settings) -> None:
    service = build_service(replace(settings, largest_body=1000), MemoryTracker)
    received, sent = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 1
        return {"type": "http.request", "body": b"x" * 300, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/login",
        "raw_path": b"/login",
        "query_string": b"",
        "headers": [],
        "client": None,
        "scheme": "http",
        "server": ("localhost", 80),
        "http_version": "1.1",
    }
    asyncio.run(service(scope, receive, send))
    assert sent[0]["status"] == 413
    assert received < 100


def test_an_answer_that_does_not_come() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    answer = TestClient(Limits(slow, largest_body=10, seconds=0.05)).get("/")
    assert (answer.status_code, answer.json()["detail"]) == (503, "no answer within 0.05 s")


def test_an_answer_that_has_begun_may_take_its_time() -> None:
    async def long(scope: Scope, receive: Receive, send: Send) -> None:
        async def late(message: Any) -> None:
            await send(message)
            await asyncio.sleep(0.1)

        await PlainTextResponse("whole")(scope, receive, late)

    assert TestClient(Limits(long, largest_body=10, seconds=0.05)).get("/").text == "whole"
