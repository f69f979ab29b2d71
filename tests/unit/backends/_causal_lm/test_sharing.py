from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata.backends._causal_lm.check import difference
from prefdata.core.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from prefdata.protocols import TokenUnit

__all__: list[str] = []

# Grouped queries and rotary positions; absolute positions; one window; windows in every other
# layer; chunks; experts; a projection before the unembedding.
PACKED = ["llama", "gpt2", "mistral", "gemma2", "llama4_text", "mixtral", "opt"]
# Distances in the attention itself; convolutions; a state of two kinds.
CACHED = ["bloom", "lfm2", "mamba2"]
ALONE = ["mamba"]
MODES = ["packed", "cache", "none"]


def _found(states: Any, units: list[TokenUnit]) -> list[NDArray[np.float32]]:
    return [np.stack([one.sums, one.last], axis=1) for one in states.states(units)]


def _assert_same(
    found: list[NDArray[np.float32]], expected: list[NDArray[np.float64]], limit: float = 1e-5
) -> None:
    for mine, theirs in zip(found, expected, strict=True):
        assert difference(mine, theirs.astype(np.float32)) < limit
        np.testing.assert_allclose(mine, theirs, atol=limit * np.abs(theirs).max() * 2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("architecture", PACKED)
def test_every_way_gives_what_one_forward_per_prefix_gives(
    architecture: str,
    mode: str,
    opened: Any,
    units: list[TokenUnit],
    by_definition: Callable[[str], Any],
) -> None:
    states, _ = opened(architecture, sharing=mode)
    _assert_same(_found(states, units), by_definition(architecture))
    shared = sum(unit.n_tokens for unit in units)
    again = sum((len(unit.responses) - 1) * len(unit.prompt) for unit in units)
    assert states.tokens_fed == shared + (again if mode == "none" else 0)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("architecture", ["llama", "gpt2", "mistral"])
def test_padding_to_a_batch_does_not_matter(
    architecture: str,
    mode: str,
    opened: Any,
    units: list[TokenUnit],
    by_definition: Callable[[str], Any],
) -> None:
    states, _ = opened(architecture, sharing=mode, batch_tokens=10_000)
    _assert_same(_found(states, units), by_definition(architecture))


@pytest.mark.parametrize(
    ("architecture", "mode"),
    [
        *((name, "packed") for name in PACKED),
        *((name, "cache") for name in CACHED),
        *((name, "none") for name in ALONE),
    ],
)
def test_auto_takes_the_first_way_that_a_model_stands(
    architecture: str,
    mode: str,
    opened: Any,
    units: list[TokenUnit],
    by_definition: Callable[[str], Any],
) -> None:
    states, told = opened(architecture)
    assert states.settings["sharing"] == mode
    # What is known from the settings of a model is not told: only what should work and does not.
    assert len(told) == (architecture in {"bloom", "mamba"})
    _assert_same(_found(states, units), by_definition(architecture))


def test_a_way_that_was_asked_for_and_fails_is_refused(opened: Any) -> None:
    with pytest.raises(BackendError, match="does not stand `sharing: packed`"):
        opened("bloom", sharing="packed")
    with pytest.raises(BackendError, match="does not stand `sharing: cache`"):
        opened("mamba", sharing="cache")
    with pytest.raises(BackendError, match="does not stand `sharing: packed`"):
        opened("lfm2", sharing="packed")
