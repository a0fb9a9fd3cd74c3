"""GitHub's and GitLab's comment APIs on loopback: as documented, with pages, authors, limits and refusals."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "ghs_sekret+token/123"


@dataclass
class Reply:
    """What to send instead of the usual answer; `cut` closes the connection after reading the request."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Server:
    """A forge with one request; `next_replies` are sent first, in order, whatever is asked."""

    kind: str = "github"
    comments: list[dict[str, Any]] = field(default_factory=list)
    user: dict[str, Any] | None = None  # of the token; None for the token of a workflow, which has none
    read_only: bool = False
    longest: int = 65_536
    largest_page: int = 100
    next_replies: list[Reply] = field(default_factory=list)
    after_create: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    next_link_host: str = ""

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(length)
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                asked = Asked(self.command, parts.path, query, dict(self.headers), json.loads(raw) if raw else None)
                outer.asked.append(asked)
                reply = outer.next_replies.pop(0) if outer.next_replies else outer.answer(asked)
                if reply.cut:
                    self.close_connection = True
                    return
                body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.handle_any()

            def do_POST(self) -> None:
                self.handle_any()

            def do_PATCH(self) -> None:
                self.handle_any()

            def do_PUT(self) -> None:
                self.handle_any()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.prefix = "/api/v3" if self.kind == "github" else "/api/v4"
        self.url = f"http://{self.host}{self.prefix}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def methods(self) -> list[str]:
        return [one.method for one in self.asked]

    def add(self, body: str, login: str, **fields: Any) -> dict[str, Any]:
        """A comment of somebody."""
        number = 1 + max((one["id"] for one in self.comments), default=0)
        who = {"login": login, "type": "User"} if self.kind == "github" else {"username": login}
        comment = {"id": number, "body": body, "user" if self.kind == "github" else "author": who, **fields}
        self.comments.append(comment)
        return comment

    def answer(self, asked: Asked) -> Reply:
        sent = asked.headers.get("Authorization", "").removeprefix("Bearer ") or asked.headers.get("PRIVATE-TOKEN")
        if sent != TOKEN:
            return Reply(401, {"message": "Bad credentials"})
        routes = self._github() if self.kind == "github" else self._gitlab()
        path = asked.path.removeprefix(self.prefix)
        for method, wanted, act in routes:
            if asked.method == method and (path == wanted or (wanted.endswith("/") and path.startswith(wanted))):
                return act(asked)
        return Reply(404, {"message": "Not Found"})

    def _github(self) -> list[tuple[str, str, Callable[[Asked], Reply]]]:
        own = "/repos/octo/infra/issues/7/comments"
        return [
            ("GET", "/user", self._whoami),
            ("GET", own, self._page),
            ("POST", own, self._create),
            ("PATCH", "/repos/octo/infra/issues/comments/", self._update),
        ]

    def _gitlab(self) -> list[tuple[str, str, Callable[[Asked], Reply]]]:
        own = "/projects/42/merge_requests/7/notes"
        return [
            ("GET", "/user", self._whoami),
            ("GET", own, self._page),
            ("POST", own, self._create),
            ("PUT", f"{own}/", self._update),
        ]

    def _whoami(self, asked: Asked) -> Reply:
        return Reply(200, self.user) if self.user else self._forbidden()

    def _forbidden(self) -> Reply:
        if self.kind == "github":
            return Reply(403, {"message": "Resource not accessible by integration"})
        return Reply(403, {"error": "insufficient_scope"})

    def _page(self, asked: Asked) -> Reply:
        size = min(int(asked.query.get("per_page", 30)), self.largest_page)
        number = int(asked.query.get("page", 1))
        found = self.comments[(number - 1) * size : number * size]
        headers = {}
        if number * size < len(self.comments):
            host = self.next_link_host or self.host
            address = f"http://{host}{asked.path}?per_page={size}&page={number + 1}"
            headers["Link"] = f'<{address}>; rel="next", <http://{host}{asked.path}?page=1>; rel="first"'
        return Reply(200, found, headers)

    def _create(self, asked: Asked) -> Reply:
        if refused := self._refused(asked):
            return refused
        me = self.user or {"login": "github-actions[bot]"}
        created = self.add(asked.body["body"], me.get("login") or me["username"])
        return self.after_create.pop(0) if self.after_create else Reply(201, created)

    def _update(self, asked: Asked) -> Reply:
        number = int(asked.path.rsplit("/", 1)[-1])
        found = [one for one in self.comments if one["id"] == number]
        if not found:
            return Reply(404, {"message": "Not Found"})
        if refused := self._refused(asked):
            return refused
        found[0]["body"] = asked.body["body"]
        return Reply(200, found[0])

    def _refused(self, asked: Asked) -> Reply | None:
        if self.read_only:
            return self._forbidden()
        if len(asked.body["body"]) > self.longest:
            errors = [{"message": f"body is too long (maximum is {self.longest} characters)"}]
            return Reply(422, {"message": "Validation Failed", "errors": errors})
        return None
