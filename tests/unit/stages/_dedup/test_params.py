from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prefdata.protocols import EmbedderParams, Outside
from prefdata.stages.dedup import Dedup, dedup

__all__: list[str] = []


def test_only_what_the_subject_needs_is_read() -> None:
    assert Dedup().reads(dedup.reads) == ("prompts", "judgments")
    assert Dedup(subject="responses").reads(dedup.reads) == ("responses", "judgments")
    assert set(Dedup(subject="pairs").reads(dedup.reads)) == {"pairs", "prompts", "responses"}


def test_what_lies_outside_is_named() -> None:
    assert Dedup().outside() == Outside()
    assert Dedup(against="v1").outside() == Outside(snapshots=("v1",))
    model = EmbedderParams(model="lexical")
    assert Dedup.model_validate({"method": "semantic", "model": "lexical"}).outside() == Outside(
        models=(model,)
    )


def test_wording_is_compared_whole_and_meaning_by_the_view_that_is_embedded() -> None:
    assert Dedup().prompt_view == "conversation"
    assert Dedup(method="semantic").prompt_view == "user"
    assert Dedup(view="last").prompt_view == "last"


def test_bands_follow_the_threshold_or_what_is_given() -> None:
    assert Dedup().banding == (25, 5)
    assert Dedup(threshold=0.8).banding == (18, 7)
    assert Dedup(bands=14, rows=8).banding == (14, 8)
    assert Dedup(bands=32).banding == (32, 4)
    assert Dedup(rows=8).banding == (16, 8)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"view": "text"}, "prompts have no view 'text'"),
        ({"subject": "responses", "view": "last"}, "responses have no view 'last'"),
        ({"bands": 14, "rows": 16}, "need 224 permutations"),
        ({"bands": 129}, "129 bands of 0 rows"),
        ({"threshold": 0.0}, "greater than 0"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Dedup(**params)
