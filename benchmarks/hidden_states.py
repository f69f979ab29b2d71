"""Hidden states of a causal language model: what sharing prompts saves, and what it costs.

```
python -m benchmarks.hidden_states                                       on a CPU, one thread
python -m benchmarks.hidden_states --device cuda --dtype bfloat16 --size 1b --pairs 512
```

The weights are random, built from a configuration: they stand in for real ones, since the cost does
not depend on their values. Texts are random tokens, prompts of about 150 and responses of 180 to
220. Each case prints one line of JSON, for three sides that run in turns:

- ``naive``: the whole model with logits and all hidden states, each side of each pair at batch 1;
- ``backbone``: the same without head, logits and other states;
- ``ours``: the backend, each response once.

``seconds`` is the least of the repetitions: of the CPU of all threads, or of the clock on a GPU.
There, ``prefill`` is a fourth side: the bare layers over full rows of 512 tokens at the budget of
our batches, whose tokens per second are the most that the model gives.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.backends._causal_lm.backbone import take
from prefdata.backends._causal_lm.run import CausalStates
from prefdata.protocols import CausalIdentity, CausalParams, TokenUnit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__: list[str] = []

_SIZES = {
    "tiny": (384, 8, 6, 6, 1024, 4_096),
    "1b": (2048, 16, 32, 8, 8192, 128_256),
    "8b": (4096, 32, 32, 8, 14336, 128_256),
}
"""Width, layers, heads, heads of keys, inner width, vocabulary; the larger ones are Llama 3's."""
_BIG_VOCABULARY = 32_000
_BUDGET = 32_768
_FULL_ROW = 512
_GIGA = 1e9


def main() -> None:
    """Run all cases and print what they measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hidden_states")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], default="float32")
    parser.add_argument("--size", choices=sorted(_SIZES), default="tiny")
    parser.add_argument("--sharing", choices=["auto", "packed", "cache", "none"], default="auto")
    parser.add_argument("--pairs", type=int, default=8, help="prompts with one pair")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="on a CPU")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    vocabulary = _SIZES[options.size][-1]
    cases = [("one pair per prompt", 2, vocabulary), ("four responses, six pairs", 4, vocabulary)]
    if vocabulary < _BIG_VOCABULARY:
        cases.append(("one pair per prompt, large vocabulary", 2, _BIG_VOCABULARY))
    for name, n_responses, n_tokens in cases:
        print(json.dumps({"case": name, **_case(options, n_responses, n_tokens)}), flush=True)


def _case(options: argparse.Namespace, n_responses: int, vocabulary: int) -> dict[str, Any]:
    """Measure the sides in turns, so that whatever else the machine does meets all of them."""
    model = _model(options, vocabulary)
    n_parameters = sum(p.numel() for p in model.parameters())
    units = _units(max(1, 2 * options.pairs // n_responses), n_responses, vocabulary)
    params = CausalParams(model="random", sharing=options.sharing, dtype=options.dtype)
    identity = CausalIdentity("", "", options.dtype, 8_192, params.boundary)
    ours = CausalStates(take(model, "random"), _NO_TEXTS, params, identity, _tell)
    sides: dict[str, Callable[[], list[NDArray[np.float32]]]] = {
        "naive": lambda: _loop(units, lambda ids: _naive(model, ids)),
        "backbone": lambda: _loop(units, lambda ids: _backbone(model, ids)),
        "ours": lambda: [_pairs(found.sums) for found in ours.states(units)],
    }
    if options.device != "cpu":
        sides["prefill"] = lambda: _prefill(model, vocabulary)
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    found = {}
    for _ in range(options.repetitions):
        for side, run in sides.items():
            ours.tokens_fed = 0
            _start_memory(options.device)
            began = clock()
            found[side] = run()
            seconds[side].append(clock() - began)
            if side == "ours":
                n_fed, peak = ours.tokens_fed, _peak_memory(options.device)
    least = {side: min(taken) for side, taken in seconds.items()}
    rates = {"ours": n_fed / least["ours"]}
    if "prefill" in least:
        rates["prefill"] = _BUDGET / least["prefill"]
    return {
        "weights": f"random, {n_parameters / 1e6:,.1f}M parameters",
        "device": _device_name(options.device),
        "dtype": options.dtype,
        "settings": dict(ours.settings),
        "numpy": metadata.version("numpy"),
        "threads": options.threads if options.device == "cpu" else None,
        "prompts": len(units),
        "responses_per_prompt": n_responses,
        "vocabulary": vocabulary,
        "seconds": {side: round(value, 4) for side, value in least.items()},
        "times_naive": round(least["naive"] / least["ours"], 3),
        "times_backbone": round(least["backbone"] / least["ours"], 3),
        "tokens_fed": n_fed,
        "tokens_there": sum(unit.n_tokens for unit in units),
        "tokens_per_second": {side: round(rate) for side, rate in rates.items()},
        "share_of_prefill": round(rates["ours"] / rates["prefill"], 3)
        if "prefill" in rates
        else None,
        "peak_gb": peak,
        "greatest_difference": {
            side: _difference(found["ours"], found[side]) for side in ("naive", "backbone")
        },
    }


def _model(options: argparse.Namespace, vocabulary: int) -> Any:
    """Return a Llama of random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    width, layers, heads, key_heads, inner, _ = _SIZES[options.size]
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        intermediate_size=inner,
        max_position_embeddings=8_192,
    )
    torch.manual_seed(0)
    with torch.device(options.device):
        before = torch.get_default_dtype()
        torch.set_default_dtype(getattr(torch, options.dtype))
        model = LlamaForCausalLM(config)
        torch.set_default_dtype(before)
    prepared: Any = model
    return prepared.eval().requires_grad_(requires_grad=False)


def _units(n_prompts: int, n_responses: int, vocabulary: int) -> list[TokenUnit]:
    random = np.random.default_rng(0)

    def draw(low: int, high: int) -> NDArray[np.int32]:
        return random.integers(0, vocabulary, random.integers(low, high + 1)).astype(np.int32)

    return [
        TokenUnit(draw(130, 170), tuple(draw(180, 220) for _ in range(n_responses)))
        for _ in range(n_prompts)
    ]


def _pairs(sums: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sums of both sides of all pairs of responses, ``(pairs, 2, d)``."""
    return sums[list(itertools.combinations(range(len(sums)), 2))]


def _loop(
    units: Sequence[TokenUnit], states: Callable[[NDArray[np.int64]], Any]
) -> list[NDArray[np.float32]]:
    """Read both sides of each pair, one after the other."""
    import torch

    found = []
    with torch.inference_mode():
        for unit in units:
            pairs = []
            for pair in itertools.combinations(unit.responses, 2):
                for response in pair:
                    ids = np.concatenate([unit.prompt, response]).astype(np.int64)[None]
                    kept = states(ids)[0, len(unit.prompt) - 1 :].float().sum(dim=0)
                    pairs.append(kept.cpu().numpy())
            found.append(np.stack(pairs).reshape(-1, 2, pairs[0].shape[0]))
    return found


def _naive(model: Any, ids: NDArray[np.int64]) -> Any:
    import torch

    return model(torch.from_numpy(ids).to(model.device), output_hidden_states=True).hidden_states[
        -1
    ]


def _backbone(model: Any, ids: NDArray[np.int64]) -> Any:
    import torch

    there = torch.from_numpy(ids).to(model.device)
    return model.model(there, use_cache=False).last_hidden_state


def _prefill(model: Any, vocabulary: int) -> list[NDArray[np.float32]]:
    """Run the layers once over a full batch, and wait until they are done."""
    import torch

    random = np.random.default_rng(0)
    ids = random.integers(0, vocabulary, (_BUDGET // _FULL_ROW, _FULL_ROW))
    with torch.inference_mode():
        states = _backbone(model, ids)
        return [states[0, -1:].float().cpu().numpy()]


def _difference(
    ours: Sequence[NDArray[np.float32]], theirs: Sequence[NDArray[np.float32]]
) -> float:
    """Return the greatest difference of a score, as a share of the terms that it is made of."""
    worst = 0.0
    for a, b in zip(ours, theirs, strict=True):
        (dot, square), (other_dot, other_square) = (_terms(sums) for sums in (a, b))
        off = np.abs((dot - square) - (other_dot - other_square))
        worst = max(worst, float((off / (np.abs(other_dot) + other_square)).max()))
    return float(f"{worst:.1e}")


def _terms(sums: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    chosen, rejected = sums[:, 0].astype(np.float64), sums[:, 1].astype(np.float64)
    return (chosen * rejected).sum(axis=1), (chosen * chosen).sum(axis=1)


def _start_memory(device: str) -> None:
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()


def _peak_memory(device: str) -> float | None:
    """Return the most memory of the GPU that was in use, the weights included."""
    import torch

    if not device.startswith("cuda"):
        return None
    return round(torch.cuda.max_memory_allocated() / _GIGA, 2)


def _device_name(device: str) -> str:
    import torch

    return str(torch.cuda.get_device_name(device)) if device.startswith("cuda") else device


def _tell(event: object) -> None:
    print(json.dumps({"note": str(event)}))


_NO_TEXTS: Any = None
"""Only tokens are read here."""


if __name__ == "__main__":
    main()
