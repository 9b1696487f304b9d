"""Who may see the page: a token in the URL becomes a cookie; Host and Origin are checked on every request.

The page shows what a camera sees, so another site open in the same browser, another user of the
machine and a name that was rebound to 127.0.0.1 must all be refused.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection

from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
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


_HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


class Guard:
    """ASGI middleware around the viewer. ``token`` is what the printed URL carries.

    The cookie follows from the token: pages outlive a restart of a server that was given the same one.
    """

    def __init__(self, app: ASGIApp, *, token: str | None = None, hosts: Collection[str] = ()) -> None:
        self._app = app
        self.token = token or secrets.token_urlsafe(24)
        self._ticket = _derived(self.token, "ticket")
        self._hosts = LOCAL_NAMES | frozenset(hosts)
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
            response: Response | None = PlainTextResponse(refusal + "\n", status_code=403)
        else:
            response = self._exchange(scope)
        sending = _with_headers(send)
        await (response or self._app)(scope, receive, sending)

    def _refusal(self, scope: Scope, headers: Headers) -> str | None:
        """Why this request is refused, or None."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or _host_name(hosts[0]) not in self._hosts:
            return "This page answers to its own address alone."
        origin = origins[0] if origins else None
        same = origins in ([f"http://{hosts[0]}"], [f"https://{hosts[0]}"])
        if origin is not None and not same:
            return "Requests from other sites are refused."
        if scope["type"] == "websocket" and not same:
            return "A WebSocket without an Origin is refused."
        if self._has_ticket(headers) or (scope["type"] == "http" and self._has_token(scope)):
            return None
        return "Open the address that the program printed, with its token: http://127.0.0.1:…/?t=…"

    def _exchange(self, scope: Scope) -> Response | None:
        """For a request with the token: a redirect that sets the cookie and takes the token out of the address."""
        if not self._has_token(scope):
            return None
        query = QueryParams(scope["query_string"])
        rest = str(QueryParams([(name, value) for name, value in query.multi_items() if name != "t"]))
        response = RedirectResponse(scope["path"] + (f"?{rest}" if rest else ""), status_code=303)
        response.set_cookie(self._cookie, self._ticket, httponly=True, samesite="strict", path="/")
        return response

    def _has_ticket(self, headers: Headers) -> bool:
        given = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")
        return hmac.compare_digest(given.encode(), self._ticket.encode())

    def _has_token(self, scope: Scope) -> bool:
        given = QueryParams(scope["query_string"]).get("t", "")
        return scope.get("method") == "GET" and hmac.compare_digest(given.encode(), self.token.encode())


def _derived(token: str, purpose: str) -> str:
    """Another secret for each purpose, from which the token is not to be had."""
    return hmac.new(token.encode(), purpose.encode(), "sha256").hexdigest()


def _host_name(host: str) -> str:
    """The name in a Host header, without its port and brackets; empty where it is anything else than a host."""
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").lower() if found else ""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name for name, _ in message["headers"]}
            extra = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in present]
            message = {**message, "headers": [*message["headers"], *extra]}
        await send(message)

    return sending
