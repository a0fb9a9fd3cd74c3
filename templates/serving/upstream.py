"""The upstream, as it answers: whole answers, streams of server-sent events, and whatever must not be kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

HOP_BY_HOP = frozenset(
    {
        "connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
        "trailer", "transfer-encoding", "upgrade", "accept-encoding",
    }
)  # fmt: skip
DONE = b"[DONE]"


class Answer(NamedTuple):
    """A whole answer of the upstream."""

    status: int
    headers: dict[str, str]
    body: bytes


class NotKept(Exception):
    """An answer that reaches the client unchanged and is not cached: an error, or not what was asked for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"status {answer.status}")
        self.answer = answer


class NotWhole(Exception):
    """A stream that ended early, or told of an error. `cut` says that its client must see it break off, too."""

    def __init__(self, cut: bool) -> None:
        super().__init__("cut" if cut else "error")
        self.cut = cut


def forwarded(headers: Mapping[str, str], key: str) -> dict[str, str]:
    """Headers that go upstream, with the upstream's own key if there is one."""
    found = _end_to_end(headers)
    found["accept-encoding"] = "identity"
    if key:
        found["authorization"] = f"Bearer {key}"
    return found


def returned(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that go back to the client; the body is decoded."""
    return {name: value for name, value in _end_to_end(headers).items() if name != "content-encoding"}


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    lower = {name.lower(): value for name, value in headers.items()}
    named = {name.strip().lower() for name in lower.get("connection", "").split(",")}
    return {name: value for name, value in lower.items() if name not in HOP_BY_HOP | named}


class Upstream:
    """A model server that speaks OpenAI's protocol."""

    def __init__(self, base: str, key: str) -> None:
        self._base, self._key = base, key
        timeout = httpx.Timeout(600.0, connect=10.0)
        self._client = httpx.AsyncClient(timeout=timeout, limits=httpx.Limits(max_connections=None))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> httpx.Response:
        """A response whose body is still to be read. Raises NotKept (502) where the upstream can't be reached."""
        try:
            url = httpx.URL(f"{self._base}{path}{'?' if query else ''}{query}")
            request = self._client.build_request(method, url, headers=forwarded(headers, self._key), content=body)
            return await self._client.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotKept(_unreachable(error)) from None

    async def complete(
        self, query: str, headers: Mapping[str, str], request: dict[str, Any]
    ) -> tuple[Any, dict[str, str]]:
        """A chat completion to be kept (type and body, or a stream of events), and its headers. Raises NotKept."""
        body = json.dumps(request).encode()
        headers = {name: value for name, value in headers.items() if name != "content-encoding"}
        response = await self.send("POST", "/chat/completions", query, headers, body)
        kind = response.headers.get("content-type", "")
        if response.status_code == 200 and request.get("stream") and kind.startswith("text/event-stream"):
            return events(response), returned(response.headers)
        try:
            answer = Answer(response.status_code, returned(response.headers), await response.aread())
        except httpx.HTTPError as error:
            raise NotKept(_unreachable(error)) from None
        finally:
            await response.aclose()
        if response.status_code != 200 or request.get("stream") or not _is_completion(answer.body):
            raise NotKept(answer)
        return {"type": kind, "body": answer.body}, answer.headers


async def events(response: httpx.Response) -> AsyncIterator[bytes]:
    """Events as they come, each whole. Raises NotWhole at the end of a stream that must not be kept."""
    buffer, done, failed = b"", False, False
    try:
        async for piece in response.aiter_bytes():
            buffer += piece
            *whole, buffer = buffer.replace(b"\r\n", b"\n").split(b"\n\n")
            for event in whole:
                done = done or event.strip() == b"data: " + DONE
                failed = failed or (b'"error"' in event and _tells_error(event))
                yield event + b"\n\n"
        if buffer:
            yield buffer
    except httpx.HTTPError:
        raise NotWhole(cut=True) from None
    finally:
        await response.aclose()
    if failed or not done:
        raise NotWhole(cut=False)


def usage_of(answer: Any) -> dict[str, Any] | None:
    """The `usage` of what was kept."""
    if isinstance(answer, dict):
        found = json.loads(answer["body"])
        return found.get("usage")  # type: ignore[no-any-return]
    for event in reversed(answer):
        if b'"usage"' in event and (usage := json.loads(event.partition(b"data:")[2]).get("usage")):
            return usage  # type: ignore[no-any-return]
    return None


def text_of(answer: Any) -> str:
    """What the choices of what was kept say, without number, time and usage."""
    if isinstance(answer, dict):
        choices = json.loads(answer["body"])["choices"]
    else:
        told = [event.partition(b"data:")[2].strip() for event in answer]
        choices = [choice for one in told if one not in (b"", DONE) for choice in json.loads(one).get("choices", ())]
    texts: dict[int, list[str]] = {}
    for choice in choices:
        part = choice.get("message") or choice.get("delta") or {}
        calls = [json.dumps(part["tool_calls"])] if part.get("tool_calls") else []
        texts.setdefault(choice.get("index", 0), []).extend([part.get("content") or "", *calls])
    return "\n".join("".join(texts[index]) for index in sorted(texts))


def _is_completion(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("choices"), list) and not found.get("error")


def _tells_error(event: bytes) -> bool:
    try:
        found = json.loads(event.partition(b"data:")[2])
    except ValueError:
        return True
    return not isinstance(found, dict) or bool(found.get("error"))


def _unreachable(error: Exception) -> Answer:
    text = f"the upstream does not answer: {type(error).__name__}"
    body = json.dumps({"error": {"message": text, "type": "upstream_error", "param": None, "code": None}})
    return Answer(502, {"content-type": "application/json"}, body.encode())
