"""A model server that speaks OpenAI's protocol, written by hand: it counts its calls, and can fail in several ways."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any


class Model:
    """What was asked, and how to misbehave: `status` of the next answers, `cut` streams, an `error` within them."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.status, self.cut, self.error_inside, self.slow = 200, False, False, False
        self.go_on = threading.Event()
        self.left = threading.Event()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """For a server of `tests.loopback`."""
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                model.paths.append(self.path)
                self._json(200, {"object": "list", "data": [{"id": "llama", "object": "model"}]})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                model.paths.append(self.path)
                model.headers.append({name.lower(): value for name, value in self.headers.items()})
                request = json.loads(gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body)
                model.calls.append(request)
                if model.status != 200:
                    self._json(model.status, {"error": {"message": "not now", "type": "busy", "code": "x1"}})
                elif request.get("stream"):
                    self._stream(request, len(model.calls))
                else:
                    self._json(200, _completion(request, len(model.calls)))

            def _json(self, status: int, document: Any) -> None:
                text = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.send_header("x-request-id", f"r{len(model.calls)}")
                if status == 429:
                    self.send_header("retry-after", "7")
                self.end_headers()
                self.wfile.write(text)

            def _stream(self, request: dict[str, Any], number: int) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream; charset=utf-8")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                try:
                    for word in text_of(request, number).split(" "):
                        self._event(_chunk({"choices": [_delta(word + " ")]}))
                        if model.slow:
                            model.go_on.wait(20)
                    if model.cut:
                        self.close_connection = True
                        return
                    if model.error_inside:
                        self._event({"error": {"message": "out of memory"}})
                    if (request.get("stream_options") or {}).get("include_usage"):
                        usage = {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}
                        self._event(_chunk({"choices": [], "usage": usage}))
                    self._bytes(b"data: [DONE]\n\n")
                    self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    self.close_connection = True
                    model.left.set()

            def _event(self, document: Any) -> None:
                self._bytes(b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n")

            def _bytes(self, data: bytes) -> None:
                half = len(data) // 2  # events come in pieces that end within them
                for piece in (data[:half], data[half:]):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def text_of(request: dict[str, Any], number: int) -> str:
    """The answer to a request: its last message, and which call it was."""
    return f"{request['messages'][-1]['content']} - answer {number}"


def _completion(request: dict[str, Any], number: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text_of(request, number)}
    if request.get("tools"):
        call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choices = [{"index": index, "message": message, "finish_reason": "stop"} for index in range(request.get("n") or 1)]
    usage = {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}
    about = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1, "model": request["model"]}
    return {**about, "choices": choices, "usage": usage}


def _chunk(more: dict[str, Any]) -> dict[str, Any]:
    return {"id": "chatcmpl-s", "object": "chat.completion.chunk", "created": 1, "model": "llama", **more}


def _delta(text: str) -> dict[str, Any]:
    return {"index": 0, "delta": {"content": text}, "finish_reason": None}
