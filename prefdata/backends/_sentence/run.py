"""The open embedder: batches by budget, less when memory runs out, unit rows or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.backends._memory import free, is_out_of_memory
from prefdata.backends._sentence.batches import next_batch, order_of
from prefdata.backends._sentence.passes import longest, own_pass, token_pass, tokeniser_of
from prefdata.core.errors import BackendError
from prefdata.core.events import Note
from prefdata.protocols import Embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from prefdata.backends._sentence.passes import Pass
    from prefdata.core.events import Report
    from prefdata.protocols import EmbedderParams
    from prefdata.texts.views import Keep

__all__ = ["SentenceEmbedder", "budget_of", "cuda_budget"]

# Measured: on a CPU small batches stay in its cache, and waste less on padding.
_CPU_TOKENS = 2_048
_MPS_TOKENS = 16_384
_CUDA_TOKENS = (4_096, 131_072)
_SHARE_OF_MEMORY = 0.2
_HALF_BYTES = 2
_QUERY = ("query",)
_DOCUMENT = ("document", "passage", "corpus")


class SentenceEmbedder:
    """Unit vectors from a ``SentenceTransformer``; see `prefdata.protocols.Embedder`.

    The batches follow from the texts, the parameters and the kind of device alone, so the same
    list gives the same bytes on the same machine.

    Args:
        model: The loaded model.
        params: The parameters of the user.
        revision: What names the model.
        report: Told when the work changes its ways.
    """

    def __init__(self, model: Any, params: EmbedderParams, revision: str, report: Report) -> None:
        self.model = model
        self.revision = revision
        self._report = report
        self._max_tokens = longest(model, params.max_tokens)
        if params.max_tokens is not None and self._max_tokens is not None:
            _limit(model, self._max_tokens)
        self._tokeniser = tokeniser_of(model, self._max_tokens)
        self._budget = params.batch_tokens or budget_of(model)
        self._prefix = params.prefix or _prompt(model, _DOCUMENT)
        self._query_prefix = params.query_prefix or _prompt(model, _QUERY) or self._prefix
        self.dimension = params.dimension or self._width()

    def embed(
        self,
        texts: Sequence[str],
        *,
        keep: Keep = "start",
        is_query: bool = False,
        done: Callable[[int], None] | None = None,
    ) -> Embedded:
        """Return the vectors of texts.

        Args:
            texts: Any number of them.
            keep: Which end stays when a text is too long.
            is_query: Put the prefix for queries before them: of the parameters, else the model's
                own, else that of other texts.
            done: Called after each batch with the number of texts done.

        Returns:
            Rows ``(n, d)`` of unit length. ``n_tokens`` counts neither the prefix nor special
            tokens; for a text of more than 64 characters per token that the model takes it is an
            estimate.

        Raises:
            BackendError: If the model or its device failed, or one text alone does not fit.
        """
        prefix = self._query_prefix if is_query else self._prefix
        read = self._read(texts, keep, prefix)
        vectors, is_void = self._vectors(read, done)
        is_void |= read.is_void
        vectors[is_void] = 0
        return Embedded(vectors, read.n_tokens, read.is_truncated, is_void)

    def _read(self, texts: Sequence[str], keep: Keep, prefix: str) -> Pass:
        if self._tokeniser is None:
            return own_pass(self.model, self._max_tokens, texts, keep=keep, prefix=prefix)
        return token_pass(self.model, self._tokeniser, texts, keep=keep, prefix=prefix)

    def _vectors(
        self, read: Pass, done: Callable[[int], None] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return unit rows, and which rows have no direction."""
        rows = np.zeros((len(read.lengths), self.dimension), np.float32)
        self._fill(rows, read, order_of(read.lengths), done)
        lost = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if len(lost) and self._is_half():
            # Some models were made for more range than float16 has; this one stays float32.
            self._report(Note("The model overflows in float16; it goes on in float32."))
            self.model.float()
            self._fill(rows, read, lost[order_of(read.lengths[lost])], None)
        # Squares are summed in double precision, in which those of float32 can neither overflow
        # nor vanish.
        norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64)).astype(np.float32)
        is_void = ~np.isfinite(norms) | (norms == 0)
        rows /= np.where(is_void, np.float32(1), norms)[:, None]
        return rows, is_void

    def _fill(
        self,
        rows: NDArray[np.float32],
        read: Pass,
        order: NDArray[np.int64],
        done: Callable[[int], None] | None,
    ) -> None:
        """Compute the rows of some texts, in the order given."""
        start = 0
        while start < len(order):
            batch = next_batch(order, read.lengths, start, self._budget)
            found = self._try(read, batch)
            if found is None:
                width = int(read.lengths[batch].max())
                self._budget = max(1, min(self._budget, width * len(batch)) // 2)
                self._report(
                    Note(f"Memory ran out; batches are halved to {self._budget:,} tokens.")
                )
                continue
            rows[batch] = found[:, : self.dimension]
            start += len(batch)
            if done is not None:
                done(start)

    def _try(self, read: Pass, batch: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """Return the vectors of a batch, or None if there was not memory enough for it."""
        try:
            found: NDArray[np.float32] = _within(lambda: read.vectors(batch).float().cpu().numpy())
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise BackendError(
                    f"The model failed on {self.model.device}: {str(error).splitlines()[0]}",
                    where="embed",
                    fix="Try `device: cpu`, or another `engine`.",
                ) from error
            if len(batch) == 1:
                raise BackendError(
                    f"One text of {int(read.lengths[batch[0]]):,} tokens does not fit into the "
                    f"memory of {self.model.device}.",
                    where="embed",
                    fix="Lower `max_tokens`, take a smaller model, or `device: cpu`.",
                ) from error
        else:
            return found
        free(self.model.device)
        return None

    def _width(self) -> int:
        width = self.model.get_embedding_dimension()
        if width is None:
            probe = own_pass(self.model, self._max_tokens, ["a"], keep="start", prefix="")
            width = _within(lambda: probe.vectors(np.arange(1)).shape[1])
        return int(width)

    def _is_half(self) -> bool:
        parameters = self.model.parameters()
        return any(p.is_floating_point() and p.element_size() == _HALF_BYTES for p in parameters)


def budget_of(model: Any) -> int:
    """Return how many tokens a batch may have on the device of a model.

    On CUDA it follows from the whole memory of the device and the width of the model, not from
    what is free at the moment, so it is the same in every run; what is in use by others is found
    out by running out of memory.
    """
    if model.device.type != "cuda":
        return _MPS_TOKENS if model.device.type == "mps" else _CPU_TOKENS
    import torch

    config = getattr(model[0], "config", None)
    hidden = int(getattr(config, "hidden_size", 1024))
    inner = int(getattr(config, "intermediate_size", 4 * hidden))
    total = torch.cuda.get_device_properties(model.device).total_memory
    return cuda_budget(int(total), hidden=hidden, inner=inner)


def cuda_budget(total_bytes: int, *, hidden: int, inner: int) -> int:
    """Return the tokens of a batch that take about a fifth of a device's memory.

    Args:
        total_bytes: Memory of the device.
        hidden: Width of the model's states.
        inner: Width of its layers at the widest.

    Returns:
        A power of two, because cards of one kind differ by some pages.
    """
    # Bytes of float16 that one token needs at the widest point of a layer, with room to spare.
    per_token = _HALF_BYTES * (24 * hidden + 4 * inner)
    tokens = max(1, int(total_bytes * _SHARE_OF_MEMORY / per_token))
    low, high = _CUDA_TOKENS
    return min(max(1 << (tokens.bit_length() - 1), low), high)


def _prompt(model: Any, names: Sequence[str]) -> str:
    """Return the prefix that a model brings for a kind of text."""
    prompts = model.prompts or {}
    found = next((prompts[name] for name in names if prompts.get(name)), None)
    return found or prompts.get(model.default_prompt_name) or ""


def _limit(model: Any, max_tokens: int) -> None:
    """Tell a model to cut at fewer tokens, where it can be told."""
    if isinstance(model.max_seq_length, int) and model.max_seq_length > max_tokens:
        model.max_seq_length = max_tokens


def _within(compute: Callable[[], Any]) -> Any:
    """Compute without keeping what only training needs."""
    import torch

    with torch.inference_mode():
        return compute()
