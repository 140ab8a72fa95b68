"""Answers that are ready to be sent again, as long as what they show has not changed."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

MOST_BYTES = 64 << 20


class Rendered:
    """Bodies by request and content; the ones unused longest make room.

    Args:
        most_bytes: held at a time.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._bodies: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._bytes = 0
        self._most_bytes = most_bytes
        self._making = asyncio.Lock()

    async def answer(
        self, request: Request, content: str, media_type: str, make: Callable[[], bytes], status: int = 200
    ) -> Response:
        """304 where the client has it already, otherwise the body, made once.

        Args:
            request: whose path and query say what is asked for.
            content: key of what it is made of.
            media_type: of the body.
            make: makes it, on a thread of its own.
            status: of an answer with a body.
        """
        headers = {"ETag": f'"{content}"', "Cache-Control": "private, no-cache", "Vary": "Accept, Cookie"}
        if status == 200 and _has(request, content):
            return Response(status_code=304, headers=headers)
        key = (str(request.url.replace(hostname="", scheme="", port=None)), content)
        if key not in self._bodies:
            async with self._making:
                if key not in self._bodies:
                    self._keep(key, await asyncio.to_thread(make))
        self._bodies.move_to_end(key)
        return Response(self._bodies[key], status, headers, media_type)

    def _keep(self, key: tuple[str, str], body: bytes) -> None:
        self._bodies[key] = body
        self._bytes += len(body)
        while self._bytes > self._most_bytes and len(self._bodies) > 1:
            self._bytes -= len(self._bodies.popitem(last=False)[1])


def _has(request: Request, content: str) -> bool:
    """Whether the client holds this content; RFC 9110, section 13.1.2: a weak comparison."""
    tags = request.headers.get("if-none-match", "").split(",")
    return any(tag.strip().removeprefix("W/") in ("*", f'"{content}"') for tag in tags)
