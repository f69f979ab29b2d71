"""Asking a chat model: wall clock against the ideal, and CPU, beside other clients.

```
python -m benchmarks.chat [--peers-python PYTHON]        ours, a plain loop over openai, distilabel
python -m benchmarks.chat clients                        what HTTP alone costs in each client
```

A scripted server in a process of its own answers each request after 50 ms (`--latency`), 64 at a
time (`--concurrency`); a request has 1.6 kB. The ideal wall clock is requests × latency ÷
concurrency. Each side runs in a fresh process, in turns, and asks as many other requests as go at a
time before what is measured begins, so that libraries are imported, tables made, and connections
open where they are kept. ``cpu`` is of all threads of the asking process, in seconds; ``cpu_share``
is cpu ÷ wall, where 1 is one core. Each run prints one line of JSON, and the medians come last:

- ``ours``: `ChatStore.get`, with journal, retries, ledger and the commit of all answers to a
  catalog; ``known_seconds`` is the same call again, which asks nothing;
- ``backend``: what is below that, a bare loop over the backend `openai-compatible`;
- ``openai``: a plain asyncio loop over the official client;
- ``distilabel``: `OpenAILLM.generate_outputs` by batches of `--concurrency`, as its tasks call it,
  in the interpreter of the peers; left out where that has none.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Ask = Callable[[int], Awaitable[str]]

__all__ = ["MAX_TOKENS", "Stopwatch", "messages", "server", "warm_up"]

MAX_TOKENS = 200
_SIDES = ("ours", "backend", "openai")
_CLIENTS = ("aiohttp", "httpx2", "httpx", "openai")
_PEER = "distilabel"
_KEY = "none-is-needed"
_TEXT = "Which of the two answers follows the request more closely, and why? " * 22
_TIMEOUT_SECONDS = 60.0


def messages(number: int) -> list[dict[str, str]]:
    """Return the messages of a request: 1.6 kB, of which the first characters differ."""
    return [
        {"role": "system", "content": "You compare two answers."},
        {"role": "user", "content": f"{number}. {_TEXT}"},
    ]


def warm_up(n_requests: int, concurrency: int) -> range:
    """Return the numbers of requests that are asked before what is measured."""
    return range(n_requests, n_requests + concurrency)


class Stopwatch:
    """Measures wall clock and the CPU time of all threads, and says them of n requests."""

    def __init__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def said(self, side: str, n: int) -> dict[str, Any]:
        """Return what n requests have cost since the start."""
        wall, cpu = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
        return {
            "side": side,
            "requests": n,
            "wall": round(wall, 3),
            "cpu": round(cpu, 3),
            "cpu_share": round(cpu / wall, 3),
            "cpu_ms_per_request": round(1e3 * cpu / n, 3),
        }


def main() -> None:
    """Run the sides in turns against one server, and print what each cost."""
    options = _options()
    if options.url:
        print(json.dumps(_run_side(options)), flush=True)
        return
    groups = {"all": _SIDES, "clients": _CLIENTS}
    sides = [*groups.get(options.what, (options.what,))]
    if options.what == "all" and _has_distilabel(options.peers_python):
        sides.append(_PEER)
    ideal = options.requests * options.latency / options.concurrency
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    with server(options.latency) as url:
        for _ in range(options.rounds):
            for side in sides:
                said = _measured(side, url, options)
                runs[side].append({**said, "times_ideal": round(said["wall"] / ideal, 3)})
                print(json.dumps(runs[side][-1]), flush=True)
    print(f"medians of {options.rounds}; ideal {ideal:.3f} s; load {os.getloadavg()[0]:.1f}")
    for side, said in runs.items():
        figures = {k: _median(said, k) for k in said[0] if k not in ("side", "requests")}
        print(json.dumps({"side": side, **figures}))


def _median(runs: list[dict[str, Any]], figure: str) -> float:
    return round(statistics.median(run[figure] for run in runs), 3)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chat")
    known = ["all", "clients", *dict.fromkeys((*_SIDES, *_CLIENTS, _PEER))]
    parser.add_argument("what", nargs="?", default="all", choices=known)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds per answer")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--url", help="of a server that runs: measure one side, and say so")
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter of the peers")
    return parser.parse_args()


@contextlib.contextmanager
def server(latency: float) -> Iterator[str]:
    """Run the scripted server in a process of its own."""
    command = [sys.executable, "-m", "prefdata.testing.chat_server", "--attached"]
    command += ["--latency", str(latency)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


def _measured(side: str, url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one side in a process of its own."""
    is_peer = side == _PEER
    command = [options.peers_python if is_peer else sys.executable, "-W", "ignore", "-m"]
    command += ["benchmarks.peer_distilabel_chat"] if is_peer else ["benchmarks.chat", side]
    command += ["--url", url, "--requests", str(options.requests)]
    command += ["--concurrency", str(options.concurrency)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _has_distilabel(python: str) -> bool:
    code = "from distilabel.models import OpenAILLM; import openai"
    return not subprocess.run([python, "-c", code], check=False, capture_output=True).returncode


def _run_side(options: argparse.Namespace) -> dict[str, Any]:
    if options.what == "ours":
        return _ours(options)
    makers: dict[str, Callable[[argparse.Namespace, contextlib.AsyncExitStack], Any]] = {
        "backend": _backend,
        "openai": _openai,
        "aiohttp": _aiohttp,
        "httpx": _httpx,
        "httpx2": _httpx,
    }
    return asyncio.run(_loop(options, makers[options.what]))


async def _loop(
    options: argparse.Namespace,
    make: Callable[[argparse.Namespace, contextlib.AsyncExitStack], Awaitable[Ask]],
) -> dict[str, Any]:
    """Ask all requests through a client, so many at a time."""
    async with contextlib.AsyncExitStack() as stack:
        ask = await make(options, stack)

        async def work(numbers: Iterator[int]) -> int:
            n = 0
            for number in numbers:
                assert (await ask(number)).startswith("Echo ")
                n += 1
            return n

        async def all_of(numbers: Iterator[int]) -> int:
            return sum(await asyncio.gather(*(work(numbers) for _ in range(options.concurrency))))

        await all_of(iter(warm_up(options.requests, options.concurrency)))
        watch = Stopwatch()
        answered = await all_of(iter(range(options.requests)))
        said = watch.said(options.what, options.requests)
    assert answered == options.requests
    return said


def _ours(options: argparse.Namespace) -> dict[str, Any]:
    """Ask through the whole core: journal, ledger, and the answers committed to a catalog."""
    from prefdata.catalog import Catalog
    from prefdata.chat.store import ChatStore
    from prefdata.protocols import ChatParams, ChatRequest, Price

    params = ChatParams(
        model="m",
        backend="openai-compatible",
        base_url=options.url,
        concurrency=options.concurrency,
        price=Price(input=1.0, output=2.0),
        budget=1e6,
    )

    def made(numbers: range) -> list[ChatRequest]:
        return [ChatRequest(tuple(messages(number)), MAX_TOKENS) for number in numbers]

    requests = made(range(options.requests))
    first = made(warm_up(options.requests, options.concurrency))
    with tempfile.TemporaryDirectory() as folder:
        store = ChatStore(Catalog.create(Path(folder) / "workspace"))
        store.get(first, model=params, purpose="bench", step="bench")
        watch = Stopwatch()
        found = store.get(requests, model=params, purpose="bench", step="bench")
        said = watch.said("ours", options.requests)
        assert found.n_asked == options.requests
        assert all(answer.status == "ok" for answer in found.answers)
        again = Stopwatch()
        known = store.get(requests, model=params, purpose="bench", step="bench")
        said["known_seconds"] = again.said("ours", options.requests)["wall"]
        assert (known.n_asked, known.answers) == (0, found.answers)
    return said


async def _backend(options: argparse.Namespace, stack: contextlib.AsyncExitStack) -> Ask:
    from prefdata.backends.openai_compatible import openai_compatible
    from prefdata.core.events import silent
    from prefdata.protocols import ChatParams, ChatRequest

    params = ChatParams(model="m", base_url=options.url, concurrency=options.concurrency)
    model = openai_compatible.open(params, Path(), silent)
    stack.push_async_callback(model.close)

    async def ask(number: int) -> str:
        (reply,) = await model.ask([ChatRequest(tuple(messages(number)), MAX_TOKENS)])
        return reply.text or ""

    return ask


async def _openai(options: argparse.Namespace, stack: contextlib.AsyncExitStack) -> Ask:
    import openai

    made = openai.AsyncOpenAI(base_url=options.url, api_key=_KEY)
    client: Any = await stack.enter_async_context(made)

    async def ask(number: int) -> str:
        reply = await client.chat.completions.create(
            model="m", messages=messages(number), max_tokens=MAX_TOKENS, temperature=0.0
        )
        return str(reply.choices[0].message.content)

    return ask


def _body(number: int) -> bytes:
    asked = {"messages": messages(number), "max_tokens": MAX_TOKENS, "temperature": 0.0}
    return json.dumps({"model": "m", **asked}).encode()


def _text(raw: bytes) -> str:
    return str(json.loads(raw)["choices"][0]["message"]["content"])


async def _aiohttp(options: argparse.Namespace, stack: contextlib.AsyncExitStack) -> Ask:
    import aiohttp

    made = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=options.concurrency),
        timeout=aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS),
        headers={"Content-Type": "application/json"},
    )
    client: Any = await stack.enter_async_context(made)

    async def ask(number: int) -> str:
        url = f"{options.url}/chat/completions"
        async with client.post(url, data=_body(number)) as response:
            return _text(await response.read())

    return ask


async def _httpx(options: argparse.Namespace, stack: contextlib.AsyncExitStack) -> Ask:
    import importlib

    httpx = importlib.import_module(options.what)
    limits = httpx.Limits(
        max_connections=options.concurrency, max_keepalive_connections=options.concurrency
    )
    made = httpx.AsyncClient(
        limits=limits, timeout=_TIMEOUT_SECONDS, headers={"Content-Type": "application/json"}
    )
    client: Any = await stack.enter_async_context(made)

    async def ask(number: int) -> str:
        response = await client.post(f"{options.url}/chat/completions", content=_body(number))
        return _text(response.content)

    return ask


if __name__ == "__main__":
    main()
