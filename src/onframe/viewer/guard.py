"""Who may see the page: a token in the URL becomes a cookie; Host and Origin are checked on every request.

The page shows what a camera sees, so another site open in the same browser, another user of the
machine and a name that was rebound to 127.0.0.1 must all be refused.

Origins in ``embed_in`` may frame the page, load its modules and open its WebSocket. A browser sends no cookie of ours
from within another site, so there the token goes along: ``/?embed&t=…`` is answered with the page itself, which opens
``/ws?t=…``. An ``<img>`` of a dashboard shows ``/mjpeg?t=…`` and ``/snapshot.jpg?t=…`` wherever it stands.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import re
import secrets
from collections.abc import Collection, Mapping

from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onframe.errors import OnframeError

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
IMAGES = frozenset({"/mjpeg", "/snapshot.jpg"})
_STYLE = (
    ":root { color-scheme: light dark; background: light-dark(#e9edf2, #0a0e14); color: light-dark(#141c28, #e8eef6); "
    'font: 1.1rem/1.5 system-ui, "DejaVu Sans", sans-serif; } '
    "body { max-width: 34rem; margin: 22vh auto 0; padding: 0 1.5rem; overflow-wrap: anywhere; }"
)
_STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
_PARTS = (".js", ".css", ".svg")
"""Files of the page that hold nothing of a camera."""
_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(:[0-9]{1,5})?", re.ASCII)


class Guard:
    """ASGI middleware around the viewer. ``token`` is what the printed URL carries.

    The cookie follows from the token: pages outlive a restart of a server that was given the same one.
    Raises OnframeError for an entry of ``embed_in`` that is no origin ("https://dashboard.example:8123").
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str | None = None,
        hosts: Collection[str] = (),
        embed_in: Collection[str] = (),
    ) -> None:
        self._app = app
        self.token = token or secrets.token_urlsafe(24)
        self._ticket = _derived(self.token, "ticket")
        self._hosts = LOCAL_NAMES | {host.lower() for host in hosts}
        self._embed_in = frozenset(_origin(text) for text in embed_in)
        # Cookies know no ports: two viewers on one machine must not overwrite each other's.
        self._cookie = f"onframe_{_derived(self.token, 'name')[:8]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refusal is not None:
                await send({"type": "websocket.close", "code": 1008, "reason": refusal})
                return
            await self._app(scope, receive, send)
            return
        if refusal is not None:
            response: Response | None = _refused(refusal, headers)
        else:
            response = self._exchange(scope, headers)
        sending = _with_headers(send, self._headers(scope, headers, refused=refusal is not None))
        await (response or self._app)(scope, receive, sending)

    def _refusal(self, scope: Scope, headers: Headers) -> str | None:
        """Why this request is refused, or None."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or _host_name(hosts[0]) not in self._hosts:
            return "This page answers to its own address alone."
        own = origins in ([f"http://{hosts[0]}"], [f"https://{hosts[0]}"])
        welcome = own or (len(origins) == 1 and origins[0] in self._embed_in)
        if origins and not welcome:
            return "Requests from other sites are refused."
        if scope["type"] == "websocket" and not welcome:
            return "A WebSocket without an Origin is refused."
        if self._has_ticket(headers) or self._is_let_in_by_address(scope):
            return None
        return "Open the address that the program printed, with its token: http://127.0.0.1:…/?t=…"

    def _is_let_in_by_address(self, scope: Scope) -> bool:
        """The address holds the token; or it is that of a file that holds nothing of a camera, and may be embedded."""
        if scope["type"] == "websocket":
            return bool(self._embed_in) and self._token_in(scope)
        if scope["method"] != "GET":
            return False
        return self._token_in(scope) or (bool(self._embed_in) and scope["path"].endswith(_PARTS))

    def _exchange(self, scope: Scope, headers: Headers) -> Response | None:
        """For a request with the token: a redirect that sets the cookie and takes the token out of the address."""
        if scope["method"] != "GET" or not self._token_in(scope) or scope["path"] in IMAGES:
            return None
        query = QueryParams(scope["query_string"])
        if self._embed_in and ("embed" in query or headers.get("sec-fetch-dest") == "iframe"):
            return None
        rest = str(QueryParams([(name, value) for name, value in query.multi_items() if name != "t"]))
        response = RedirectResponse(scope["path"] + (f"?{rest}" if rest else ""), status_code=303)
        secure = scope["scheme"] == "https"
        response.set_cookie(self._cookie, self._ticket, httponly=True, samesite="strict", path="/", secure=secure)
        return response

    def _headers(self, scope: Scope, headers: Headers, *, refused: bool) -> Mapping[str, str]:
        """What every answer says of who may use it."""
        said = dict(HEADERS)
        if scope["scheme"] == "http" and _host_name(headers.get("host", "")) not in LOCAL_NAMES:
            del said["cross-origin-opener-policy"]  # browsers know it for secure contexts alone, and log an error
        if refused:
            said["content-security-policy"] = POLICY.replace("style-src 'self'", f"style-src {_STYLE_SOURCE}")
            return said
        is_image = scope["path"] in IMAGES and self._token_in(scope)
        if is_image:
            said["cross-origin-resource-policy"] = "cross-origin"
        if not self._embed_in:
            return said
        ancestors = " ".join(sorted(self._embed_in))
        said["content-security-policy"] = POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {ancestors}")
        del said["x-frame-options"]  # it knows no list
        said["vary"] = "origin"
        if scope["path"].endswith(_PARTS):
            said["cross-origin-resource-policy"] = "cross-origin"
        if (origin := headers.get("origin")) in self._embed_in:
            said["access-control-allow-origin"] = str(origin)
        return said

    def _has_ticket(self, headers: Headers) -> bool:
        given = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")
        return hmac.compare_digest(given.encode(), self._ticket.encode())

    def _token_in(self, scope: Scope) -> bool:
        given = QueryParams(scope["query_string"]).get("t", "")
        return hmac.compare_digest(given.encode(), self.token.encode())


def _refused(reason: str, headers: Headers) -> Response:
    """A page for a person, a line for a program."""
    if "text/html" in headers.get("accept", ""):
        head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        body = f"<title>Onframe</title><h1>Onframe</h1><p>{html.escape(reason)}</p>"
        return HTMLResponse(f'<!doctype html><html lang="en">{head}{body}</html>\n', status_code=403)
    return PlainTextResponse(reason + "\n", status_code=403)


def _derived(token: str, purpose: str) -> str:
    """Another secret for each purpose, from which the token is not to be had."""
    return hmac.new(token.encode(), purpose.encode(), "sha256").hexdigest()


def _host_name(host: str) -> str:
    """The name in a Host header, without its port and brackets; empty where it is anything else than a host."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").lower() if found else ""


def _origin(text: str) -> str:
    """An origin as browsers write it: lower case, without the port that goes without saying."""
    origin = text.lower().rstrip("/")
    if not _ORIGIN.fullmatch(origin):
        raise OnframeError(
            f"{text!r} is no origin", hint="write scheme, host and port alone: https://dashboard.example:8123"
        )
    default = ":443" if origin.startswith("https:") else ":80"
    return origin.removesuffix(default)


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name for name, _ in message["headers"]}
            extra = [(name.encode(), value.encode()) for name, value in headers.items() if name.encode() not in present]
            message = {**message, "headers": [*message["headers"], *extra]}
        await send(message)

    return sending
