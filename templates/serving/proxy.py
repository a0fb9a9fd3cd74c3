"""A cache in front of any server that speaks OpenAI's `/v1/chat/completions`. `settings.py` lists its settings.

    OPENAI_BASE_URL=http://127.0.0.1:8000/v1 uvicorn --app-dir templates/serving --factory proxy:create_app --port 8080

Clients set their base URL to this proxy. Answers are kept by the client's key (its digest is the tenant), the model and
every parameter; streams are kept whole and replayed. `x-greenai-cache` says `hit`, `miss` or `bypass`; a request with
`cache-control: no-store` or `no-cache` goes by the cache. Errors of the upstream go through unchanged and are not kept.
A key that the upstream no longer takes is still answered from the cache until the answers expire. For several workers
(`--workers 4`) name a store, and a folder in PROMETHEUS_MULTIPROC_DIR for their metrics.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import OrderedDict
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from settings import Settings, read_settings
from upstream import Answer, NotKept, NotWhole, Upstream, returned, text_of, usage_of

from greenai_infra.errors import InputError
from greenai_infra.serving.cache import InferenceCache
from greenai_infra.serving.energy import tokens_of
from greenai_infra.serving.metrics import CacheMetrics
from greenai_infra.serving.semantic.cache import SemanticCache, alike

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

MOST_CACHES = 256
"""Of tenants and models that are used at the same time; each has connections of its own."""
FLIGHT_S = 60.0
IN_KEY = ("openai-beta", "openai-organization", "openai-project")
"""Headers of the request on which the answer may depend."""
HEADERS, QUERY, KEYED = "x-greenai-headers", "x-greenai-query", "x-greenai-keyed-headers"
"""What a request has beside its body, among the parameters of the cache's call; the headers are not in its key."""
MARK = "x-greenai-cache"
KEYS = ("authorization", "api-key", "x-api-key")
"""Headers in which a client's key may stand. All of them tell tenants apart: the upstream may heed any."""

_asked: ContextVar[dict[str, str]] = ContextVar("asked")
"""Of this request: the headers of the upstream's answer, and MARK, which says whether it was asked."""
_pumps: set[asyncio.Task[None]] = set()


class Caches:
    """A cache for each tenant and model; the one unused for the longest time goes first."""

    def __init__(self, settings: Settings, upstream: Upstream, metrics: CacheMetrics) -> None:
        self._settings, self._upstream, self._metrics = settings, upstream, metrics
        self._caches: OrderedDict[tuple[str | None, str], InferenceCache] = OrderedDict()

    async def of(self, tenant: str | None, model: str) -> InferenceCache:
        """The cache, made when it is first used."""
        key = (tenant, model)
        if key not in self._caches:
            version, calibration = self._settings.version, self._settings.calibration
            make: Any = InferenceCache
            name = "exact"
            if calibration is not None:
                make, name = partial(SemanticCache, calibration=calibration, same_answer=_same), "semantic"
            self._caches[key] = make(
                self._call,
                model=model,
                version=f"{version} {self._settings.upstream}",
                tenant=tenant,
                flight_s=FLIGHT_S,
                ignore=(HEADERS,),
                events=self._metrics.listen(model=model, version=version, cache=name, tokens=_tokens),
                **self._settings.cache,
            )
            if len(self._caches) > MOST_CACHES:
                _, oldest = self._caches.popitem(last=False)
                await (await asyncio.to_thread(oldest.close))
        self._caches.move_to_end(key)
        return self._caches[key]

    async def close(self) -> None:
        """Close them all."""
        for cache in self._caches.values():
            await (await asyncio.to_thread(cache.close))

    async def _call(self, messages: Any, /, **parameters: Any) -> Any:
        asked = _asked.get()
        asked[MARK] = "miss"
        headers, query = parameters.pop(HEADERS), parameters.pop(QUERY)
        del parameters[KEYED]
        answer, answered = await self._upstream.complete(query, headers, {**parameters, "messages": messages})
        asked.update(answered)
        return answer


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service. Raises InputError for a setting that can't be used."""
    settings = settings or read_settings(os.environ)
    metrics = CacheMetrics(**settings.metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        upstream = Upstream(settings.upstream, settings.upstream_key)
        caches = Caches(settings, upstream, metrics)
        app.state.upstream, app.state.caches = upstream, caches
        yield
        await caches.close()
        await upstream.close()
        await asyncio.to_thread(metrics.close)

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/metrics")
    def scrape() -> Response:
        registry = REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # several workers: their sums
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> Response:
        body = await _body(request, settings.most_body_bytes)
        if body is None:
            return _refused(413, f"the request is larger than {settings.most_body_bytes:,} bytes")
        parsed = _parsed(body)
        control = request.headers.get("cache-control", "").lower()
        if parsed is None or any(word in control for word in ("no-store", "no-cache")):
            return await _through(app.state.upstream, request, "/chat/completions", body, "bypass")
        return await _cached(app.state, request, parsed, body)

    @app.api_route("/v1/{path:path}", methods=["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"])
    async def other(request: Request, path: str) -> Response:
        body = await _body(request, settings.most_body_bytes)
        if body is None:
            return _refused(413, f"the request is larger than {settings.most_body_bytes:,} bytes")
        if not {".", ".."}.isdisjoint(path.replace("\\", "/").split("/")):
            return _refused(400, "the path leads out of /v1/")
        _, _, written = request.scope["raw_path"].decode("latin-1").partition("/v1/")  # a %2F stays one
        return await _through(app.state.upstream, request, f"/{written}", body)

    return app


async def _cached(state: Any, request: Request, parsed: dict[str, Any], body: bytes) -> Response:
    asked = {MARK: "hit"}
    _asked.set(asked)
    query, headers = request.url.query, dict(request.headers)
    messages = parsed.pop("messages")
    beside = {HEADERS: headers, QUERY: query, KEYED: {name: headers[name] for name in IN_KEY if name in headers}}
    cache = await state.caches.of(_tenant(headers), parsed["model"])
    try:
        answer = await cache(messages, **{**parsed, **beside})
    except NotKept as passed:
        return _as_it_is(passed.answer, "miss")
    except InputError:  # a number or text that no key can hold
        return await _through(state.upstream, request, "/chat/completions", body, "bypass")
    if isinstance(answer, dict):
        return Response(answer["body"], headers={**asked, "content-type": answer["type"]})
    headers = {"cache-control": "no-cache", **asked, "content-type": "text/event-stream"}
    return StreamingResponse(_relayed(answer), headers=headers)


async def _relayed(stream: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """The stream by a task of its own: where a client leaves, it is closed in peace, and its lock given back."""
    events: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue(maxsize=64)

    async def pump() -> None:
        try:
            async for event in stream:
                await events.put(event)
        except NotWhole as error:
            await events.put(error if error.cut else None)
        except Exception as error:  # noqa: BLE001  the client's response ends with it
            await events.put(error)
        else:
            await events.put(None)
        finally:
            await stream.aclose()

    task = asyncio.create_task(pump())
    _pumps.add(task)
    task.add_done_callback(_pumps.discard)
    try:
        while (event := await events.get()) is not None:
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        task.cancel()


async def _through(upstream: Upstream, request: Request, path: str, body: bytes, mark: str = "") -> Response:
    """The upstream's answer as it comes, without the cache."""
    try:
        response = await upstream.send(request.method, path, request.url.query, dict(request.headers), body)
    except NotKept as passed:
        return _as_it_is(passed.answer, mark)

    async def pieces() -> AsyncIterator[bytes]:
        try:
            async for piece in response.aiter_bytes():
                yield piece
        finally:
            await response.aclose()

    headers = {**returned(response.headers), **({MARK: mark} if mark else {})}
    return StreamingResponse(pieces(), status_code=response.status_code, headers=headers)


async def _body(request: Request, most_bytes: int) -> bytes | None:
    """The request's body; None for one that is too large, whatever its headers say."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most_bytes:
            return None
    return bytes(body)


def _parsed(body: bytes) -> dict[str, Any] | None:
    """A request that can be cached; None for any other, which the upstream may refuse in its own words."""
    try:
        found: dict[str, Any] = json.loads(body)
        whole = isinstance(found["messages"], list) and found["model"].encode()  # JSON can spell half a character
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None
    return found if whole else None


def _tenant(headers: dict[str, str]) -> str | None:
    """The digest of the client's key, or None without one. The key itself is kept nowhere."""
    found = [(name, headers[name]) for name in KEYS if headers.get(name)]
    return sha256(json.dumps(found).encode()).hexdigest()[:32] if found else None


def _tokens(answer: Any) -> Any:
    return tokens_of({"usage": usage_of(answer)})


def _same(stored: Any, answer: Any) -> bool:
    return alike(text_of(stored), text_of(answer))


def _as_it_is(answer: Answer, mark: str) -> Response:
    headers = {**answer.headers, **({MARK: mark} if mark else {})}
    return Response(answer.body, status_code=answer.status, headers=headers)


def _refused(status: int, message: str) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": error}, status_code=status)
