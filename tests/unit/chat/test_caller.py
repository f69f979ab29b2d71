"""Each request is answered once and every attempt is counted, whatever fails."""

from __future__ import annotations

import asyncio
import itertools
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefdata.chat import caller as caller_module
from prefdata.chat.store import ChatStore
from prefdata.core.errors import BackendError
from prefdata.core.events import Note
from prefdata.protocols import ChatFault, ChatReply, Price, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.catalog import Catalog

__all__: list[str] = []

_FIFTY = [str(i) for i in range(50)]
_RUNS = itertools.count()


def test_an_unreadable_text_is_asked_for_again_with_another_seed(
    get: Any, toy: Any, params: Any, ask: Any, says: Any, sums: Any
) -> None:
    toy.by_number(lambda n: says("good" if n == 2 else "bad"))

    def read(text: str) -> None:
        if text != "good":
            raise ValueError(text)

    got = get(ask("q", seed=5), params(rereads=2), read=read)
    assert [request.seed for request in toy.asked] == [5, 6, 7]
    assert (got.answers[0].status, got.answers[0].text) == ("ok", "good")
    assert sums("n_answers", "n_attempts", "n_unreadable") == (1, 3, 2)
    assert sums("completion_tokens") == (10,)
    # It is the same request still, so it is known from now on.
    assert get(ask("q", seed=5), params(rereads=2), read=read).n_asked == 0


def test_faults_are_tried_again_and_counted(
    get: Any, toy: Any, params: Any, ask: Any, says: Any, fault: Any, sums: Any
) -> None:
    kinds = ("rate-limited", "server", "connection", "timeout", "malformed", "empty")
    toy.by_number(lambda n: fault(kinds[n], 0.01) if n < 6 else says("x"))
    told: list[Any] = []
    assert get(ask("q"), params(), told.append).answers[0].status == "ok"
    assert sums("n_attempts", "n_faults", "n_answers") == (7, 6, 1)
    # A limit costs nothing; of the other faults nobody knows what they cost.
    most = (1 + 64 + 16) * 1e-3 + 20 * 2e-3
    assert sums("cost", "uncertain_cost") == (pytest.approx(12e-3), pytest.approx(5 * most))
    notes = [event.text for event in told if isinstance(event, Note)]
    assert len([note for note in notes if "Trying again" in note]) == 6


def test_a_fault_that_was_counted_costs_what_was_counted(
    get: Any, toy: Any, params: Any, ask: Any, says: Any, fault: Any, sums: Any
) -> None:
    toy.by_number(lambda n: says("x") if n else fault("empty", usage=Usage(10, 5, 4)))
    get(ask("q"), params(price=Price(input=1000, output=2000, cached_input=100)))
    assert sums("prompt_tokens", "cached_tokens", "completion_tokens") == (20, 4, 6)
    cost = (16 * 1000 + 4 * 100 + 6 * 2000) / 1e6
    assert sums("cost", "uncertain_cost") == (pytest.approx(cost), 0)


def test_no_access_stops_everything(
    get: Any, toy: Any, params: Any, ask: Any, says: Any, fault: Any
) -> None:
    toy.by_number(lambda n: fault("access") if n == 3 else says("x"))
    told: list[Any] = []
    with pytest.raises(BackendError, match="OPENAI_API_KEY") as caught:
        get(ask(*_FIFTY), params(concurrency=1), told.append)
    assert not caught.value.retryable
    assert len(toy.asked) == 4
    assert not [event for event in told if isinstance(event, Note) and "Ctrl-C" in event.text]
    toy.always(says("x"))
    assert get(ask(*_FIFTY), params()).n_asked == 47
    assert max(toy.answered.values()) == 1


def test_who_has_no_access_does_not_wait_for_the_others(
    get: Any, toy: Any, params: Any, ask: Any, fault: Any
) -> None:
    toy.by_number(lambda n: None if n else fault("access"))
    told: list[Any] = []
    started = time.monotonic()
    with pytest.raises(BackendError, match="refuses every request"):
        get(ask(*"abc"), params(), told.append)
    assert time.monotonic() - started < 4
    assert not [event for event in told if isinstance(event, Note) and "waiting" in event.text]


def test_a_server_that_refuses_all_is_not_believed(
    get: Any, catalog: Catalog, toy: Any, params: Any, ask: Any, says: Any, fault: Any
) -> None:
    toy.always(fault("request"))
    with pytest.raises(BackendError, match="limit_field"):
        get(ask(*_FIFTY * 4, *map(str, range(500))), params(concurrency=4))
    assert 100 <= len(toy.asked) < 110
    with pytest.raises(BackendError, match="limit_field"):
        get(ask(*"abc"), params())
    assert catalog.scan("answers").collect().is_empty()
    # Where it answers others, it is.
    toy.by_text(lambda text: says("x") if text == "49" else fault("request"))
    got = get(ask(*_FIFTY), params(concurrency=1, attempts=1))
    assert [answer.status for answer in got.answers] == ["failed"] * 49 + ["ok"]
    assert got.answers[0].detail == "It is request."


def test_a_refusal_of_one_request_alone_is_its_answer(
    get: Any, toy: Any, params: Any, ask: Any, fault: Any, sums: Any
) -> None:
    toy.always(fault("request"))
    assert get(ask("q"), params()).answers[0].status == "failed"
    assert get(ask("q"), params()).n_asked == 0
    assert sums("n_answers", "n_attempts", "n_faults", "uncertain_cost") == (1, 1, 1, 0)


def test_a_server_that_is_gone_is_not_asked_for_long(
    get: Any, toy: Any, params: Any, ask: Any, fault: Any
) -> None:
    toy.always(fault("connection"))
    with pytest.raises(BackendError, match="stopped answering; 50 answers") as caught:
        get(ask(*_FIFTY), params(concurrency=4, attempts=3))
    assert caught.value.retryable
    assert len(toy.asked) <= 4 * 3 * 2


@pytest.mark.parametrize(("n", "attempts"), [(50, 8), (1, 8), (1, 1), (50, 2)])
def test_a_server_that_was_never_reached_is_given_up_soon(
    n: int, attempts: int, get: Any, toy: Any, params: Any, ask: Any, fault: Any, sums: Any
) -> None:
    toy.always(fault("connection", usage=Usage(0, 0)))
    model = params(concurrency=4, attempts=attempts, base_url="http://127.0.0.1:9/v1", server="x")
    words = f"could not be reached at http://127.0.0.1:9/v1; {n} answers"
    with pytest.raises(BackendError, match=words) as caught:
        get(ask(*_FIFTY[:n]), model)
    assert caught.value.retryable
    # Two more where the last of the workers meet.
    assert len(toy.asked) <= min(n, 4) * min(attempts, 4 + 2)
    assert sums("cost", "uncertain_cost", "n_lost") == (0, 0, 0)


def test_a_connection_that_fails_late_is_not_tried_often(
    get: Any, toy: Any, params: Any, ask: Any, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller_module, "_UNREACHED_SECONDS", 0.01)
    toy.latency_seconds = 0.02
    toy.always(fault("connection", usage=Usage(0, 0)))
    with pytest.raises(BackendError, match="could not be reached"):
        get(ask("q"), params())
    assert len(toy.asked) == 1


def test_a_server_that_was_reached_and_went_away_is_waited_for(
    catalog: Catalog, toy: Any, params: Any, ask: Any, says: Any, fault: Any
) -> None:
    gone = fault("connection", usage=Usage(0, 0))
    made = ChatStore(catalog)
    given: dict[str, Any] = {"purpose": "test", "step": "step"}
    toy.by_number(lambda n: gone if n else fault("server"))
    with pytest.raises(BackendError, match="stopped answering"):
        made.get(ask(*"abc"), model=params(concurrency=1), **given)
    assert len(toy.asked) == 3 * 8
    # So is one that has answered an earlier call of the same run.
    toy.asked.clear()
    toy.by_number(lambda n: gone if 0 < n < 7 else says("x"))
    made.get(ask("d"), model=params(), **given)
    assert made.get(ask("e"), model=params(), **given).answers[0].status == "ok"


def test_one_that_is_not_connected_does_not_stop_one_that_is(
    get: Any, toy: Any, params: Any, ask: Any, says: Any, fault: Any
) -> None:
    """A server with a short queue refuses connections while it is at work on the first answer."""
    n_left = iter(range(6))

    def script(text: str) -> ChatReply:
        is_refused = text == "b" and next(n_left, None) is not None
        reply: ChatReply = fault("connection", usage=Usage(0, 0)) if is_refused else says("x")
        return reply

    async def slowly(requests: Any) -> Any:
        if requests[0].messages[-1]["content"] == "a":
            await asyncio.sleep(0.2)
        return await ask_at_once(requests)

    ask_at_once, toy.ask = toy.ask, slowly
    toy.by_text(script)
    assert [answer.status for answer in get(ask("a", "b"), params()).answers] == ["ok", "ok"]
    assert len(toy.asked) == 8


def test_requests_that_exhaust_their_attempts_have_one_more_round(
    get: Any, toy: Any, params: Any, ask: Any, says: Any, fault: Any
) -> None:
    bad = {"a": 3, "b": 3, "g": 99}

    def script(text: str) -> ChatReply:
        bad[text] = bad.get(text, 0) - 1
        reply: ChatReply = fault("server") if bad[text] >= 0 else says("x")
        return reply

    toy.by_text(script)
    got = get(ask(*"abcdef"), params(concurrency=1, attempts=2))
    assert {answer.status for answer in got.answers} == {"ok"}
    with pytest.raises(BackendError, match="1 answers are missing after 2 attempts") as caught:
        get(ask(*"ghijk"), params(concurrency=1, attempts=2))
    assert caught.value.retryable
    assert "same command again" in str(caught.value)
    toy.always(says("x"))
    assert get(ask(*"ghijk"), params()).n_asked == 1


def test_answers_that_were_not_brought_back_are_neither_sent_nor_paid(
    get: Any, toy: Any, params: Any, ask: Any, says: Any, fault: Any, sums: Any
) -> None:
    toy.group, toy.is_remote = 10, False
    toy.by_number(lambda n: says("x") if n % 2 else fault("missing"))
    with pytest.raises(BackendError, match=r"2 answers are missing\. It is missing"):
        get(ask(*"abcd"), params(budget=1.0))
    assert sums("n_attempts", "n_faults", "n_answers") == (2, 0, 2)
    toy.always(says("x"))
    assert get(ask(*"abcd"), params()).n_asked == 2


def test_no_more_requests_are_on_their_way_than_allowed(
    get: Any, toy: Any, params: Any, ask: Any
) -> None:
    toy.latency_seconds = 0.001
    get(ask(*_FIFTY), params(concurrency=7))
    assert toy.most_now == 7


def test_an_error_of_the_model_keeps_what_was_answered(
    get: Any, toy: Any, params: Any, ask: Any, says: Any, sums: Any
) -> None:
    toy.by_number(lambda n: BackendError("Out of order.") if n == 5 else says("x"))
    with pytest.raises(BackendError, match="Out of order"):
        get(ask(*_FIFTY), params(concurrency=1))
    assert sums("n_answers", "n_attempts", "n_lost") == (5, 6, 1)


def test_ctrl_c_waits_for_what_is_on_its_way(
    get: Any, toy: Any, params: Any, ask: Any, sums: Any
) -> None:
    toy.latency_seconds = 0.02

    def press(_: Any) -> None:
        if len(toy.asked) == 12:
            signal.raise_signal(signal.SIGINT)

    toy.on_ask = press
    with pytest.raises(KeyboardInterrupt):
        get(ask(*_FIFTY), params(concurrency=4))
    n = len(toy.asked)
    assert n < 50
    assert sums("n_answers", "n_attempts", "n_lost") == (n, n, 0)
    toy.on_ask = len
    assert get(ask(*_FIFTY), params()).n_asked == 50 - n
    assert set(toy.answered.values()) == {1}


def test_a_second_ctrl_c_waits_for_nothing(
    get: Any, toy: Any, params: Any, ask: Any, sums: Any
) -> None:
    toy.latency_seconds = 30
    main = threading.main_thread().ident or 0
    for seconds in (0.3, 0.6):
        threading.Timer(seconds, signal.pthread_kill, (main, signal.SIGINT)).start()
    told: list[Any] = []
    with pytest.raises(KeyboardInterrupt):
        get(ask(*_FIFTY), params(concurrency=4), told.append)
    assert sums("n_answers", "n_attempts", "n_lost") == (0, 4, 4)
    assert [event for event in told if isinstance(event, Note) and "waiting for 4" in event.text]
    most = (1 + 64 + 16) * 1e-3 + 20 * 2e-3
    assert sums("uncertain_cost") == (pytest.approx(4 * most),)


_ENDS = st.sampled_from(
    ["ok"] * 6 + ["bad", "rate-limited", "server", "connection", "malformed", "paid", "request"]
)


def _reply(end: str, size: int) -> ChatReply:
    usage = Usage(5 + size % 7, 1 + size % 20)
    if end in ("ok", "bad"):
        return ChatReply(f"{end} {'x' * size}", "stop", usage)
    kind: Any = "empty" if end == "paid" else end
    return ChatReply(fault=ChatFault(kind, "So."), usage=usage if end == "paid" else None)


def _read(text: str) -> None:
    if text.startswith("bad"):
        raise ValueError(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    ends=st.lists(st.tuples(_ENDS, st.integers(0, 30)), max_size=60),
    n=st.integers(1, 25),
    ways=st.tuples(st.integers(1, 8), st.integers(1, 4)),
)
def test_any_faults_leave_every_request_answered_once_and_every_token_counted(
    ends: list[tuple[str, int]],
    n: int,
    ways: tuple[int, int],
    get: Any,
    toy: Any,
    params: Any,
    ask: Any,
    sums: Callable[..., tuple[Any, ...]],
) -> None:
    concurrency, group = ways
    run = f"run-{next(_RUNS)}"
    toy.asked, toy.replies, toy.group, toy.is_remote = [], [], group, group == 1
    script = [("ok", 1), *ends]
    toy.by_number(lambda i: _reply(*script[i]) if i < len(script) else _reply("ok", 3))
    texts = [f"question {i}" for i in range(n)]
    model = params(model=run, concurrency=concurrency, attempts=99)
    got = get(ask(*texts), model, read=_read, step=run)
    pairs = [
        (request.messages[0]["content"], reply)
        for request, reply in zip(toy.asked, toy.replies, strict=True)
    ]
    # Nothing is asked again after its final answer.
    final = [
        text
        for text, reply in pairs
        if (reply.text or "").startswith("ok") or (reply.fault and reply.fault.kind == "request")
    ]
    assert len(final) == len(set(final))
    assert [answer.status for answer in got.answers if answer.status == "ok"]
    usages = [reply.usage for _, reply in pairs if reply.usage]
    assert sums("n_answers", "n_attempts", "n_faults", "n_lost", step=run) == (
        *(n, len(pairs), sum(reply.fault is not None for _, reply in pairs), 0),
    )
    asked, said = sum(u.prompt_tokens for u in usages), sum(u.completion_tokens for u in usages)
    assert sums("prompt_tokens", "completion_tokens", step=run) == (asked, said)
    assert sums("cost", step=run)[0] == pytest.approx(asked * 1e-3 + said * 2e-3)
    assert get(ask(*texts), model, read=_read).answers == got.answers
