"""The service put together."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from segsweep import __version__
from segsweep.errors import TrackingError
from segsweep.orchestration.collect import RECORDED
from segsweep.service import launch_route, pages, result_routes, routes, session, static_files
from segsweep.service.access import Access
from segsweep.service.computations import Computations
from segsweep.service.health import health_routes
from segsweep.service.launches import Launches
from segsweep.service.limits import Limits
from segsweep.service.measures import Measures
from segsweep.service.observe import BROKEN, Observe
from segsweep.service.rendered import Rendered
from segsweep.service.results_folder import ResultsFolder
from segsweep.service.security_headers import SecurityHeaders
from segsweep.service.settings import Settings
from segsweep.service.site import Site
from segsweep.service.tokens import Tokens
from segsweep.service.watch import Watch
from segsweep.tracking.protocol import Reader
from segsweep.tracking.pseudonyms import Pseudonymous


@dataclass(frozen=True)
class Service:
    """An ASGI application.

    Args:
        api: the routes, for their OpenAPI description.
        guarded: the routes behind everything that guards them.
    """

    api: FastAPI
    guarded: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await self.guarded(scope, receive, send)


def build_service(settings: Settings, open_tracker: Callable[[], Reader]) -> Service:
    """The service on a tracking store.

    Args:
        settings: how it is run.
        open_tracker: opens the store; called again until it answers.

    Raises:
        InputError: the file of tokens cannot be used.
    """
    tokens = Tokens(settings.fixed_tokens, settings.tokens) if settings.guarded else None
    computations = Computations(ResultsFolder(settings.results / settings.view))
    watch = Watch(
        lambda: _seen(open_tracker(), settings),
        settings.refresh_seconds,
        settings.view,
        lambda: _compute_settled(watch, computations),
    )
    site = Site(settings, tokens, watch, computations, Rendered(), Launches.of(settings))
    measures = Measures(lambda: watch.snapshot, computations)
    api = _routes(site, measures)
    limited = Limits(Access(api, tokens), settings.largest_body, settings.timeout_seconds)
    return Service(api, Observe(SecurityHeaders(limited), measures))


def _seen(store: Reader, settings: Settings) -> Reader:
    return store if settings.pseudonyms is None else Pseudonymous(store, settings.pseudonyms.encode())


def _compute_settled(watch: Watch, computations: Computations) -> None:
    """Have the results ready before somebody asks, as soon as a sweep has ended."""
    if watch.snapshot.problem is not None:
        return
    for sweep in watch.snapshot.sweeps.values():
        if not sweep.running and any(sweep.counts.get(state) for state in RECORDED):
            computations.request(watch.tracker, sweep.manifest, sweep.results)


def _routes(site: Site, measures: Measures) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(site.watch.run())
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            await site.computations.close()
            if site.launches is not None:
                site.launches.close()

    # the pages that FastAPI offers for its description load scripts from elsewhere; nothing here calls out
    api = FastAPI(
        title="segsweep",
        version=__version__,
        summary="Sweeps of a tracking store: progress, trials, comparisons of losses and what they do to volumes.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    api.state.site = site
    api.include_router(health_routes(measures))
    for part in (routes, result_routes, launch_route, pages, session, static_files):
        api.include_router(part.router)

    @api.exception_handler(HTTPException)
    async def refuse(request: Request, error: HTTPException) -> Response:
        if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/"):
            return pages.problem_page(site, error.status_code, error.detail)
        return await http_exception_handler(request, error)

    @api.exception_handler(TrackingError)
    async def unavailable(request: Request, error: TrackingError) -> Response:
        detail = f"the tracking store does not answer: {error}"
        if request.url.path.startswith("/api/"):
            return JSONResponse({"detail": detail}, 503, {"Retry-After": "5"})
        return pages.problem_page(site, 503, detail)

    @api.exception_handler(Exception)
    async def break_down(request: Request, error: Exception) -> Response:
        return JSONResponse({"detail": BROKEN}, 500)

    return api
