"""A service whose answers take a while, in a process of its own, and the longest wait that it alone is to blame for."""

import asyncio
import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

ANSWER_S = 0.2
ASKED = 60  # questions at once
MOST = 1.25  # times the slowest answer


def serve(address: Connection, answer: Callable[[str], Any]) -> None:
    """Answer each request ANSWER_S after it has arrived; sends the port to `address`.

    An answer is made once, at the first round: a real service makes it on a machine of its own.
    """

    @cache
    def body_of(target: str) -> bytes:
        return json.dumps(answer(target)).encode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return  # the client has closed the connection
            began = asyncio.get_running_loop().time()
            body = body_of(head.split(b" ", 2)[1].decode())
            await asyncio.sleep(ANSWER_S - (asyncio.get_running_loop().time() - began))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

    async def main() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=256)
        address.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def serving(answer: Callable[[str], Any]) -> Iterator[str]:
    """The address of a service that answers a request for a target with `answer(target)`, a function of a module."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there, answer), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{here.recv()}"
    process.terminate()
    process.join()


def slowest_answer_s(url: str) -> float:
    """The longest wait for one of sixty answers that plain sockets ask for at once: the server's and machine's part."""
    host, port = url.split("/")[2].split(":")
    waits: list[float] = []

    def ask(number: int) -> None:
        began = time.perf_counter()
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"GET /v4/carbon-intensity/latest?zone=Z{number} HTTP/1.1\r\n\r\n".encode())
            connection.recv(4096)
        waits.append(time.perf_counter() - began)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(ASKED)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(waits)
