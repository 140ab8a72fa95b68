"""Clients of a service that runs in the test's own process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi.testclient import TestClient
from httpx2 import Response

from segsweep.service.app import Service

PATIENCE = 60.0
"""Seconds after which something counts as not happening."""
TOKEN = "a-token-that-nobody-guesses"


def client_of(service: Service, **headers: str) -> TestClient:
    """To be entered: the service runs until it is left."""
    return TestClient(service, base_url="http://localhost", headers=headers, follow_redirects=False)


def until(happens: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Wait for something that happens beside the requests."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def finished(client: TestClient, path: str) -> Response:
    """The answer to a request for results, once they are computed."""
    until(lambda: client.get(path).status_code != 202)
    return client.get(path)


@contextmanager
def served(service: Service) -> Iterator[str]:
    """A real server on a free port, in a thread; gives its address."""
    server = uvicorn.Server(uvicorn.Config(service, port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
