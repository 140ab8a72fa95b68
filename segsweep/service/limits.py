"""What a request may cost: bytes, and seconds until its answer begins."""

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PATIENCE = 16
"""How many largest bodies are thrown away before the line is cut: most clients send all before they listen."""


class Limits:
    """Refuses what is too large with 413, and gives up what takes too long with 503.

    Args:
        app: what is protected.
        largest_body: bytes.
        seconds: until the answer begins; sending it may take longer.
    """

    def __init__(self, app: ASGIApp, largest_body: int, seconds: float) -> None:
        self._app = app
        self._largest_body = largest_body
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on with an eye on size and clock."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def counted_send(message: Message) -> None:
            nonlocal begun
            begun = True
            clock.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as clock:
                await self._bounded(scope, receive, counted_send)
        except TimeoutError:
            if begun:
                raise
            await self._refuse(503, f"no answer within {self._seconds:g} s", scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._largest_body:
            await self._throw_away(receive)
            await self._refuse(413, self._too_large, scope, receive, send)
        else:
            await self._app(scope, self._counted(receive), send)

    @property
    def _too_large(self) -> str:
        return f"a request has at most {self._largest_body} bytes"

    def _counted(self, receive: Receive) -> Receive:
        """For bodies that come in chunks and announce nothing."""
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._largest_body:
                if message.get("more_body"):
                    await self._throw_away(receive)
                raise HTTPException(413, self._too_large)
            return message

        return counted

    async def _throw_away(self, receive: Receive) -> None:
        """The rest of a body."""
        total, more = 0, True
        while more and total <= _PATIENCE * self._largest_body:
            message = await receive()
            total += len(message.get("body", b""))
            more = message.get("more_body", False)

    async def _refuse(self, status: int, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({"detail": detail}, status, {"Connection": "close"})(scope, receive, send)
