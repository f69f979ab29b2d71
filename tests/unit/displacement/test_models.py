"""A scorer is named by all that decides its scores."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from prefdata.core.errors import UserError
from prefdata.displacement.models import causal_backend, scorer_id
from prefdata.protocols import CausalIdentity

__all__: list[str] = []

_IDENTITY = CausalIdentity("r", "t", "float32", 64, "separate")


@pytest.mark.parametrize(
    "change",
    [
        {"revision": "s"},
        {"template": "u"},
        {"dtype": "bfloat16"},
        {"max_tokens": 63},
        {"boundary": "joint"},
    ],
)
def test_what_decides_the_scores_changes_the_name(change: dict[str, Any]) -> None:
    backend = causal_backend()
    other = dataclasses.replace(_IDENTITY, **change)
    assert scorer_id(backend, _IDENTITY) == scorer_id(backend, dataclasses.replace(_IDENTITY))
    assert scorer_id(backend, other) != scorer_id(backend, _IDENTITY)


def test_an_embedder_gives_no_hidden_states() -> None:
    with pytest.raises(UserError, match="no hidden states"):
        causal_backend("lexical")
