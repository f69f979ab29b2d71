"""What precision decides: on a model whose scores nearly cancel, bfloat16 would keep other pairs.

Real models send all texts into one narrow cone: more than 99 % of the inner products of their
hidden states are positive. The model here has random weights and a last norm with a large bias,
which does the same: scores are some 10⁻⁴ of the terms whose difference they are. It is saved in
bfloat16, as models on the hub are, and libraries would compute with it in bfloat16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from prefdata.backends.causal_lm import causal_lm
from prefdata.core.events import silent
from prefdata.metrics.ches import ChesParts, ches_parts, from_parts
from prefdata.protocols import CausalParams, TokenUnit
from prefdata.testing.causal import write_tiny_causal_lm

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__: list[str] = []

_N_PAIRS, _N_KEPT = 180, 9
_SEED = 1


def _units() -> list[TokenUnit]:
    stream = np.random.RandomState(_SEED)

    def tokens(low: int, high: int) -> NDArray[np.int32]:
        return stream.randint(0, 256, stream.randint(low, high)).astype(np.int32)

    return [TokenUnit(tokens(10, 30), (tokens(20, 80), tokens(20, 80))) for _ in range(_N_PAIRS)]


_UNITS = _units()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in bfloat16 whose hidden states are a common offset and a little more."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = write_tiny_causal_lm(
        tmp_path_factory.mktemp("narrow"), "gpt2", seed=_SEED, dtype="bfloat16"
    )
    weights = load_file(folder / "model.safetensors")
    offset = 16 * (2 * np.random.RandomState(8).random_sample(48) - 1)
    weights["transformer.ln_f.bias"] = torch.from_numpy(offset).to(torch.bfloat16)
    weights["transformer.ln_f.weight"] /= 4
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _states(folder: Path, dtype: str) -> list[list[Any]]:
    """Return the states after the prompt and each token of a response, as transformers has them."""
    import torch
    import transformers

    auto: Any = transformers.AutoModelForCausalLM
    settings = {} if dtype == "as saved" else {"dtype": getattr(torch, dtype)}
    model = auto.from_pretrained(folder, **settings).eval()
    with torch.inference_mode():
        return [
            [
                model.transformer(
                    torch.from_numpy(np.concatenate([unit.prompt, response]))[None]
                ).last_hidden_state[0, len(unit.prompt) - 1 :]
                for response in unit.responses
            ]
            for unit in _UNITS
        ]


@pytest.fixture(scope="module")
def double(folder: Path) -> list[list[Any]]:
    """The states of a model of float64, whose weights are those of the file."""
    return _states(folder, "float64")


@pytest.fixture(scope="module")
def exact(double: list[list[Any]]) -> NDArray[np.float64]:
    """LN-CHES from states, sums and differences in float64."""
    scores = []
    for chosen, rejected in double:
        mean, other = chosen.mean(dim=0), rejected.mean(dim=0)
        scores.append(float(mean @ (other - mean)))
    return np.array(scores)


@pytest.fixture(scope="module")
def careless(folder: Path) -> NDArray[np.float64]:
    """LN-CHES as code that nobody told of it computes it: all in the precision of the file."""
    import torch

    scores = []
    for chosen, rejected in _states(folder, "as saved"):
        assert chosen.dtype == torch.bfloat16
        pos, neg = chosen.sum(dim=0), rejected.sum(dim=0)
        n, m = len(chosen), len(rejected)
        scores.append(float((pos * neg).sum() / (n * m) - (pos * pos).sum() / n**2))
    return np.array(scores)


def _ours(folder: Path, **settings: str) -> tuple[ChesParts, NDArray[np.int64]]:
    """Return the scores as the package computes them, and the counts ``(n, 2)``."""
    params = CausalParams.model_validate({"model": str(folder), "device": "cpu", **settings})
    found = causal_lm.open(params, causal_lm.identify(params), "cpu", silent).states(_UNITS)
    sums, n = np.stack([unit.sums for unit in found]), np.stack([unit.n for unit in found])
    return ches_parts(sums[:, 0], sums[:, 1], n[:, 0], n[:, 1]), n


@pytest.fixture(scope="module")
def ours(folder: Path) -> tuple[ChesParts, NDArray[np.int64]]:
    """Scores by the defaults."""
    return _ours(folder)


def _kept(scores: NDArray[np.float64]) -> set[int]:
    """Return the pairs of the lowest twentieth, which is what filtering keeps."""
    return {int(row) for row in np.argsort(scores, kind="stable")[:_N_KEPT]}


def _spearman(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    # Scores of bfloat16 have ties, whose ranks are averaged.
    return float(spearmanr(one, other).statistic)


def test_the_model_is_as_narrow_as_real_ones(
    double: list[list[Any]], exact: NDArray[np.float64]
) -> None:
    shares = []
    for (chosen, rejected), score in zip(double, exact, strict=True):
        assert float((chosen @ rejected.T).min()) > 0
        mean, other = chosen.mean(dim=0), rejected.mean(dim=0)
        shares.append(abs(score) / (abs(float(mean @ other)) + float(mean @ mean)))
    assert 1e-4 < float(np.median(shares)) < 4e-4


def test_by_default_a_cpu_keeps_the_pairs_that_float64_keeps(
    folder: Path, ours: tuple[ChesParts, NDArray[np.int64]], exact: NDArray[np.float64]
) -> None:
    assert causal_lm.identify(CausalParams(model=str(folder), device="cpu")).dtype == "float32"
    assert _kept(ours[0].ln_ches) == _kept(exact)
    assert _spearman(ours[0].ln_ches, exact) > 0.9999


def test_what_the_tables_keep_is_enough_to_keep_the_same_pairs(
    ours: tuple[ChesParts, NDArray[np.int64]], exact: NDArray[np.float64]
) -> None:
    parts, n = ours
    again = from_parts(parts.dot, parts.sq_pos, parts.sq_neg, n[:, 0], n[:, 1])
    np.testing.assert_allclose(again.ln_ches, parts.ln_ches, rtol=1e-9)
    assert _kept(again.ln_ches) == _kept(exact)


def test_sums_of_float32_save_most_of_what_bfloat16_states_leave(
    folder: Path, exact: NDArray[np.float64], careless: NDArray[np.float64]
) -> None:
    found = _ours(folder, dtype="bfloat16")[0].ln_ches
    assert _spearman(found, exact) > 0.98
    assert len(_kept(found) & _kept(exact)) >= 7
    assert np.median(np.abs(found - exact)) < np.median(np.abs(careless - exact)) / 5


def test_the_trap_is_real(exact: NDArray[np.float64], careless: NDArray[np.float64]) -> None:
    assert _spearman(careless, exact) < 0.5
    assert len(_kept(careless) & _kept(exact)) <= 4
