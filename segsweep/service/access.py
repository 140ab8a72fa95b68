"""Who may ask: a bearer token or a cookie that stands for one; on loopback without tokens, this machine's browsers."""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from segsweep.service.settings import is_loopback
from segsweep.service.tokens import COOKIE, Tokens

_OPEN = ("/healthz", "/readyz", "/login")
_OPEN_FOLDERS = ("/static/",)
_SAFE = ("GET", "HEAD", "OPTIONS")


class Access:
    """Turns away whoever may not ask, before anything is read or computed.

    Args:
        app: what is guarded.
        tokens: that open it; None where only this machine can reach it.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens | None) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        if scope["method"] not in _SAFE and _from_elsewhere(headers):
            return JSONResponse({"detail": "requests that change something come from this site's own pages"}, 403)
        if path in _OPEN or path.startswith(_OPEN_FOLDERS):
            return None
        if self._tokens is None:
            return None if _names_this_machine(headers) else _bad_host(headers)
        if _may_pass(headers, self._tokens):
            return None
        if "text/html" in headers.get("accept", "") and not path.startswith("/api/"):
            asked = quote(path + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""))
            return RedirectResponse(f"/login?next={asked}", 303)
        return JSONResponse({"detail": "a bearer token is needed"}, 401, {"WWW-Authenticate": "Bearer"})


def bearer_token(headers: Headers) -> str | None:
    """The token that a request brings in its own header."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _may_pass(headers: Headers, tokens: Tokens) -> bool:
    if (token := bearer_token(headers)) is not None:
        return tokens.accepts(token)
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    return cookie is not None and tokens.accepts_cookie(cookie.value)


def _from_elsewhere(headers: Headers) -> bool:
    """Whether a page of another site makes a browser ask; what is no browser sends neither header."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    return site not in (None, "same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc != headers.get("host")
    )


def _names_this_machine(headers: Headers) -> bool:
    """Whether the browser knows whom it asks; a name that another site's DNS leads here (rebinding) is refused."""
    try:
        return is_loopback(urlsplit(f"//{headers.get('host', '')}").hostname or "")
    except ValueError:
        return False


def _bad_host(headers: Headers) -> Response:
    return JSONResponse(
        {"detail": f"without tokens only localhost is answered, not {headers.get('host', '')[:100]!r}"}, 403
    )
