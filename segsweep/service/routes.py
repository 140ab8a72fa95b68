"""The HTTP interface: sweeps and trials as JSON."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from segsweep.service.content import joint_key
from segsweep.service.joint import overlap
from segsweep.service.models import (
    Curves,
    Limit,
    Offset,
    Page,
    Problem,
    SharedTrials,
    SweepDetail,
    SweepSummary,
    TrialItem,
)
from segsweep.service.site import Found, Here, Site
from segsweep.service.watch import WatchedSweep

_JSON = "application/json"
Name = Annotated[str, Path(description="of a sweep", max_length=250)]
Trial = Annotated[str, Path(description="trial id", max_length=64)]
Asked = Annotated[str, Query(description="of a sweep", max_length=250)]
State = Annotated[str | None, Query(description="only trials in this state", max_length=32)]

REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "no valid bearer token"},
    404: {"model": Problem, "description": "there is no such sweep or trial"},
    503: {"model": Problem, "description": "the tracking store does not answer"},
}

router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/sweeps", response_model=Page[SweepSummary])
async def list_sweeps(request: Request, site: Here, offset: Offset = 0, limit: Limit = 100) -> Response:
    """Every sweep: those that are running, then the one that ended last."""
    sweeps = list(site.watch.snapshot.sweeps.values())
    content = joint_key(*(sweep.page for sweep in sweeps))
    return await json_answer(site, request, content, lambda: _page(sweeps, offset, limit, SweepSummary.of))


@router.get("/sweeps/{sweep}", response_model=SweepDetail)
async def read_sweep(request: Request, site: Here, sweep: Name) -> Response:
    """One sweep as it stands."""
    watched = site.sweep(sweep)
    found = site.results(watched)
    content = joint_key(watched.page, found.results.key if found.results else "", str(found.current))
    return await json_answer(site, request, content, lambda: _detail(watched, found))


@router.get("/sweeps/{sweep}/trials", response_model=Page[TrialItem])
async def list_trials(
    request: Request, site: Here, sweep: Name, state: State = None, offset: Offset = 0, limit: Limit = 100
) -> Response:
    """The trials of a sweep in the order of its grid."""
    watched = site.sweep(sweep)

    def page() -> BaseModel:
        entries = [entry for entry in watched.manifest.entries if state in (None, entry.state)]
        return _page(entries, offset, limit, TrialItem.of)

    return await json_answer(site, request, watched.page, page)


@router.get("/sweeps/{sweep}/trials/{trial}", response_model=TrialItem)
async def read_trial(request: Request, site: Here, sweep: Name, trial: Trial) -> Response:
    """One trial as it stands."""
    watched = site.sweep(sweep)
    entry = site.trial(watched, trial)
    return await json_answer(site, request, watched.page, lambda: TrialItem.of(entry))


@router.get("/sweeps/{sweep}/trials/{trial}/curves")
async def read_curves(site: Here, sweep: Name, trial: Trial) -> Curves:
    """What a trial has measured so far; nothing where it has not started."""
    entry = site.trial(site.sweep(sweep), trial)
    if entry.run_id is None:
        return Curves(trial=trial, curves={})
    return Curves(trial=trial, curves=await asyncio.to_thread(site.watch.tracker.read_curves, entry.run_id))


@router.get("/compare", response_model=SharedTrials, responses=REFUSALS)
async def compare(request: Request, site: Here, first: Asked, second: Asked) -> Response:
    """How many trials two sweeps share; the page `/compare` compares their settings."""
    one, two = site.sweep(first), site.sweep(second)

    def shared() -> BaseModel:
        found = overlap(one.manifest, two.manifest)
        return SharedTrials(
            first=one.name,
            second=two.name,
            shared=len(found.both),
            only_first=len(found.only_first),
            only_second=len(found.only_second),
        )

    return await json_answer(site, request, joint_key(one.results, two.results), shared)


async def json_answer(site: Site, request: Request, content: str, make: Callable[[], BaseModel]) -> Response:
    """A model as JSON, made once for one content."""
    return await site.rendered.answer(request, content, _JSON, lambda: make().model_dump_json().encode())


def _page(every: Sequence[Any], offset: int, limit: int, item: Callable[[Any], BaseModel]) -> BaseModel:
    return Page[Any](total=len(every), offset=offset, items=[item(one) for one in every[offset : offset + limit]])


def _detail(sweep: WatchedSweep, found: Found) -> SweepDetail:
    rows = [entry.row for entry in sweep.manifest.entries]
    return SweepDetail(
        **SweepSummary.of(sweep).model_dump(),
        report=dict(sweep.manifest.report),
        settings=tuple(dict.fromkeys(str(row["setting"]) for row in rows)),
        datasets=tuple(dict.fromkeys(str(row["dataset"]) for row in rows)),
        results=found.results.key if found.results else None,
        current=found.current,
    )
