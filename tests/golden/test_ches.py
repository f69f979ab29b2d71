"""What we score is what the definition says, which `ches/reference.py` follows by the letter.

The models have random weights, which stand in for real ones. Errors are measured by the scale of
the terms, never by the score, which is a small difference of these.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from prefdata.backends.causal_lm import causal_lm
from prefdata.core.events import silent
from prefdata.metrics.ches import ches_parts, edit_distance, last_dot
from prefdata.protocols import CausalParams, TokenUnit
from prefdata.testing.causal import write_byte_tokenizer, write_tiny_causal_lm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from prefdata.protocols import HiddenStates

__all__: list[str] = []

_FOLDER = Path(__file__).with_name("ches")
_GOLDEN = json.loads((_FOLDER / "reference.json").read_text(encoding="utf-8"))
_PAIRS = _GOLDEN["pairs"]
_ARCHITECTURES = list(_GOLDEN["models"])
_TOLERANCE = 1e-5
# Kinds of layers that models have beyond those of the golden file. Gemma alternates windows and
# caps its logits; OPT shifts positions; Falcon and Cohere run attention beside the perceptron;
# Mixtral routes tokens; Mamba is recurrent.
_OTHERS: dict[str, dict[str, Any]] = {
    "falcon": {"new_decoder_architecture": True},
    "gemma2": {"window": 8},
    "gpt_neox": {},
    "mamba": {},
    "mixtral": {"window": 8},
    "opt": {},
    "qwen3": {"head_dim": 16},
}
_MORE: dict[str, dict[str, Any]] = {
    "bloom": {},
    "cohere": {},
    "gemma3_text": {"window": 8},
    "granite": {},
    "olmo2": {},
    "phi3": {},
    "qwen2": {"window": 8},
}


def _load_reference() -> Any:
    spec = importlib.util.spec_from_file_location("ches_reference", _FOLDER / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_REFERENCE = _load_reference()


@dataclass(frozen=True)
class _Scores:
    """Scores of the golden pairs, and the errors that are allowed of each."""

    values: dict[str, NDArray[Any]]
    scales: dict[str, NDArray[np.float64]]

    @property
    def order(self) -> list[int]:
        return [int(row) for row in np.argsort(self.values["ln_ches"], kind="stable")]


def _scales(values: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
    dot, n_pos, n_neg = np.abs(values["dot"]), values["n_pos"], values["n_neg"]
    scale = dot + values["sq_pos"]
    return {
        "dot": scale,
        "sq_pos": scale,
        "sq_neg": dot + values["sq_neg"],
        "ches": scale,
        "ln_ches": dot / (n_pos * n_neg) + values["sq_pos"] / np.square(n_pos),
    }


def _golden(architecture: str) -> _Scores:
    scores = _GOLDEN["models"][architecture]["scores"]
    values = {name: np.array(column) for name, column in scores.items()}
    return _Scores(values, _scales(values))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The golden models as folders, in float32, in which their weights were drawn."""
    made = {}
    for architecture in _ARCHITECTURES:
        made[architecture] = tmp_path_factory.mktemp(architecture)
        _REFERENCE.build(architecture).float().save_pretrained(made[architecture])
        write_byte_tokenizer(made[architecture], bos=False)
    return made


def _open(folder: Path, **settings: Any) -> HiddenStates:
    given = {"model": str(folder), "device": "cpu", **settings}
    params = CausalParams.model_validate(given)
    return causal_lm.open(params, causal_lm.identify(params), "cpu", silent)


def _tokens(pair: dict[str, Any], side: str) -> NDArray[np.int32]:
    return np.array(pair[side], np.int32)


def _units(pairs: Sequence[dict[str, Any]]) -> dict[tuple[int, ...], dict[tuple[int, ...], int]]:
    """Return the distinct responses to each prompt, numbered."""
    units: dict[tuple[int, ...], dict[tuple[int, ...], int]] = {}
    for pair in pairs:
        rows = units.setdefault(tuple(pair["prompt"]), {})
        for side in ("chosen", "rejected"):
            rows.setdefault(tuple(pair[side]), len(rows))
    return units


def _score(
    opened: HiddenStates, pairs: Sequence[dict[str, Any]], seed: int | None = None
) -> _Scores:
    """Score pairs as the package does: each response once, units in an order of chance."""
    units = _units(pairs)
    prompts = list(units)
    if seed is not None:
        np.random.default_rng(seed).shuffle(prompts)
    asked = [
        TokenUnit(np.array(prompt, np.int32), tuple(np.array(r, np.int32) for r in units[prompt]))
        for prompt in prompts
    ]
    found = dict(zip(prompts, opened.states(asked), strict=True))

    def rows(field: str, side: str) -> NDArray[Any]:
        return np.stack(
            [
                getattr(found[tuple(pair["prompt"])], field)[
                    units[tuple(pair["prompt"])][tuple(pair[side])]
                ]
                for pair in pairs
            ]
        )

    n_pos, n_neg = rows("n", "chosen"), rows("n", "rejected")
    parts = ches_parts(rows("sums", "chosen"), rows("sums", "rejected"), n_pos, n_neg)
    last = last_dot(rows("last", "chosen"), rows("last", "rejected"))
    values = {**asdict(parts), "n_pos": n_pos, "n_neg": n_neg, "last_dot": last}
    return _Scores(values, _scales(values))


def _assert_equal(found: _Scores, golden: _Scores) -> None:
    for name in ("n_pos", "n_neg"):
        assert found.values[name].tolist() == golden.values[name].tolist()
    for name, scale in golden.scales.items():
        errors = np.abs(found.values[name] - golden.values[name]) / scale
        assert errors.max() <= _TOLERANCE, f"{name} of {_PAIRS[int(errors.argmax())]['name']}"
    ends = golden.values["last_dot"]
    np.testing.assert_allclose(
        found.values["last_dot"], ends, rtol=0, atol=_TOLERANCE * np.abs(ends).max()
    )


def test_the_golden_file_covers_what_it_is_for() -> None:
    names = {pair["name"] for pair in _PAIRS}
    assert len(names) == len(_PAIRS) >= 52
    assert sum(len(pair["prompt"]) + len(pair["chosen"]) > 16 for pair in _PAIRS) > 40
    assert {"llama", "gpt2", "mistral"} == set(_ARCHITECTURES)
    assert (_FOLDER / "reference.json").stat().st_size < 600_000


@pytest.mark.parametrize("architecture", _ARCHITECTURES)
def test_no_two_golden_scores_are_so_near_that_float32_could_turn_them(architecture: str) -> None:
    golden = _golden(architecture)
    ordered = golden.values["ln_ches"][golden.order]
    gaps = np.diff(ordered) / golden.scales["ln_ches"][golden.order][1:]
    # The two pairs of identical responses score exactly 0 and are ties in any precision.
    assert (golden.values["ln_ches"] == 0).sum() == 2
    assert np.sort(gaps)[1] > 1e-6
    assert golden.order == _GOLDEN["models"][architecture]["order"]


@pytest.mark.parametrize("architecture", _ARCHITECTURES)
def test_the_reference_still_gives_the_golden_values(architecture: str) -> None:
    model = _REFERENCE.build(architecture)
    assert _REFERENCE.digest(model.named_parameters()) == _GOLDEN["models"][architecture]["sha256"]
    golden = _golden(architecture)
    short = [row for row, pair in enumerate(_PAIRS) if len(pair["chosen"] + pair["rejected"]) < 24]
    assert len(short) >= 8
    for row in short[:8]:
        for name, value in _REFERENCE.score(model, _PAIRS[row]).items():
            scale = golden.scales.get(name, np.abs(golden.values[name]) + 1)[row]
            # Transformers norms and rotates in float32, which depends on the library's version.
            assert abs(value - golden.values[name][row]) <= 1e-6 * scale


@pytest.mark.parametrize("architecture", _ARCHITECTURES)
def test_the_weights_of_the_folders_are_the_golden_ones(
    architecture: str, folders: dict[str, Path]
) -> None:
    from safetensors.torch import load_file

    weights = load_file(folders[architecture] / "model.safetensors")
    assert _REFERENCE.digest(weights.items()) == _GOLDEN["models"][architecture]["sha256"]


@pytest.mark.parametrize("architecture", _ARCHITECTURES)
def test_scores_are_those_of_the_definition(architecture: str, folders: dict[str, Path]) -> None:
    golden = _golden(architecture)
    opened = _open(folders[architecture])
    found = _score(opened, _PAIRS)
    _assert_equal(found, golden)
    assert found.order == golden.order
    identical = [row for row, pair in enumerate(_PAIRS) if pair["chosen"] == pair["rejected"]]
    assert not found.values["ln_ches"][identical].any()


def test_edit_distances_are_those_of_the_definition() -> None:
    found = edit_distance(
        [_tokens(pair, "chosen") for pair in _PAIRS],
        [_tokens(pair, "rejected") for pair in _PAIRS],
    )
    assert found.tolist() == [pair["edit_distance"] for pair in _PAIRS]


@pytest.mark.parametrize("architecture", _ARCHITECTURES)
@pytest.mark.parametrize("sharing", ["packed", "cache", "none"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"batch_tokens": 300},
        {"chunk_tokens": 40, "batch_tokens": 100_000},
        pytest.param({"batch_tokens": 16}, marks=pytest.mark.slow),
        pytest.param({"chunk_tokens": 16}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_neither_sharing_nor_batches_nor_order_change_scores(
    architecture: str, sharing: str, settings: dict[str, int], folders: dict[str, Path]
) -> None:
    golden = _golden(architecture)
    opened = _open(folders[architecture], sharing=sharing, **settings)
    assert opened.settings["sharing"] == sharing
    found = _score(opened, _PAIRS, seed=len(sharing))
    _assert_equal(found, golden)
    assert found.order == golden.order


@pytest.mark.parametrize("architecture", _ARCHITECTURES)
def test_tokens_are_fed_once(architecture: str, folders: dict[str, Path]) -> None:
    expected = sum(
        len(prompt) + sum(map(len, responses)) for prompt, responses in _units(_PAIRS).items()
    )
    opened = _open(folders[architecture])
    before = opened.tokens_fed
    _score(opened, _PAIRS)
    assert opened.tokens_fed - before == expected


@pytest.mark.parametrize("architecture", _ARCHITECTURES)
def test_two_workers_on_a_cpu_give_the_same_bytes(
    architecture: str, folders: dict[str, Path]
) -> None:
    one, other = (_score(_open(folders[architecture]), _PAIRS) for _ in range(2))
    for name, values in one.values.items():
        assert values.tobytes() == other.values[name].tobytes()


@pytest.mark.parametrize("architecture", _ARCHITECTURES)
def test_shards_give_the_scores_of_the_whole(architecture: str, folders: dict[str, Path]) -> None:
    opened = _open(folders[architecture])
    whole = _score(opened, _PAIRS)
    for n_shards in (2, 7):
        shards = [
            _score(opened, [_PAIRS[row] for row in rows])
            for rows in np.array_split(np.arange(len(_PAIRS)), n_shards)
        ]
        for name, scale in whole.scales.items():
            found = np.concatenate([shard.values[name] for shard in shards])
            assert (np.abs(found - whole.values[name]) <= _TOLERANCE * scale).all()


_TEXTS = [row for row, pair in enumerate(_PAIRS) if "texts" in pair]


@pytest.mark.parametrize(
    ("architecture", "boundary", "padding_side"),
    [
        ("llama", "separate", "left"),
        ("gpt2", "joint", "left"),
        ("gpt2", "separate", "right"),
        ("mistral", "joint", "right"),
    ],
)
def test_texts_become_the_golden_tokens_and_scores(
    architecture: str,
    boundary: str,
    padding_side: str,
    folders: dict[str, Path],
    tmp_path: Path,
) -> None:
    folder = shutil.copytree(folders[architecture], tmp_path / "model")
    settings = folder / "tokenizer_config.json"
    said = json.loads(settings.read_text(encoding="utf-8"))
    settings.write_text(json.dumps(said | {"padding_side": padding_side}), encoding="utf-8")
    opened = _open(folder, boundary=boundary)
    pairs = [_PAIRS[row] for row in _TEXTS]
    encoded = opened.encode(
        [pair["messages"] for pair in pairs],
        [[[{"role": "assistant", "content": text}] for text in pair["texts"]] for pair in pairs],
    )
    read = [
        {
            "name": pair["name"],
            "prompt": chosen.prompt.tolist(),
            "chosen": chosen.response.tolist(),
            "rejected": rejected.response.tolist(),
        }
        for pair, (chosen, rejected) in zip(pairs, encoded, strict=True)
    ]
    assert read == [{key: pair[key] for key in read[0]} for pair in pairs]
    assert len(read) >= 5
    found, golden = _score(opened, read), _golden(architecture)
    for name, scale in golden.scales.items():
        errors = np.abs(found.values[name] - golden.values[name][_TEXTS])
        assert (errors <= _TOLERANCE * scale[_TEXTS]).all()


@pytest.mark.parametrize(
    "architecture", [*_OTHERS, *(pytest.param(name, marks=pytest.mark.slow) for name in _MORE)]
)
def test_other_kinds_of_models_score_by_the_definition_too(
    architecture: str, tmp_path: Path
) -> None:
    import torch
    import transformers

    folder = write_tiny_causal_lm(
        tmp_path, architecture, bos=False, **(_OTHERS | _MORE)[architecture]
    )
    auto: Any = transformers.AutoModelForCausalLM
    model = auto.from_pretrained(
        folder,
        dtype=torch.float64,
        attn_implementation="eager",
        # The product of many matrices at once, which experts are made of, has no float64.
        **({"experts_implementation": "eager"} if architecture == "mixtral" else {}),
    )
    names = {"one token against many", "empty chosen", "leading space"}
    pairs = [pair for pair in _PAIRS if pair["name"] in names]
    exact = [_REFERENCE.score(model.eval(), pair) for pair in pairs]
    values = {name: np.array([row[name] for row in exact]) for name in exact[0]}
    _assert_equal(_score(_open(folder), pairs), _Scores(values, _scales(values)))
