"""The style sheets and scripts of the pages, from memory."""

import hashlib
from functools import cache
from importlib import resources

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

_FILES = {
    "report.css": ("segsweep.reports", "templates", "text/css; charset=utf-8"),
    "sort.js": ("segsweep.reports", "templates", "text/javascript; charset=utf-8"),
    "service.css": ("segsweep.service", "static", "text/css; charset=utf-8"),
    "live.js": ("segsweep.service", "static", "text/javascript; charset=utf-8"),
}

router = APIRouter(include_in_schema=False)


@router.get("/static/{name}")
async def static_file(request: Request, name: str) -> Response:
    """One of the few files that there are; a name is never a path."""
    if name not in _FILES:
        raise HTTPException(404, f"no file {name!r}")
    body = _content(name)
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=_FILES[name][2])


@cache
def _content(name: str) -> bytes:
    package, folder, _ = _FILES[name]
    return (resources.files(package) / folder / name).read_bytes()
