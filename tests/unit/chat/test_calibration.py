"""What a model was seen to count is what it is expected to count."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.chat.calibration import Calibration, calibrate
from prefdata.chat.kept import AnswerRow, answers_frame
from prefdata.protocols import ChatRequest
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from prefdata.catalog import Catalog

__all__: list[str] = []


def _request(text: str, **more: Any) -> ChatRequest:
    return ChatRequest(({"role": "user", "content": text},), **({"max_tokens": 50} | more))


def _commit(catalog: Catalog, n: int, purpose: str) -> None:
    """Write answers of 8 tokens and 16 characters, to requests of 30 tokens and 100 characters."""
    rows = [
        AnswerRow(f"{purpose}{i}", None, "ok", "x" * 16, "stop", None, 30, 15, 8, 100, 1, None)
        for i in range(n)
    ]
    frame = answers_frame(rows, chat="chat", purpose=purpose, model="m", server="s")
    with catalog.write() as write:
        write.put("answers", ("chat",), frame)
        write.commit("answers")


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("The quick brown fox jumps over the lazy dog. " * 4, 40, 55),
        ("Быстрая лиса прыгает через ленивую собаку. " * 4, 60, 100),
        ("敏捷的棕色狐狸跳过懒狗" * 4, 30, 60),
    ],
)
def test_a_guess_knows_that_letters_differ(text: str, least: int, most: int) -> None:
    assert least <= Calibration().prompt_tokens(_request(text)) <= most


def test_an_answer_is_as_long_as_its_stand_in_and_without_one_as_long_as_it_may_be() -> None:
    guess = Calibration()
    assert guess.completion_tokens(_request("q", stand_in="x" * 40)) == 11
    assert guess.completion_tokens(_request("q", stand_in="x" * 4000)) == 50
    assert guess.completion_tokens(_request("q")) == 50


def test_few_answers_are_no_ground(catalog: Catalog) -> None:
    assert calibrate(catalog, "chat", "judge") == Calibration()
    _commit(catalog, 19, "judge")
    assert calibrate(catalog, "chat", "judge").n == 0


def test_answers_of_the_same_purpose_tell_their_length(catalog: Catalog) -> None:
    _commit(catalog, 20, "judge")
    seen = calibrate(catalog, "chat", "judge")
    assert (seen.n, seen.cached_share) == (20, 0.5)
    assert seen.prompt_tokens(_request("x" * 200)) == pytest.approx(60)
    assert seen.completion_tokens(_request("q", stand_in="x" * 400)) == 8


def test_answers_of_another_purpose_tell_no_more_than_what_a_character_takes(
    catalog: Catalog,
) -> None:
    _commit(catalog, 20, "judge")
    seen = calibrate(catalog, "chat", "write")
    assert seen.n == 0
    assert seen.prompt_tokens(_request("x" * 200)) == pytest.approx(60)
    assert seen.completion_tokens(_request("q", stand_in="x" * 40)) == pytest.approx(20)
    assert calibrate(catalog, "another", "judge").n == 0


def test_attempts_that_brought_nothing_are_part_of_the_price(catalog: Catalog) -> None:
    _commit(catalog, 20, "judge")
    row = {"spending_id": "s", "step": "x", "purpose": "judge", "chat": "chat", "model": "m"}
    counts = ("n_answers", "n_attempts", "n_faults", "n_unreadable", "n_lost")
    tokens = {"prompt_tokens": 900, "cached_tokens": 300, "completion_tokens": 240}
    times = {"started_at": datetime(2026, 1, 1), "duration_seconds": 1.0}  # noqa: DTZ001 - UTC
    frame = pl.DataFrame([row | dict.fromkeys(counts, 20) | tokens | times | {"server": "s"}])
    with catalog.write() as write:
        write.put("spending", (), conform(frame, table_schema("spending")))
        write.commit("ledger")
    seen = calibrate(catalog, "chat", "judge")
    assert seen.prompt_tokens(_request("x" * 100)) == pytest.approx(45)
    assert seen.completion_tokens(_request("q")) == pytest.approx(12)
    assert seen.cached_share == pytest.approx(1 / 3)
