"""Logging in with a browser: a form takes a token, a cookie stands for it."""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from segsweep.service.pages import safe_next
from segsweep.service.site import Here, Site
from segsweep.service.templates import render
from segsweep.service.tokens import COOKIE, COOKIE_SECONDS

router = APIRouter(include_in_schema=False)


@router.get("/login")
async def ask(site: Here, after: Annotated[str, Query(alias="next")] = "/") -> Response:
    """The form."""
    return _form(site, after, wrong=False)


@router.post("/login")
async def log_in(request: Request, site: Here) -> Response:
    """Take a token and send a cookie for it."""
    fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    token, after = fields.get("token", [""])[0], fields.get("next", ["/"])[0]
    if site.tokens is None or not site.tokens.accepts(token):
        return _form(site, after, wrong=True)
    answer = RedirectResponse(safe_next(after), 303)
    answer.set_cookie(
        COOKIE,
        site.tokens.cookie(token),
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
async def log_out() -> Response:
    """Forget the cookie."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _form(site: Site, after: str, *, wrong: bool) -> Response:
    page = render("login.html.j2", next=safe_next(after), wrong=wrong, guarded=False)
    return Response(page, 401 if wrong else 200, media_type="text/html; charset=utf-8")
