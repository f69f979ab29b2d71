"""A small language model, trained on the transcripts until it models them."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.displacement.data import EOS, tokenize
from benchmarks.displacement.likelihood import token_log_probs
from benchmarks.displacement.ngrams import bigram_perplexity, unigram_perplexity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from benchmarks.displacement.data import Tokens
    from benchmarks.displacement.sizes import Sizes

__all__ = ["make_model", "make_tokenizer"]

_WARM_UP = 0.05
_LAST_RATE = 0.05  # share of the highest learning rate that is left at the end
_IGNORED = -100
_N_LOOKS = 8


def make_tokenizer(texts: Sequence[tuple[str, str, str]], vocabulary: int, folder: Path) -> Any:
    """Learn a byte-level BPE from the texts, and save it as a tokenizer of transformers."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(("".join(triple[:2]) + triple[2] for triple in texts), trainer)
    make: Any = PreTrainedTokenizerFast
    fast = make(tokenizer_object=tokenizer, eos_token=EOS, pad_token=EOS)
    fast.save_pretrained(folder)
    return fast


def make_model(
    texts: Sequence[tuple[str, str, str]],
    is_held: NDArray[np.bool_],
    sizes: Sizes,
    folder: Path,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Train a tokenizer and a Llama of a few million parameters, and save both.

    Args:
        texts: Prompt, chosen and rejected of each pair.
        is_held: ``(n,)`` which pairs are not trained on.
        sizes: How large, how long.
        folder: Where the model is saved, in the form of transformers.
        tell: Gets a line now and then.

    Returns:
        What was measured: parameters, tokens, perplexities, seconds.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    started, cpu = time.perf_counter(), time.process_time()
    known = [triple for triple, held in zip(texts, is_held, strict=True) if not held]
    tokenizer = make_tokenizer(known, sizes.vocabulary, folder)
    tokens = tokenize(tokenizer, texts)
    train = [pair for pair, held in zip(tokens, is_held, strict=True) if not held]
    held = [pair for pair, held in zip(tokens, is_held, strict=True) if held]
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=sizes.width,
            intermediate_size=sizes.width * 8 // 3 // 32 * 32,
            num_hidden_layers=sizes.layers,
            num_attention_heads=sizes.heads,
            max_position_embeddings=sizes.longest,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    n_seen, curve = _train(model, train, held, sizes, tell)
    seen, unseen = (_perplexities(model, pairs, sizes) for pairs in (train[: len(held)], held))
    model.save_pretrained(folder)
    trained_rows, held_rows = _rows(train, sizes.longest), _rows(held, sizes.longest)
    facts = {
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "vocabulary": len(tokenizer),
        "pairs": {"trained_on": len(train), "held_out": len(held)},
        "tokens_of_transcripts": sum(map(len, trained_rows)),
        "tokens_trained_on": n_seen,
        "perplexity": {
            "unigram": unigram_perplexity(trained_rows, held_rows, len(tokenizer)),
            "bigram": bigram_perplexity(trained_rows, held_rows, len(tokenizer)),
            "model": unseen[0],
            "model_on_what_it_saw": seen[0],
        },
        "held_out_perplexity_while_training": curve,
        "perplexity_of_responses": {"model": unseen[1], "model_on_what_it_saw": seen[1]},
        "wall_seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }
    (folder / "facts.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    return facts


def _rows(pairs: Sequence[Tokens], longest: int) -> list[NDArray[np.int32]]:
    """Return both transcripts of each pair."""
    return [
        np.concatenate([pair.prompt, response])[:longest]
        for pair in pairs
        for response in (pair.chosen, pair.rejected)
    ]


def _train(
    model: Any,
    pairs: Sequence[Tokens],
    held: Sequence[Tokens],
    sizes: Sizes,
    tell: Callable[[str], None],
) -> tuple[int, list[tuple[int, float]]]:
    """Train with AdamW and a cosine.

    Returns:
        The number of tokens; and tokens with the perplexity of what is held out, at a few points.
    """
    import torch

    optimizer = torch.optim.AdamW(
        model.parameters(), lr=sizes.model_rate, betas=(0.9, 0.95), weight_decay=0.1
    )
    n_seen, losses = 0, []
    curve: list[tuple[int, float]] = []
    for batch in _batches(_rows(pairs, sizes.longest), sizes.model_batch_tokens):
        done = n_seen / sizes.model_tokens
        for group in optimizer.param_groups:
            group["lr"] = sizes.model_rate * _schedule(done)
        ids, labels = (torch.from_numpy(array) for array in _padded(batch))
        loss = model.train()(input_ids=ids, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        n_seen += sum(map(len, batch))
        if n_seen >= sizes.model_tokens * (len(curve) + 1) / _N_LOOKS:
            curve.append((n_seen, _perplexities(model.eval(), held, sizes)[0]))
            tell(
                f"language model: {n_seen:,} tokens, loss {np.mean(losses[-50:]):.3f}, "
                f"perplexity of what is held out {curve[-1][1]:.1f}"
            )
        if n_seen >= sizes.model_tokens:
            break
    model.eval()
    return n_seen, curve


def _schedule(done: float) -> float:
    """Return the share of the highest rate: up for a twentieth, then down along a cosine."""
    if done < _WARM_UP:
        return (done + 0.001) / _WARM_UP
    fallen = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return _LAST_RATE + (1 - _LAST_RATE) * fallen


def _batches(
    rows: Sequence[NDArray[np.int32]], batch_tokens: int
) -> Iterator[list[NDArray[np.int32]]]:
    """Yield batches of rows of similar length without end.

    The two transcripts of a pair share the prompt; an epoch takes one of them, the next the other.
    """
    random = np.random.default_rng(0)
    first = random.integers(0, 2, len(rows) // 2)
    for epoch in range(1_000_000):
        taken = 2 * np.arange(len(rows) // 2) + (first + epoch) % 2
        lengths = np.array([len(rows[i]) for i in taken]) * random.uniform(0.9, 1.1, len(taken))
        batches: list[list[NDArray[np.int32]]] = [[]]
        for i in taken[np.argsort(lengths)]:
            if batches[-1] and (len(batches[-1]) + 1) * len(rows[i]) > batch_tokens:
                batches.append([])
            batches[-1].append(rows[i])
        for number in random.permutation(len(batches)):
            yield batches[number]


def _padded(batch: Sequence[NDArray[np.int32]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ids and labels, ``(n, longest)`` each; padding stands right, so it needs no mask."""
    ids = np.zeros((len(batch), max(map(len, batch))), np.int64)
    labels = np.full_like(ids, _IGNORED)
    for row, tokens in enumerate(batch):
        ids[row, : len(tokens)] = labels[row, : len(tokens)] = tokens
    return ids, labels


def _perplexities(model: Any, pairs: Sequence[Tokens], sizes: Sizes) -> tuple[float, float]:
    """Return the perplexity of whole transcripts, and that of the responses alone."""
    sums = np.zeros(2)
    counts = np.zeros(2)
    for pair in pairs:
        rows = _rows([pair], sizes.longest)
        for found in token_log_probs(model, rows):
            answer = found[len(pair.prompt) - 1 :]
            sums += found.sum(), answer.sum()
            counts += len(found), len(answer)
    whole, answers = np.exp(-sums / counts)
    return float(whole), float(answers)
