"""Whether the process lives, whether it can answer, and its measures."""

import os

from fastapi import APIRouter
from starlette.responses import JSONResponse, PlainTextResponse, Response

from segsweep.service.measures import CONTENT_TYPE, Measures
from segsweep.service.models import Readiness
from segsweep.service.site import Here, Site


def health_routes(measures: Measures) -> APIRouter:
    """The routes that machines ask; only `/metrics` needs a token."""
    router = APIRouter()

    @router.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> str:
        """The process answers."""
        return "ok\n"

    @router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
    async def readyz(site: Here) -> Response:
        """Whether what it needs answers, and what does not."""
        dependencies = {"tracking": _word(_tracking_is_up(site)), "results": _word(_results_can_be_kept(site))}
        ready = set(dependencies.values()) == {"up"}
        found = Readiness(ready=ready, dependencies=dependencies)
        return JSONResponse(found.model_dump(), 200 if ready else 503)

    @router.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        """For Prometheus."""
        return Response(measures.text(), media_type=CONTENT_TYPE)

    return router


def _word(up: bool) -> str:
    return "up" if up else "down"


def _tracking_is_up(site: Site) -> bool:
    return site.watch.snapshot.at is not None and site.watch.snapshot.problem is None


def _results_can_be_kept(site: Site) -> bool:
    """The nearest folder that exists can be written to."""
    folder = site.settings.results.absolute()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    return existing.is_dir() and os.access(existing, os.W_OK)
