"""A batch of prompts through the model, token by token, until each answer is at its end."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.backends._transformers_local.choosing import Chooser, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["generate", "stands_company", "take_stops"]

# Company changes the rounding; a model that reads it is far off.
_TOLERANCE, _HALF_TOLERANCE = 1e-3, 5e-2
_FULL_BYTES = 4
_SHORT, _LONG, _STEPS = 5, 24, 3


def generate(
    model: Any,
    rows: Sequence[Row],
    stops: Collection[int] = (),
    *,
    is_stopped: Callable[[], bool] = lambda: False,
    watch: list[Any] | None = None,
) -> None:
    """Write the answers into the rows.

    Prompts stand at the right of a batch, so that answers begin in one column. transformers keeps
    the states of what was read; which token comes next is chosen here.

    Args:
        model: Of transformers, in evaluation mode on its device.
        rows: Before their first token.
        stops: Tokens that end an answer.
        is_stopped: Asked at each step whether to leave the rows as they are.
        watch: Is given the logits of each step, if anybody wants them.
    """
    import torch
    from transformers import GenerationConfig

    width = max(len(row.prompt) for row in rows)
    ids = np.zeros((len(rows), width), np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, width - len(row.prompt) :] = row.prompt
        mask[number, width - len(row.prompt) :] = 1
    chooser = Chooser(rows, stops, is_stopped)

    def choose(so_far: Any, scores: Any) -> Any:
        if watch is not None:
            watch.append(scores.float())
        return chooser(so_far, scores)

    settings: Any = GenerationConfig
    model.generate(
        torch.from_numpy(ids).to(model.device),
        attention_mask=torch.from_numpy(mask).to(model.device),
        generation_config=settings(
            max_new_tokens=max(row.limit for row in rows), do_sample=False, pad_token_id=0
        ),
        logits_processor=[choose],
        stopping_criteria=[chooser.is_done],
    )


def take_stops(model: Any) -> frozenset[int]:
    """Return the tokens at which a model's settings say that it stops, and clear the settings.

    They may ask for another temperature, for penalties and so on, which no request did.

    Args:
        model: Of transformers; changed.
    """
    from transformers import GenerationConfig

    said = model.generation_config.eos_token_id
    settings: Any = GenerationConfig
    model.generation_config = settings()
    listed = said if isinstance(said, list) else [said]
    return frozenset(token for token in listed if isinstance(token, int))


def stands_company(model: Any) -> bool:
    """Tell whether a prompt has the same logits alone and, padded, beside a longer one.

    Recurrent models may take the padding for a part of the text, or mix the states of rows; no
    setting tells it for all.
    """
    try:
        alone, beside = _watched(model, (_SHORT,)), _watched(model, (_SHORT, _LONG))
    except (RuntimeError, MemoryError, ValueError, IndexError):
        return False
    is_full = model.dtype.itemsize >= _FULL_BYTES
    limit = (_TOLERANCE if is_full else _HALF_TOLERANCE) * alone[0].abs().max().item()
    for mine, theirs in zip(alone, beside, strict=True):
        if not (mine[0] - theirs[0]).abs().max().item() <= limit:
            return False
        if mine[0].argmax() != theirs[0].argmax():
            break  # from here on they answer different texts
    return True


def _watched(model: Any, lengths: Sequence[int]) -> list[Any]:
    n_ids = model.get_input_embeddings().weight.shape[0]
    tokens = np.arange(1, max(lengths) + 1) % n_ids
    seen: list[Any] = []
    rows = [
        Row(tokens[:n], _STEPS, temperature=0.0, top_p=1.0, n_alternatives=0, chance=_NO_CHANCE)
        for n in lengths
    ]
    generate(model, rows, watch=seen)
    return seen


_NO_CHANCE = random.Random(0)  # noqa: S311 - greedy rows draw nothing
