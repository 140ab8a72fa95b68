"""The HTTP interface: what was found out about a sweep, as JSON, as a report and as tables."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Request
from pydantic import BaseModel
from starlette.responses import FileResponse, JSONResponse, Response

from segsweep.reports.page import policy
from segsweep.service.content import joint_key
from segsweep.service.findings import PairRow, SettingRow, VolumeRow
from segsweep.service.models import FoundPage, Limit, Offset, Problem, Underway
from segsweep.service.results_folder import Results
from segsweep.service.routes import REFUSALS, Name, json_answer
from segsweep.service.site import Found, Here, Site

_ASK_AGAIN = {"Retry-After": "2"}
TableName = Annotated[str, Path(description="of a table, `….csv`", max_length=250)]

_COMPUTED: dict[int | str, dict[str, Any]] = {
    202: {"model": Underway, "description": "results are being computed; ask again"},
    409: {"model": Problem, "description": "no results can be computed, and why"},
}

router = APIRouter(prefix="/api/v1", responses=REFUSALS)


@router.get("/sweeps/{sweep}/settings", response_model=FoundPage[SettingRow], responses=_COMPUTED)
async def list_settings(request: Request, site: Here, sweep: Name, offset: Offset = 0, limit: Limit = 100) -> Response:
    """Mean scores of every loss setting."""
    return await _rows(request, site, sweep, lambda found: found.findings().settings, offset, limit)


@router.get("/sweeps/{sweep}/comparisons", response_model=FoundPage[PairRow], responses=_COMPUTED)
async def list_comparisons(
    request: Request, site: Here, sweep: Name, offset: Offset = 0, limit: Limit = 100
) -> Response:
    """Every pair of loss settings, compared on the cases both have."""
    return await _rows(request, site, sweep, lambda found: found.findings().comparisons, offset, limit)


@router.get("/sweeps/{sweep}/volume-bias", response_model=FoundPage[VolumeRow], responses=_COMPUTED)
async def list_volume_bias(
    request: Request, site: Here, sweep: Name, offset: Offset = 0, limit: Limit = 100
) -> Response:
    """What every loss setting does to volumes."""
    return await _rows(request, site, sweep, lambda found: found.findings().volume_bias, offset, limit)


@router.get(
    "/sweeps/{sweep}/report.html",
    response_class=FileResponse,
    responses={**_COMPUTED, 200: {"content": {"text/html": {}}, "description": "the report, one self-contained page"}},
)
async def read_report(request: Request, site: Here, sweep: Name) -> Response:
    """The whole report."""
    return report_answer(request, site.results(site.sweep(sweep)))


@router.get("/sweeps/{sweep}/tables", response_model=FoundPage[str], responses=_COMPUTED)
async def list_tables(request: Request, site: Here, sweep: Name, offset: Offset = 0, limit: Limit = 100) -> Response:
    """Names of the report's tables."""
    return await _rows(request, site, sweep, Results.tables, offset, limit)


@router.get(
    "/sweeps/{sweep}/tables/{table}",
    response_class=FileResponse,
    responses={**_COMPUTED, 200: {"content": {"text/csv": {}}, "description": "the table, with every digit and row"}},
)
async def read_table(request: Request, site: Here, sweep: Name, table: TableName) -> Response:
    """One table of the report."""
    return table_answer(request, site.results(site.sweep(sweep)), table)


def report_answer(request: Request, found: Found) -> Response:
    """A report as a file, with the policy under which its page works."""
    if found.results is None:
        return _not_yet(found)
    tag = f'"{found.results.key}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Content-Security-Policy": policy()}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return FileResponse(found.results.report, headers=headers, media_type="text/html; charset=utf-8")


def table_answer(request: Request, found: Found, name: str) -> Response:
    """A table of a report as a file to be kept."""
    if found.results is None:
        return _not_yet(found)
    path = found.results.table(name)
    if path is None:
        raise HTTPException(404, f"the report has no table {name!r}")
    tag = f'"{found.results.key}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type="text/csv; charset=utf-8", filename=name)


def _not_yet(found: Found) -> Response:
    if found.failure is not None:
        return JSONResponse({"detail": f"no results can be computed: {found.failure}"}, 409)
    return JSONResponse(Underway().model_dump(), 202, _ASK_AGAIN)


async def _rows(
    request: Request, site: Site, sweep: str, rows: Callable[[Results], Sequence[Any]], offset: int, limit: int
) -> Response:
    found = site.results(site.sweep(sweep))
    results = found.results
    if results is None:
        return _not_yet(found)

    def page() -> BaseModel:
        every = rows(results)
        items = every[offset : offset + limit]
        return FoundPage[Any](total=len(every), offset=offset, items=items, content=results.key, current=found.current)

    return await json_answer(site, request, joint_key(results.key, str(found.current)), page)
