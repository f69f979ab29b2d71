"""What is known is not asked, what is asked is kept, and all of it is told."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from prefdata.chat import store as store_module
from prefdata.chat.store import ChatStore
from prefdata.core.events import Note, Progress, StepFinished, StepStarted
from prefdata.protocols import ChatReply
from prefdata.schema import check, table_schema

if TYPE_CHECKING:
    from prefdata.catalog import Catalog
    from prefdata.protocols import ChatAnswers

__all__: list[str] = []


def _read(text: str) -> None:
    if text != "good":
        raise ValueError(text)


def test_what_is_known_is_not_asked(
    get: Any, catalog: Catalog, toy: Any, params: Any, ask: Any
) -> None:
    first = get(ask("a", "b", "a"), params())
    assert [answer.text for answer in first.answers] == ["Echo: a", "Echo: b", "Echo: a"]
    assert (first.n_asked, len(toy.asked), toy.n_opened, toy.n_closed) == (2, 2, 1, 1)
    again = get(ask("b", "a"), params())
    assert (again.n_asked, len(toy.asked), toy.n_opened) == (0, 2, 1)
    assert again.answers == [first.answers[1], first.answers[0]]
    assert get(ask("b", "c"), params()).n_asked == 1
    rows = catalog.scan("answers", (first.chat,)).collect()
    assert rows["request"].n_unique() == rows.height == 3
    for table in ("answers", "spending"):
        assert check(catalog.scan(table).collect(), table_schema(table)).rejects.is_empty()


def test_models_and_wordings_do_not_mix(get: Any, toy: Any, params: Any, ask: Any) -> None:
    models = [params(), params(model="n"), params(extra_body={"a": 1}), params(attempts=2)]
    found = [get(ask("a"), model) for model in models]
    assert [one.n_asked for one in found] == [1, 1, 1, 0]
    assert len({one.chat for one in found}) == 3


def test_everything_of_an_answer_comes_back_from_the_table(
    get: Any, catalog: Catalog, toy: Any, params: Any, ask: Any, says: Any
) -> None:
    likeliest = ((("A", -0.25), ("B", -1.5)), (("!", float("-inf")),))
    toy.always(says("A\ud83d!", alternatives=likeliest, model="m-2", usage=None))
    (answer,) = get(ask("x", n_alternatives=2), params()).answers
    assert answer.text == "A?!"
    assert answer.alternatives == (likeliest[0], (("!", -9999.0),))
    assert get(ask("x", n_alternatives=2), params()).answers == [answer]
    (row,) = catalog.scan("answers").collect().to_dicts()
    assert (row["reported_model"], row["prompt_tokens"], row["purpose"]) == ("m-2", None, "test")
    assert (row["server"], row["model"], row["prompt_chars"]) == ("toy-server", "m", 1)


@pytest.mark.parametrize(
    ("reply", "status", "n_sent"),
    [
        (ChatReply("good"), "ok", 1),
        (ChatReply("goo", "length"), "cut", 1),
        (ChatReply(None, "content_filter", is_filtered=True), "filtered", 1),
        (ChatReply("bad"), "unreadable", 2),
    ],
)
def test_every_end_of_a_request_is_kept(
    reply: ChatReply, status: str, n_sent: int, get: Any, toy: Any, params: Any, ask: Any
) -> None:
    toy.always(reply)
    (answer,) = get(ask("q"), params(), read=_read).answers
    assert (answer.status, answer.text) == (status, reply.text)
    assert get(ask("q"), params(), read=_read).answers == [answer]
    assert len(toy.asked) == n_sent


def test_what_the_user_sets_is_what_is_sent(get: Any, toy: Any, params: Any, ask: Any) -> None:
    mine = params(temperature=0.7, top_p=0.9, max_tokens=7)
    get(ask("q", "r", temperature=0.0), mine)
    assert {(r.temperature, r.top_p, r.max_tokens) for r in toy.asked} == {(0.7, 0.9, 7)}
    # Requests that differ only in what is overridden are one.
    assert get(ask("q", temperature=0.3), mine).n_asked == 0


def test_groups_are_cut_by_all_that_was_asked(get: Any, toy: Any, params: Any, ask: Any) -> None:
    toy.group, toy.is_remote = 3, False
    get(ask(*"bg"), params())
    toy.batches.clear()
    get(ask(*"abcdefgh"), params())
    assert toy.batches == [["a", "c"], ["d", "e", "f"], ["h"]]
    assert (toy.most_now, toy.n_closed) == (3, 0)


def test_a_model_on_this_machine_stays_open_until_another_is_needed(
    catalog: Catalog, toy: Any, params: Any, ask: Any
) -> None:
    toy.is_remote = False
    made = ChatStore(catalog)
    for text, name in (("a", "m"), ("b", "m"), ("c", "n")):
        made.get(ask(text), model=params(model=name), purpose="p", step="s")
    assert (toy.n_opened, toy.n_closed) == (2, 1)


def test_rates_hold_from_one_call_to_the_next(
    catalog: Catalog, toy: Any, params: Any, ask: Any
) -> None:
    made = ChatStore(catalog)
    started = time.monotonic()
    # One second's worth of ten goes at once, the other five evenly.
    for texts in ("abcdefg", "hijklmno"):
        made.get(ask(*texts), model=params(requests_per_minute=600), purpose="p", step="s")
    assert time.monotonic() - started >= 0.4


def test_the_work_is_told(get: Any, toy: Any, params: Any, ask: Any) -> None:
    told: list[Any] = []
    get(ask("a", "b"), params(), told.append)
    assert [type(event) for event in told] == [StepStarted, Progress, Note, StepFinished]
    assert told[1].done == 2
    for words in ("2 asked, 0 known", "2 attempts", "20 tokens in, 14 out", "0.0480 USD"):
        assert words in told[2].text
    told.clear()
    get(ask("a", "b"), params(), told.append)
    assert told == []


def test_long_work_is_moved_to_the_tables_meanwhile(
    get: Any,
    catalog: Catalog,
    toy: Any,
    params: Any,
    ask: Any,
    sums: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_module, "_MOVE_ANSWERS", 10)
    monkeypatch.setattr(store_module, "_TICK_SECONDS", 0.005)
    toy.latency_seconds = 0.01
    got = get(ask(*map(str, range(60))), params(concurrency=4))
    assert catalog.scan("spending").collect().height > 2
    assert sums("n_answers", "n_attempts", "n_lost") == (60, 60, 0)
    assert catalog.scan("answers", (got.chat,)).collect()["request"].n_unique() == 60


def test_it_works_where_an_event_loop_runs(get: Any, toy: Any, params: Any, ask: Any) -> None:
    async def notebook() -> ChatAnswers:
        found: ChatAnswers = get(ask("a"), params())
        return found

    assert asyncio.run(notebook()).answers[0].text == "Echo: a"


def test_no_requests_open_no_model(get: Any, toy: Any, params: Any) -> None:
    assert get([], params()).answers == []
    assert toy.n_opened == 0


def test_two_calls_at_the_same_time_keep_out_of_each_others_way(
    get: Any, catalog: Catalog, toy: Any, params: Any, ask: Any, sums: Any
) -> None:
    toy.latency_seconds = 0.02
    first, second = [str(i) for i in range(30)], [str(i) for i in range(30, 60)]

    async def both() -> list[ChatAnswers]:
        calls = (asyncio.to_thread(get, ask(*texts), params()) for texts in (first, second))
        return list(await asyncio.gather(*calls))

    found = asyncio.run(both())
    assert [len(one.answers) for one in found] == [30, 30]
    assert sums("n_answers", "n_attempts", "n_lost") == (60, 60, 0)
    assert catalog.scan("answers").collect()["request"].n_unique() == 60
