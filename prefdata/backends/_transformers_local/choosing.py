"""Which token comes next, row by row, whatever stands in the other rows of a batch.

Each row has a stream of chance of its own, begun from what its request asks, and draws one number
for each token. The number falls on the cumulated probabilities in the order of the vocabulary,
so rounding, which differs with the shape of a batch, moves borders by as little.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prefdata.core.fingerprint import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from numpy.typing import NDArray

    from prefdata.protocols import ChatParams, ChatRequest

__all__ = ["Chooser", "Row", "row_of"]

_GREEDY = 1e-5
"""Temperatures below it are 0; they would overflow."""


@dataclass(slots=True)
class Row:
    """A request on its way, and what of its answer there is."""

    prompt: NDArray[Any]
    limit: int
    """Longest answer in tokens, the one that ends it included."""
    temperature: float
    top_p: float
    n_alternatives: int
    chance: random.Random
    tokens: list[int] = field(default_factory=list)
    alternatives: list[list[tuple[int, float]]] = field(default_factory=list)
    """For each token itself, then the likeliest, with their log-probabilities."""
    finish_reason: str | None = None
    """``stop``, ``length``, or ``lost`` where the model gave no numbers."""


def row_of(request: ChatRequest, params: ChatParams, prompt: NDArray[Any], room: int) -> Row:
    """Return a request before its first token.

    Args:
        request: The request; what the parameters say instead of it wins.
        params: How the model is called.
        prompt: Token ids of the messages.
        room: Tokens that the model can read after them.
    """
    limit = request.max_tokens if params.max_tokens is None else params.max_tokens
    temperature = request.temperature if params.temperature is None else params.temperature
    top_p = request.top_p if params.top_p is None else params.top_p
    messages = [{"role": m["role"], "content": m["content"]} for m in request.messages]
    begun = digest({"messages": messages, "seed": request.seed, "sample": request.sample})
    return Row(
        prompt=prompt,
        limit=min(limit, room),
        temperature=temperature if temperature >= _GREEDY else 0.0,
        top_p=1.0 if top_p is None else top_p,
        n_alternatives=request.n_alternatives,
        chance=random.Random(begun),  # noqa: S311 - no secret is made of it
    )


class Chooser:
    """Chooses the tokens of a batch, and tells which rows are at their end.

    ``generate`` of transformers calls it as a processor of scores after each step, and takes the
    token that it leaves; and as the criterion by which it stops.

    Args:
        rows: Of the batch; what is chosen is written into them.
        stops: Tokens that end an answer.
        is_stopped: Asked at each step whether the work is to end at once.
    """

    def __init__(
        self, rows: Sequence[Row], stops: Collection[int], is_stopped: Callable[[], bool]
    ) -> None:
        self._rows = rows
        self._stops = frozenset(stops)
        self._is_stopped = is_stopped

    def __call__(self, ids: Any, scores: Any) -> Any:
        """Return scores that leave one token in each row.

        Args:
            ids: Tokens so far, which the rows know.
            scores: ``(rows, vocabulary)``: logits of the next token.
        """
        import torch

        del ids
        is_lost = (~torch.isfinite(scores.max(dim=-1).values)).tolist()
        chosen = self._chosen(torch.nan_to_num(scores, nan=0.0, neginf=-torch.inf))
        listed = self._likeliest(scores, chosen)
        for number, (row, token) in enumerate(zip(self._rows, chosen.tolist(), strict=True)):
            if row.finish_reason is not None:
                continue
            if is_lost[number]:
                row.finish_reason = "lost"
                continue
            row.tokens.append(token)
            if row.n_alternatives:
                row.alternatives.append(listed[number][: row.n_alternatives + 1])
            if token in self._stops:
                row.finish_reason = "stop"
            elif len(row.tokens) >= row.limit:
                row.finish_reason = "length"
        return torch.full_like(scores, -torch.inf).scatter(1, chosen[:, None], 0.0)

    def is_done(self, ids: Any, scores: Any, **_: Any) -> Any:
        """Return for each row whether it is at its end."""
        import torch

        del scores
        is_over = self._is_stopped()
        ends = [is_over or row.finish_reason is not None for row in self._rows]
        return torch.tensor(ends, device=ids.device)

    def _chosen(self, scores: Any) -> Any:
        """Return the next token of each row: the likeliest, or one by chance."""
        chosen = scores.argmax(dim=-1)
        warm = [
            number
            for number, row in enumerate(self._rows)
            if row.temperature and row.finish_reason is None
        ]
        if warm:
            chosen[warm] = _drawn(scores[warm], [self._rows[number] for number in warm])
        return chosen

    def _likeliest(self, scores: Any, chosen: Any) -> list[list[tuple[int, float]]]:
        """Return for each row the chosen token, then as many of the likeliest as any row wants."""
        import torch

        wanted = max(row.n_alternatives for row in self._rows)
        if not wanted:
            return []
        logs = torch.log_softmax(scores.float(), dim=-1)
        top = logs.topk(min(wanted, logs.shape[-1]), dim=-1)
        tokens = torch.cat([chosen[:, None], top.indices], dim=-1).tolist()
        values = torch.cat([logs.gather(1, chosen[:, None]), top.values], dim=-1).tolist()
        return [[*zip(*pair, strict=True)] for pair in zip(tokens, values, strict=True)]


def _drawn(scores: Any, rows: Sequence[Row]) -> Any:
    """Return tokens by chance, each row by its own stream.

    Args:
        scores: ``(rows, vocabulary)``: logits.
        rows: As many; each of a temperature above 0.
    """
    import torch

    exact = torch.float32 if scores.device.type == "mps" else torch.float64

    def column(values: list[float]) -> Any:
        return torch.tensor(values, dtype=exact, device=scores.device)[:, None]

    chances = torch.softmax(scores.to(exact) / column([row.temperature for row in rows]), dim=-1)
    if any(row.top_p < 1 for row in rows):
        ordered, places = chances.sort(dim=-1, descending=True, stable=True)
        # A token is kept while those before it do not reach the share.
        before = ordered.cumsum(dim=-1) - ordered
        is_kept = before < column([row.top_p for row in rows])
        chances = chances * torch.zeros_like(is_kept).scatter(1, places, is_kept)
    sums = chances.cumsum(dim=-1)
    drawn = column([row.chance.random() for row in rows]) * sums[:, -1:]
    found = torch.searchsorted(sums, drawn, right=True)[:, 0]
    # Rounding may put a number on the very end, where there is no token.
    return torch.where(found < scores.shape[-1], found, scores.argmax(dim=-1))
