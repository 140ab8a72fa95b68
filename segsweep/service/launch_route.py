"""`POST /api/v1/sweeps`: launching a grid."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import JSONResponse, Response

from segsweep.errors import GridError, InputError
from segsweep.service.access import bearer_token
from segsweep.service.launches import LARGEST_GRID, AlreadyRunning
from segsweep.service.models import Launched, Problem
from segsweep.service.site import Here, Site
from segsweep.service.tokens import MAY_LAUNCH
from segsweep.spec.grid import KEYS

_LONGEST_PROBLEM = 1_000
"""Characters: a message repeats what it complains of."""

_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "no valid bearer token"},
    403: {"model": Problem, "description": f"the token may only look: one that may launch begins with `{MAY_LAUNCH}`"},
    409: {"model": Problem, "description": "a job launches this sweep now"},
    413: {"model": Problem, "description": "the grid is too large"},
    422: {"model": Problem, "description": "the grid is wrong, or names what a grid from the network may not"},
    501: {"model": Problem, "description": "this service launches nothing"},
    503: {"model": Problem, "description": "the cluster refuses the job or does not answer"},
}
_GRID = {
    "required": True,
    "description": f"a grid file (YAML in UTF-8, at most {LARGEST_GRID} bytes): no tags, losses of the catalogue or of "
    "MONAI, datasets in the roots that the service was started with, phantoms",
    "content": {
        "application/yaml": {
            "schema": {
                "type": "object",
                "required": ["name", "datasets", "grid"],
                "properties": {key: {} for key in KEYS},
                "additionalProperties": False,
            }
        }
    },
}

router = APIRouter(prefix="/api/v1", responses=_REFUSALS)


@router.post("/sweeps", status_code=202, response_model=Launched, openapi_extra={"requestBody": _GRID})
async def launch_sweep(request: Request, site: Here) -> Response:
    """Launch a grid on the cluster, or what is left of it if some of it has been run before."""
    _check_token(request, site)
    if site.launches is None:
        raise HTTPException(501, "this service launches nothing; `segsweep serve --address http://HOST:8265` does")
    grid = await request.body()
    if len(grid) > LARGEST_GRID:
        raise HTTPException(413, f"a grid has at most {LARGEST_GRID} bytes")
    try:
        job = await site.launches.launch(grid)
    except GridError as error:
        raise HTTPException(422, _line(error)) from error
    except AlreadyRunning as error:
        raise HTTPException(409, _line(error)) from error
    except InputError as error:
        raise HTTPException(503, _line(error)) from error
    place = quote(job.sweep, safe="")
    said = Launched(sweep=job.sweep, job=job.name, progress=f"/api/v1/sweeps/{place}", page=f"/sweeps/{place}")
    return JSONResponse(said.model_dump(), 202, {"Location": said.progress})


def _check_token(request: Request, site: Site) -> None:
    """A cookie is not enough: what a browser can be led to do must not start anything."""
    if site.tokens is not None and not site.tokens.may_launch(bearer_token(request.headers) or ""):
        raise HTTPException(403, f"this may only look; a bearer token that begins with {MAY_LAUNCH} may launch")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST_PROBLEM]
