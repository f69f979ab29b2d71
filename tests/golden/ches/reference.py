"""Scores by the letter of the definition: the golden values of CHES, from no code of prefdata.

    python tests/golden/ches/reference.py

writes ``reference.json`` beside it, in some minutes. One forward pass for each prefix of each
response, one text at a time, without padding, mask or cache, in models of float64; what is kept of
it is what the unembedding is given for the last token. The sums are Python's. The weights are
random and stand in for real ones; their digest is in the file, so that a test can make sure that it
scores the same models. Token ids are in the file too, so no tokenizer is part of the proof.

Definitions 2 and 3 of Razin et al. (2024), arXiv:2410.08847, with |y| counting the token that ends
a response; that token is never fed, since no state after it is in the sums.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["GOLDEN", "MODELS", "build", "digest", "pairs", "score"]

GOLDEN = Path(__file__).with_name("reference.json")
_COMMON = {"vocab_size": 272, "bos_token_id": 256, "eos_token_id": 257, "pad_token_id": None}
_LLAMA = {
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "max_position_embeddings": 512,
    "tie_word_embeddings": False,
}
MODELS: dict[str, dict[str, Any]] = {
    "llama": _COMMON | _LLAMA,  # grouped queries, rotary positions
    "gpt2": _COMMON | {"n_embd": 48, "n_layer": 3, "n_head": 4, "n_positions": 512},  # absolute
    "mistral": _COMMON | _LLAMA | {"sliding_window": 16},
}
_IM_START, _IM_END = 258, 257
Pair = dict[str, Any]


def build(architecture: str) -> Any:
    """Return a model with random weights from a frozen stream of numpy, in float64."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(architecture, **MODELS[architecture])
    config._attn_implementation = "eager"  # a plain product, softmax and product
    untyped: Any = AutoModelForCausalLM
    model = untyped.from_config(config).eval()
    stream = np.random.RandomState(list(MODELS).index(architecture))
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            values = 2 * stream.random_sample(tuple(weight.shape)) - 1
            if weight.ndim > 1:
                values *= 0.25
            else:
                values = 0.2 * values + (0.0 if name.endswith("bias") else 1.0)
            # They are rounded to float32, so that models of both precisions have the same.
            weight.copy_(torch.from_numpy(values.astype(np.float32)))
    return model.double()


def digest(weights: Iterable[tuple[str, Any]]) -> str:
    """Return the digest of named weights as float32, in the order of their names."""
    total = hashlib.sha256()
    for name, weight in sorted(weights, key=lambda item: item[0]):
        total.update(f"{name} {tuple(weight.shape)}\n".encode())
        total.update(np.ascontiguousarray(weight.detach().float().numpy()).tobytes())
    return total.hexdigest()


def pairs() -> list[Pair]:
    """Return 36 pairs of random tokens and one for each case that code has stumbled over."""
    return [*_random_pairs(), *_edge_pairs()]


def _random_pairs() -> Iterator[Pair]:
    """Return pairs after 24 prompts, half of them with three responses to 6 of these prompts."""
    stream = np.random.RandomState(2410)

    def tokens(low: int, high: int) -> list[int]:
        return [int(value) for value in stream.randint(0, 256, stream.randint(low, high))]

    for number in range(18):
        prompt, one, other = tokens(1, 41), tokens(1, 41), tokens(1, 41)
        yield _pair(f"random {number}", prompt, one, other)
    for number in range(6):
        prompt, responses = tokens(1, 31), [tokens(1, 31) for _ in range(3)]
        for i, j in itertools.combinations(range(3), 2):
            name = f"random prompt {number}, responses {i} and {j}"
            yield _pair(name, prompt, responses[i], responses[j])


def _edge_pairs() -> Iterator[Pair]:
    prompt = list(b"Which of these two keys opens the door?")
    one, other = list(b" The brass key, I believe."), list(b" I cannot tell you that.")
    yield _pair("identical", prompt, one, one)
    yield _pair("as they are", prompt, one, other)
    yield _pair("swapped", prompt, other, one)
    yield _pair("chosen begins rejected", prompt, one, one + other)
    yield _pair("rejected begins chosen", prompt, other + one, other)
    yield _pair("long common beginning", prompt, one * 3 + [65], one * 3 + [66])
    yield _pair("one token each", prompt, [89], [78])
    yield _pair("one token against many", prompt, [89], other)
    yield _pair("empty chosen", prompt, [], other)
    yield _pair("empty rejected", prompt, one, [])
    yield _pair("both empty", prompt, [], [])
    yield _pair("prompt of one token", [256], one, other)
    yield _pair("prompt of many windows", prompt * 4, other, one)
    yield _text_pair("unicode", [("user", "Ключ? 🔑")], "钥匙在门垫下。", "Non è qui — désolé…")
    yield _text_pair("leading space", [("user", "Yes or no?")], " Yes.", "Yes.")
    yield _text_pair("newlines", [("user", "Two\n\nlines.\n")], "One.\n\n\nTwo.\n", "\n\tOne. Two.")
    turns = [("user", "Hi."), ("assistant", "Hello!\n"), ("user", "A key?")]
    yield _text_pair("many turns", turns, "Under the mat.", "No.")
    system = [("system", "Be brief."), ("user", "A key?")]
    yield _text_pair("system", system, "Under the mat.", "I would look under the mat first.")


def _pair(name: str, prompt: list[int], chosen: list[int], rejected: list[int]) -> Pair:
    return {"name": name, "prompt": prompt, "chosen": chosen, "rejected": rejected}


def _text_pair(name: str, turns: list[tuple[str, str]], chosen: str, rejected: str) -> Pair:
    """Return the bytes of texts, the prompt between the marks of a chat; and the texts."""
    prompt: list[int] = []
    for role, text in turns:
        prompt += [_IM_START, *f"{role}\n{text}".encode(), _IM_END, 10]
    prompt += [_IM_START, *b"assistant\n"]
    texts = {
        "messages": [{"role": role, "content": text} for role, text in turns],
        "texts": [chosen, rejected],
    }
    return _pair(name, prompt, list(chosen.encode()), list(rejected.encode())) | texts


def hidden_state(model: Any, tokens: list[int]) -> list[float]:
    """Return what the unembedding is applied to after these tokens."""
    import torch

    given: list[Any] = []

    def keep(_: Any, inputs: tuple[Any, ...]) -> None:
        given.append(inputs[0])

    hook = model.get_output_embeddings().register_forward_pre_hook(keep)
    try:
        with torch.no_grad():
            model(torch.tensor([tokens]), use_cache=False)
    finally:
        hook.remove()
    return [float(value) for value in given[0][0, -1]]


def _summed(model: Any, prompt: list[int], response: list[int]) -> tuple[list[float], list[float]]:
    """Return S(y), over |y| = R + 1 prefixes, and the state after the whole response."""
    states = [hidden_state(model, prompt + response[:k]) for k in range(len(response) + 1)]
    return [math.fsum(values) for values in zip(*states, strict=True)], states[-1]


def _dot(one: list[float], other: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def score(model: Any, pair: Pair) -> dict[str, float]:
    """Return the scores of a pair by Definitions 2 and 3, and the inner product at the end."""
    s_pos, last_pos = _summed(model, pair["prompt"], pair["chosen"])
    s_neg, last_neg = _summed(model, pair["prompt"], pair["rejected"])
    n_pos, n_neg = len(pair["chosen"]) + 1, len(pair["rejected"]) + 1
    dot, sq_pos, sq_neg = _dot(s_pos, s_neg), _dot(s_pos, s_pos), _dot(s_neg, s_neg)
    return {
        "n_pos": n_pos,
        "n_neg": n_neg,
        "dot": dot,
        "sq_pos": sq_pos,
        "sq_neg": sq_neg,
        "ches": dot - sq_pos,
        "ln_ches": dot / (n_pos * n_neg) - sq_pos / n_pos**2,
        "last_dot": _dot(last_pos, last_neg),
    }


def _edit_distance(one: list[int], other: list[int]) -> float:
    """Return the distance of Levenshtein over the longer length, after Wagner and Fischer."""
    row = list(range(len(other) + 1))
    for i, token in enumerate(one, start=1):
        above, row = row, [i]
        for j, against in enumerate(other, start=1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (token != against)))
    return row[-1] / max(len(one), len(other), 1)


def main() -> None:
    """Write the golden file."""
    import torch
    import transformers

    torch.set_num_threads(1)
    chosen = [
        pair | {"edit_distance": _edit_distance(pair["chosen"], pair["rejected"])}
        for pair in pairs()
    ]
    models: dict[str, Any] = {}
    for architecture, config in MODELS.items():
        model = build(architecture)
        scores = [score(model, pair) for pair in chosen]
        models[architecture] = {
            "config": config,
            "sha256": digest(model.named_parameters()),
            "scores": {name: [row[name] for row in scores] for name in scores[0]},
            # Pairs of one score, such as two that are identical, stay as they are listed.
            "order": sorted(range(len(scores)), key=lambda i: scores[i]["ln_ches"]),
        }
    libraries = {"torch": torch.__version__, "transformers": transformers.__version__}
    golden = {"libraries": libraries, "pairs": chosen, "models": models}
    text = json.dumps(golden, ensure_ascii=True, separators=(",", ":"))
    # One pair, and one kind of score, to a line.
    for break_before in ('{"name"', '"pairs"', '"models"', '"llama"', '"gpt2"', '"mistral"'):
        text = text.replace(break_before, f"\n{break_before}")
    GOLDEN.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
