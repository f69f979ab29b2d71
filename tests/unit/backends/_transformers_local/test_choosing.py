"""The next token follows from scores and chance of its own row, whatever the other rows are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from prefdata.backends._transformers_local.choosing import Chooser, Row, row_of
from prefdata.protocols import ChatParams, ChatRequest

__all__: list[str] = []

_IDS = None  # the rows know their tokens
_PROBABILITIES = (0.5, 0.3, 0.15, 0.05)
_MODEL = ChatParams(model="m")


def _scores(*rows: Any) -> Any:
    import torch

    return torch.tensor(np.array(rows), dtype=torch.float32)


def _row(room: int = 100, params: ChatParams = _MODEL, **request: Any) -> Row:
    asked: dict[str, Any] = {"max_tokens": 50, "messages": ({"role": "user", "content": "Hi."},)}
    return row_of(ChatRequest(**{**asked, **request}), params, np.arange(3), room)


def _choose(rows: list[Row], scores: Any, *, stops: tuple[int, ...] = (), n: int = 1) -> Any:
    chooser = Chooser(rows, stops, lambda: False)
    return [chooser(_IDS, scores) for _ in range(n)][-1]


def test_at_temperature_0_the_likeliest_token_is_taken() -> None:
    rows = [_row(), _row(temperature=1e-9)]
    left = _choose(rows, _scores([0.0, 2.0, 1.0], [3.0, 2.0, 1.0]))
    assert [row.tokens for row in rows] == [[1], [0]]
    assert left.argmax(dim=-1).tolist() == [1, 0]
    assert left.isfinite().sum(dim=-1).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("temperature", "top_p", "expected"),
    [
        (1.0, None, np.array(_PROBABILITIES)),
        (0.5, None, np.square(_PROBABILITIES) / np.square(_PROBABILITIES).sum()),
        # The nucleus is the smallest set that reaches the share.
        (1.0, 0.7, np.array([0.625, 0.375, 0, 0])),
        (1.0, 0.4, np.array([1.0, 0, 0, 0])),
    ],
)
def test_tokens_are_drawn_by_their_probabilities(
    temperature: float, top_p: float | None, expected: Any
) -> None:
    n = 4000
    row = _row(temperature=temperature, top_p=top_p, max_tokens=n, room=n, seed=1)
    _choose([row], _scores(np.log(_PROBABILITIES)), n=n)
    shares = np.bincount(row.tokens, minlength=4) / n
    assert shares == pytest.approx(expected, abs=4 * (0.25 / n) ** 0.5)
    assert (shares[expected == 0] == 0).all()


def test_a_row_draws_the_same_in_any_company() -> None:
    random = np.random.default_rng(0)
    scores = _scores(*random.normal(size=(4, 30)))
    requests: list[dict[str, Any]] = [
        {"temperature": 1.0, "seed": 1},
        {},
        {"temperature": 0.7, "top_p": 0.8, "seed": 1},
        {"temperature": 1.0, "seed": 2},
    ]
    together = [_row(**request) for request in requests]
    _choose(together, scores, n=20)
    alone = [_row(**request) for request in requests]
    for number, row in enumerate(alone):
        _choose([row], scores[number : number + 1], n=20)
    assert [row.tokens for row in together] == [row.tokens for row in alone]


@pytest.mark.parametrize(
    "other",
    [{"seed": 2}, {"sample": 1}, {"messages": ({"role": "user", "content": "Ho."},)}],
)
def test_chance_follows_from_seed_sample_and_words(other: dict[str, Any]) -> None:
    scores = _scores(np.zeros(1000))
    one, same, another = (
        _row(temperature=1.0, seed=1),
        _row(temperature=1.0, seed=1, max_tokens=60),
        _row(**{"temperature": 1.0, "seed": 1, **other}),
    )
    for row in (one, same, another):
        _choose([row], scores, n=5)
    assert one.tokens == same.tokens
    assert one.tokens != another.tokens


def test_a_row_ends_at_a_stop_or_at_its_limit_and_the_others_go_on() -> None:
    import torch

    rows = [_row(), _row(max_tokens=1), _row(room=2), _row()]
    chooser = Chooser(rows, (2,), lambda: False)
    ids = torch.zeros(4, 1)
    chooser(ids, _scores([0, 0, 9], [9, 0, 0], [9, 0, 0], [0, 9, 0]))
    assert chooser.is_done(ids, None).tolist() == [True, True, False, False]
    chooser(ids, _scores([9, 0, 0], [9, 0, 0], [9, 0, 0], [0, 9, 0]))
    assert [row.finish_reason for row in rows] == ["stop", "length", "length", None]
    assert [row.tokens for row in rows] == [[2], [0], [0, 0], [1, 1]]


def test_work_that_is_stopped_is_done() -> None:
    import torch

    chooser = Chooser([_row(), _row()], (), lambda: True)
    assert chooser.is_done(torch.zeros(2, 1), None).tolist() == [True, True]


def test_the_taken_token_stands_before_the_likeliest() -> None:
    rows = [_row(n_alternatives=2), _row(), _row(n_alternatives=1)]
    _choose(rows, _scores(*[np.log(_PROBABILITIES)] * 3))
    taken, *likeliest = rows[0].alternatives[0]
    assert taken == likeliest[0]
    assert [token for token, _ in likeliest] == [0, 1]
    assert np.exp([value for _, value in likeliest]) == pytest.approx([0.5, 0.3])
    assert rows[1].alternatives == []
    assert len(rows[2].alternatives[0]) == 2


def test_scores_that_are_no_numbers_end_their_row_alone() -> None:
    rows = [_row(temperature=1.0), _row(temperature=1.0), _row()]
    _choose(rows, _scores([np.nan, 1.0], [-np.inf, 1.0], [np.inf, 1.0]))
    assert [row.finish_reason for row in rows] == ["lost", None, "lost"]
    assert rows[1].tokens == [1]


def test_the_users_parameters_win_over_the_stages() -> None:
    params = ChatParams(model="m", temperature=0.5, top_p=0.25, max_tokens=7)
    row = _row(params=params, temperature=1.0, top_p=0.5)
    assert (row.temperature, row.top_p, row.limit) == (0.5, 0.25, 7)
