"""What the machine could do at best: run as ``python -m benchmarks.compare.limits NAME …``.

Each prints one line of JSON: ``cpu_seconds`` and ``wall_seconds`` of the least that the work of a
comparison takes on this machine, the least of three, and the ``rate`` that this is.

| limit | what it does |
|---|---|
| ``inflate FILE`` | inflates a gzip file, with isal |
| ``hash FILE TIMES`` | hashes the bytes of its lines that often, with MurmurHash3 |
| ``search PAIRS`` | looks for one word in the responses of so many pairs |
| ``copy FOLDER`` | copies the bytes of its Parquet files in memory |
| ``write FILE`` | writes its bytes to a new file in SCRATCH and waits for the disk |
| ``products FOLDER`` | multiplies all rows by all queries in single precision |
| ``model FILE`` | as many multiplications as the layers of the small model do for its texts |
| ``loopback URL N`` | sends N requests, made before, over 64 open connections, and reads |
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__: list[str] = []

Row = dict[str, Any]

_TIMES = 3
_CONNECTIONS = 64
_BLOCK = 8192
# MiniLM-L6: six layers of width 384, with 12 d² multiply-adds a token, and attention.
_LAYERS, _WIDTH, _LONGEST = 6, 384, 256
_SQUARE = 1536


def _least(work: Callable[[], object]) -> tuple[float, float]:
    """Return the CPU seconds and the wall clock of the fastest of three."""
    spent = []
    for _ in range(_TIMES):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        spent.append((time.process_time() - cpu, time.perf_counter() - wall))
    return min(cpu for cpu, _ in spent), min(wall for _, wall in spent)


def _told(spent: tuple[float, float], n: float, unit: str, *, of_wall: bool = False) -> Row:
    cpu, wall = spent
    rate = n / (wall if of_wall else cpu)
    return {
        "cpu_seconds": cpu,
        "wall_seconds": wall,
        "rate": round(rate, 1 if rate < 100 else None),  # noqa: PLR2004
        "unit": unit,
        "is_wall": of_wall,
    }


def _inflate(file: str) -> Row:
    from isal import igzip

    packed = Path(file).read_bytes()
    inflate: Callable[[bytes], bytes] = igzip.decompress
    n = len(inflate(packed))
    return _told(_least(lambda: inflate(packed)), n / 1e6, "MB/s inflated")


def _hash(file: str, times: str) -> Row:
    import mmh3

    with gzip.open(file, "rb") as lines:
        rows = lines.readlines()

    def work() -> None:
        for _ in range(int(times)):
            for row in rows:
                mmh3.hash_bytes(row)

    return _told(_least(work), int(times) * sum(map(len, rows)) / 1e6, "MB/s hashed")


def _search(pairs: str) -> Row:
    from benchmarks.factors import drawn

    rows = drawn(int(pairs), 0)
    data = "\n".join([*rows["chosen"], *rows["rejected"]]).encode()
    return _told(_least(lambda: data.count(b"zebra")), len(data) / 1e6, "MB/s searched")


def _copy(folder: str) -> Row:
    import numpy as np

    data = b"".join(path.read_bytes() for path in sorted(Path(folder).rglob("*.parquet")))
    source = np.frombuffer(data, np.uint8)
    target = np.empty_like(source)

    def work() -> None:
        target[:] = source

    return _told(_least(work), len(data) / 1e6, "MB/s copied")


def _write(file: str, scratch: str) -> Row:
    data = Path(file).read_bytes()

    def work() -> None:
        with (Path(scratch) / "written").open("wb") as out:
            out.write(data)
            os.fsync(out.fileno())

    return _told(_least(work), len(data) / 1e6, "MB/s written", of_wall=True)


def _products(folder: str) -> Row:
    import numpy as np

    rows, queries = (np.load(Path(folder) / f"{name}.npy") for name in ("rows", "queries"))
    out = np.empty((len(queries), _BLOCK), np.float32)

    def work() -> None:
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            np.matmul(queries, block.T, out=out[:, : len(block)])

    n = 2.0 * rows.shape[1] * len(rows) * len(queries)
    return _told(_least(work), n / 1e9, "Gflop/s")


def _model(file: str) -> Row:
    import numpy as np
    from tokenizers import Tokenizer

    from prefdata.backends._sentence.locate import locate

    texts = [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines()]
    tokenizer = Tokenizer.from_file(str(next(Path(str(locate("auto"))).rglob("tokenizer.json"))))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_LONGEST)
    lengths = [len(found.ids) for found in tokenizer.encode_batch(texts)]
    multiplied = sum(
        _LAYERS * (12 * _WIDTH**2 * length + 2 * _WIDTH * length**2) for length in lengths
    )
    left, right = np.ones((2, _SQUARE, _SQUARE), np.float32)
    repeats = 5

    def work() -> None:
        for _ in range(repeats):
            left @ right

    cpu, wall = _least(work)
    share = multiplied / (repeats * _SQUARE**3)
    return _told((cpu * share, wall * share), 2 * multiplied / 1e9, "Gflop/s")


def _loopback(url: str, n: str) -> Row:
    from benchmarks.chat import MAX_TOKENS, messages

    where = urlsplit(url)
    head = f"POST {where.path}/chat/completions HTTP/1.1\r\nHost: {where.netloc}\r\n"
    packets = []
    for number in range(int(n)):
        asked = {"messages": messages(number), "max_tokens": MAX_TOKENS, "temperature": 0.0}
        body = json.dumps({"model": "m", **asked})
        packets.append(
            f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )

    async def one(numbers: Iterator[int]) -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        for number in numbers:
            writer.write(packets[number].encode())
            answered = await reader.readuntil(b"\r\n\r\n")
            length = answered.lower().split(b"content-length:")[1].split(b"\r\n")[0]
            await reader.readexactly(int(length))
        writer.close()

    async def work() -> None:
        numbers = iter(range(int(n)))
        await asyncio.gather(*(one(numbers) for _ in range(_CONNECTIONS)))

    return _told(_least(lambda: asyncio.run(work())), int(n), "requests/s")


_LIMITS: dict[str, Callable[..., Row]] = {
    "inflate": _inflate,
    "hash": _hash,
    "search": _search,
    "copy": _copy,
    "write": _write,
    "products": _products,
    "model": _model,
    "loopback": _loopback,
}

if __name__ == "__main__":
    print(json.dumps(_LIMITS[sys.argv[1]](*sys.argv[2:])))
