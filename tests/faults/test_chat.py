"""A chat server that fails, a process that is stopped or killed: no answer is lost or paid twice.

The server is a scripted one on loopback (`prefdata.testing.chat_server`); backend, caller, journal
and catalog are the real ones. ``PREFDATA_CHAT_ROWS=2000`` runs it at full length.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import stamina

from prefdata.catalog import Catalog
from prefdata.catalog.verify import verify
from prefdata.chat.store import ChatStore
from prefdata.core.errors import BudgetError
from prefdata.protocols import ChatParams, ChatRequest, Price
from prefdata.schema import check, table_schema
from prefdata.testing.chat_server import FAULT_KINDS, ChatServer, Faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefdata.testing.chat_server import FaultName

_ROWS = int(os.environ.get("PREFDATA_CHAT_ROWS", "300"))
_FULL = 2000
_KILLS = int(os.environ.get("PREFDATA_KILLS", "2"))
_SEED = int(os.environ.get("PREFDATA_KILL_SEED", "0"))
_PRICE = Price(input=1000.0, output=3000.0)
_SEEN = ("good", "empty-choices", "null-content")
"""Bills that reach the client; the others were in bodies that broke."""


@pytest.fixture(autouse=True)
def _short_waits() -> Iterator[None]:
    """Wait for nothing, except in the full length."""
    with stamina.set_testing(_ROWS < _FULL, attempts=100, cap=True):
        yield


def _requests(n: int, max_tokens: int = 30) -> list[ChatRequest]:
    return [
        ChatRequest(({"role": "user", "content": f"Which is better, {i}?"},), max_tokens, seed=1)
        for i in range(n)
    ]


def _read(text: str) -> None:
    if json.loads(text)["verdict"] not in ("X", "Y"):
        raise ValueError(text)


class _Judge:
    """Answers in JSON, every seventh time in half of it, and counts good answers by request."""

    def __init__(self) -> None:
        self.good: Counter[str] = Counter()
        self.n = 0

    def __call__(self, body: dict[str, Any]) -> str:
        text = json.dumps({"verdict": "XY"[len(body["messages"][0]["content"]) % 2]})
        self.n += 1
        return text[:-4] if self.n % 7 == 0 else text


def _model(server: ChatServer, **more: Any) -> ChatParams:
    given = {
        "model": "scripted",
        "base_url": server.base_url,
        "server": "scripted",
        "price": _PRICE,
        "timeout_seconds": 2,
        "attempts": 12,
        "rereads": 6,
    }
    return ChatParams.model_validate(given | more)


def _ledger(catalog: Catalog) -> dict[str, Any]:
    for table in ("answers", "spending"):
        assert check(catalog.scan(table).collect(), table_schema(table)).rejects.is_empty()
    sums: dict[str, Any] = catalog.scan("spending").sum().collect().to_dicts()[0]
    return sums


def _billed(server: ChatServer, kinds: Any) -> tuple[int, int, float]:
    bills = [bill for kind, bill in server.log.bills.items() if kind in kinds]
    asked, said = sum(b.prompt_tokens for b in bills), sum(b.completion_tokens for b in bills)
    return asked, said, (asked * _PRICE.input + said * _PRICE.output) / 1e6


def test_rows_survive_a_server_that_fails_at_every_third_request(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    kinds = tuple(kind for kind in FAULT_KINDS if kind not in ("slow", "429-date"))
    started = time.monotonic()
    with ChatServer(
        _Judge(), faults=Faults(0.3, kinds, seed=_SEED), latency_seconds=0.01
    ) as server:
        got = ChatStore(catalog).get(
            _requests(_ROWS), model=_model(server), purpose="judge", step="s", read=_read
        )
        seconds = time.monotonic() - started
        again = ChatStore(catalog).get(
            _requests(_ROWS), model=_model(server), purpose="judge", step="s", read=_read
        )
    assert [answer.status for answer in got.answers] == ["ok"] * _ROWS
    assert (again.answers, again.n_asked) == (got.answers, 0)
    log, ledger = server.log, _ledger(catalog)
    answers = catalog.scan("answers").collect()
    assert answers["request"].n_unique() == answers.height == _ROWS
    # A request is not sent again after an answer that could be read.
    unreadable = log.n_answered - _ROWS
    assert (ledger["n_answers"], ledger["n_unreadable"]) == (_ROWS, unreadable)
    assert (ledger["n_attempts"], ledger["n_faults"]) == (log.n_received, log.faulted.total())
    assert ledger["n_attempts"] == answers["n_attempts"].sum()
    asked, said, cost = _billed(server, _SEEN)
    assert (ledger["prompt_tokens"], ledger["completion_tokens"]) == (asked, said)
    assert ledger["cost"] == pytest.approx(cost)
    unseen = _billed(server, set(log.bills) - set(_SEEN))[2]
    assert unseen <= ledger["uncertain_cost"]
    assert ledger["n_lost"] == 0
    print(  # noqa: T201 - shown by pytest -s
        f"{_ROWS} rows, {log.n_received} attempts, {dict(log.faulted)} faults, {unreadable} "
        f"unreadable, {seconds:.1f} s; cost {ledger['cost']:.4f} (server {cost:.4f}), uncertain "
        f"{ledger['uncertain_cost']:.4f} (server {unseen:.4f})"
    )


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_a_budget_stops_within_one_request_of_the_cap(share: float, tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / "w")
    kinds: tuple[FaultName, ...] = ("429", "500", "truncated", "empty-choices")
    requests = _requests(_ROWS, max_tokens=10)
    most = (len("Which is better, 1999?") + 64 + 16) * 1e-3 + 10 * 3e-3
    budget = _ROWS * 0.02
    with ChatServer(_Judge(), faults=Faults(share, kinds, seed=_SEED)) as server:
        model = _model(server, budget=budget)
        store = ChatStore(catalog)
        with pytest.raises(BudgetError, match="answers are missing"):
            store.get(requests, model=model, purpose="judge", step="s", read=_read)
        ledger = _ledger(catalog)
        spent = ledger["cost"] + ledger["uncertain_cost"]
        assert budget - most < spent <= budget
        assert _billed(server, server.log.bills)[2] <= budget
        # Nothing more is sent on the next run, and the rest with a larger budget.
        n = server.log.n_received
        with pytest.raises(BudgetError):
            store.get(requests, model=model, purpose="judge", step="s", read=_read)
        assert server.log.n_received == n
        larger = _model(server, budget=1e6)
        got = store.get(requests, model=larger, purpose="judge", step="s", read=_read)
    assert len(got.answers) == _ROWS
    assert got.n_asked == _ROWS - ledger["n_answers"]
    print(f"budget {budget:g}, spent {spent:.4f}, one request at most {most:.4f}")  # noqa: T201


_PROGRAM = """
import sys
from prefdata.catalog import Catalog
from prefdata.chat.store import ChatStore
from prefdata.protocols import ChatParams, ChatRequest, Price
workspace, url, rows = sys.argv[1:]
model = ChatParams(
    model="scripted", base_url=url, server="scripted", price=Price(input=1000, output=3000),
    concurrency=16, timeout_seconds=20, attempts=12,
)
requests = [
    ChatRequest(({"role": "user", "content": f"Which is better, {i}?"},), 30, seed=1)
    for i in range(int(rows))
]
print("ready", flush=True)
got = ChatStore(Catalog.open(workspace)).get(requests, model=model, purpose="judge", step="s")
print(len(got.answers), got.n_asked, flush=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_who_is_stopped_goes_on_without_asking_again(how: signal.Signals, tmp_path: Path) -> None:
    program, workspace = tmp_path / "program.py", tmp_path / "w"
    program.write_text(textwrap.dedent(_PROGRAM))
    Catalog.create(workspace)
    chance = random.Random(_SEED)  # noqa: S311 - moments of a test
    n_stopped = 0
    with ChatServer(lambda _: "X is better.", latency_seconds=0.02) as server:
        command = [sys.executable, program, workspace, server.base_url, str(_ROWS)]
        for i in range(_KILLS):
            before = server.log.n_received
            wanted = before + chance.randint(1, max((_ROWS - before) // (_KILLS - i), 2))
            child = _start(command)
            while child.poll() is None and server.log.n_received < wanted:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.03))
            if child.poll() is None:
                n_stopped += 1
                child.send_signal(how)
            assert _end(child)[0] in (0, -how, 130)
            assert verify(Catalog.open(workspace), is_deep=True).problems == ()
        status, said = _end(_start(command))
        assert status == 0
        n_answers, n_asked = map(int, said.split())
    log, ledger = server.log, _ledger(Catalog.open(workspace))
    twice = log.n_answered - len(log.answered)
    assert n_stopped > 0
    assert n_answers == ledger["n_answers"] == len(log.answered) == _ROWS
    if how == signal.SIGINT:
        assert (twice, ledger["n_lost"]) == (0, 0)
    # What was on its way when the process was killed may be asked again, and is accounted for.
    assert twice <= ledger["n_lost"] <= 16 * n_stopped
    assert log.n_received <= ledger["n_attempts"] <= log.n_received + ledger["n_lost"]
    billed = _billed(server, ["good"])[2]
    assert ledger["cost"] <= billed * (1 + 1e-9)
    assert billed <= (ledger["cost"] + ledger["uncertain_cost"]) * (1 + 1e-9)
    print(  # noqa: T201 - shown by pytest -s
        f"{how.name}: {n_stopped} of {_KILLS}; {log.n_received} received, {twice} answered twice, "
        f"{ledger['n_lost']} lost, {n_asked} asked at the end"
    )


def _start(command: list[Any]) -> subprocess.Popen[str]:
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def _end(child: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = child.communicate(timeout=60)
    return child.returncode, said
