"""Every request as a line of the log and as a measure."""

import logging
import time
import uuid

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segsweep.service.measures import Measures

BROKEN = "this should not have happened; the log says more under the number in the header X-Request-Id"
_log = logging.getLogger("segsweep.service")


class Observe:
    """The outermost part: sees what the client sees, and answers 500 where something broke.

    Args:
        app: that is observed.
        measures: to count in.
    """

    def __init__(self, app: ASGIApp, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, then note how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name, started, status = uuid.uuid4().hex[:16], time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = name
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            _log.exception("a request broke", extra=_about(scope) | {"request": name})
            if not status:
                await JSONResponse({"detail": BROKEN}, 500)(scope, receive, noting)
        finally:
            self._note(scope, name, status, time.perf_counter() - started)

    def _note(self, scope: Scope, name: str, status: int, seconds: float) -> None:
        # by route, not by path: a stranger must not be able to make measures up
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
        self._measures.requests.labels(method, route, str(status)).inc()
        self._measures.seconds.labels(route).observe(seconds)
        if route not in ("/healthz", "/readyz", "/metrics") or status >= 500:
            extra = {"request": name, "status": status, "milliseconds": round(1000 * seconds, 1)}
            _log.info("request", extra=_about(scope) | extra)


def _about(scope: Scope) -> dict[str, object]:
    client = scope.get("client")
    return {
        "method": scope["method"],
        "path": scope["path"],
        "client": client[0] if client else None,
        **{key: value for key, value in scope.get("path_params", {}).items() if key in ("sweep", "trial")},
    }
