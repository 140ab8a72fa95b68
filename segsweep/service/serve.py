"""The service as a process of its own."""

import asyncio
from collections.abc import Callable

import uvicorn

from segsweep.service.app import build_service
from segsweep.service.logs import log_as_json
from segsweep.service.settings import Settings
from segsweep.tracking.protocol import Reader

_LAST_WORDS = 10
"""Seconds that requests are given to end after SIGTERM."""
_MOST_AT_ONCE = 512


def serve(settings: Settings, open_tracker: Callable[[], Reader], ready: Callable[[str], None]) -> None:
    """Answer until SIGTERM or Ctrl-C, then end the requests under way.

    Args:
        settings: how.
        open_tracker: opens the tracking store.
        ready: called with the address once it is listened on.

    Raises:
        InputError: the file of tokens cannot be used.
    """
    log_as_json()
    config = uvicorn.Config(
        build_service(settings, open_tracker),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST_AT_ONCE,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_LAST_WORDS,
    )
    asyncio.run(_serve(uvicorn.Server(config), settings, ready))


async def _serve(server: uvicorn.Server, settings: Settings, ready: Callable[[str], None]) -> None:
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    if server.started:
        port = server.servers[0].sockets[0].getsockname()[1]
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        ready(f"http://{host}:{port}")
    await serving
