"""Asking sixty zones takes hardly longer than the slowest answer."""

import asyncio
import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

import pytest

from greenai_infra.intensity.electricity_maps import ElectricityMaps
from greenai_infra.intensity.settings import Access
from greenai_infra.intensity.values import Intensity

ZONES = [f"Z{number}" for number in range(60)]
NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
ANSWER_S = 0.2
MOST = 1.25  # times the slowest answer


def serve(address: Connection) -> None:
    """In a process of its own: answers each request for a latest value after ANSWER_S."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return  # the client has closed the connection
            zone = head.split(b"zone=", 1)[1].split(b"&")[0].split(b" ")[0].decode()
            body = json.dumps({"zone": zone, "carbonIntensity": 50, "datetime": "2026-03-10T12:00:00Z"}).encode()
            await asyncio.sleep(ANSWER_S)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
        address.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@pytest.fixture
def url() -> Iterator[str]:
    here, there = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{here.recv()}/v4"
    process.terminate()
    process.join()


def slowest_answer_s(url: str) -> float:
    """The longest wait for one of sixty answers that plain sockets ask for at once: the server's and machine's part."""
    host, port = url.split("/")[2].split(":")
    waits: list[float] = []

    def ask(zone: str) -> None:
        began = time.perf_counter()
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"GET /v4/carbon-intensity/latest?zone={zone} HTTP/1.1\r\n\r\n".encode())
            connection.recv(4096)
        waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=ask, args=(zone,)) for zone in ZONES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(waits)


def test_sixty_zones_take_at_most_a_quarter_longer_than_the_slowest(benchmark: Any, url: str) -> None:
    slowest: list[float] = []

    def opened() -> tuple[tuple[ElectricityMaps], dict[str, Any]]:
        slowest.append(slowest_answer_s(url))
        return (ElectricityMaps(Access(url, "token"), as_of=NOW),), {}  # no connection is open yet

    def ask(source: ElectricityMaps) -> None:
        answers = source.latest(ZONES)
        assert all(isinstance(answer, Intensity) for answer in answers.values()), answers

    benchmark.pedantic(ask, setup=opened, rounds=10, warmup_rounds=1)
    ratio = benchmark.stats.stats.min / min(slowest)  # the least disturbed round of each
    benchmark.extra_info["times the slowest answer"] = round(ratio, 3)
    assert ratio <= MOST
