"""Texts as token ids, all at once: counted whole, then cut to what the model takes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.core.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from prefdata.texts.views import Keep

__all__ = ["CHARACTERS_PER_TOKEN", "Tokenised", "Tokeniser", "shortened"]

CHARACTERS_PER_TOKEN = 64
"""Texts are cut to so many characters per token that the model takes before they are tokenised;
real texts have 2 to 6."""

_CHARACTERS_AT_ONCE = 1_000_000
_SAMPLE = "a b"


@dataclass(frozen=True, slots=True)
class Tokenised:
    """Token ids of ``n`` texts, cut to what the model takes."""

    ids: NDArray[np.int32]
    """Ids of all texts, one after the other, special tokens included."""
    offsets: NDArray[np.int64]
    """``(n + 1,)``: text ``i`` has ``ids[offsets[i]:offsets[i + 1]]``."""
    n_tokens: NDArray[np.int32]
    """Tokens of each text before it was cut, without special tokens and prefix."""
    is_truncated: NDArray[np.bool_]
    is_void: NDArray[np.bool_]
    """True where no token is one that the model knows."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Ids of each text."""
        return np.diff(self.offsets)


class Tokeniser:
    """The fast tokenizer of a model, with its own way to cut.

    Args:
        tokenizer: A ``PreTrainedTokenizerBase`` with a compiled tokenizer inside; it is copied.
        max_tokens: Longest sequence that the model takes, special tokens included.

    Raises:
        ValueError: If this tokenizer does more than put special tokens around a text, so that the
            model's own way must be used.
    """

    def __init__(self, tokenizer: Any, max_tokens: int) -> None:
        from tokenizers import Tokenizer

        inner = getattr(tokenizer, "backend_tokenizer", None)
        if inner is None:
            raise ValueError("no compiled tokenizer")
        self._inner = Tokenizer.from_str(inner.to_str())
        self._inner.no_truncation()
        self._inner.no_padding()
        self._head, self._tail = _around(self._inner)
        self._max_tokens = max_tokens
        # A text of nothing but these says nothing to the model.
        self._idle = np.array(sorted(set(tokenizer.all_special_ids)), np.int32)
        self.pad_id = int(tokenizer.pad_token_id or 0)
        self.is_left_padded = tokenizer.padding_side == "left"
        self.has_types = "token_type_ids" in tokenizer.model_input_names

    def prompt_length(self, prefix: str) -> int:
        """Return the tokens of a prefix and of what stands before it."""
        return len(self._head) + len(self._encode([prefix])[0]) if prefix else 0

    def read(self, texts: Sequence[str], *, keep: Keep, prefix: str = "") -> Tokenised:
        """Tokenise texts and cut them.

        Args:
            texts: Any number; a text much longer than the model takes is not read whole, and the
                number of its tokens is an estimate from the part that is.
            keep: Which end of a text stays. The prefix stays in any case.
            prefix: Put before each text.

        Raises:
            BackendError: If the prefix alone fills the model.
        """
        n_prefix = len(self._encode([prefix])[0]) if prefix else 0
        room = self._max_tokens - len(self._head) - len(self._tail) - n_prefix
        if room < 1:
            raise BackendError(
                f"The prefix of {n_prefix} tokens leaves no room for a text: the model takes "
                f"{self._max_tokens} tokens.",
                fix="Shorten `prefix` or `query_prefix`, or raise `max_tokens`.",
            )
        limit = CHARACTERS_PER_TOKEN * self._max_tokens
        parts = [
            self._stretch(stretch, room, n_prefix, limit, keep, prefix)
            for stretch in _stretches(texts, limit)
        ]
        counts = np.concatenate([np.zeros(1, np.int64), *(part[1] for part in parts)])
        return Tokenised(
            ids=np.concatenate([np.empty(0, np.int32), *(part[0] for part in parts)]),
            offsets=np.cumsum(counts),
            n_tokens=np.concatenate([np.empty(0, np.int32), *(part[2] for part in parts)]),
            is_truncated=np.concatenate([np.empty(0, bool), *(part[3] for part in parts)]),
            is_void=np.concatenate([np.empty(0, bool), *(part[4] for part in parts)]),
        )

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        encoded = self._inner.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encoded]

    def _stretch(
        self, texts: Sequence[str], room: int, n_prefix: int, limit: int, keep: Keep, prefix: str
    ) -> tuple[
        NDArray[np.int32],
        NDArray[np.int64],
        NDArray[np.int32],
        NDArray[np.bool_],
        NDArray[np.bool_],
    ]:
        short = [shortened(text, limit, keep) for text in texts]
        encoded = self._encode([prefix + text for text in short] if prefix else short)
        whole = np.fromiter((len(ids) - n_prefix for ids in encoded), np.int64, len(encoded))
        # Lists of ids come out of the tokenizer one text at a time, so they are cut that way too.
        first, last = (None, room) if keep == "start" else (-room, None)
        kept = [ids[n_prefix:][first:last] if len(ids) > n_prefix else [] for ids in encoded]
        flat = np.fromiter(itertools.chain.from_iterable(kept), np.int32)
        n_kept = np.fromiter(map(len, kept), np.int64, len(kept))
        n_known = np.add.reduceat(
            np.append(~np.isin(flat, self._idle), False).astype(np.int64),
            np.minimum(np.cumsum(n_kept) - n_kept, len(flat)),
        ) * (n_kept > 0)
        put = [
            [*self._head, *ids[:n_prefix], *part, *self._tail]
            for ids, part in zip(encoded, kept, strict=True)
        ]
        share = np.array([len(t) / max(len(s), 1) for t, s in zip(texts, short, strict=True)])
        return (
            np.fromiter(itertools.chain.from_iterable(put), np.int32),
            np.fromiter(map(len, put), np.int64, len(put)),
            np.maximum(whole * share, 0).round().astype(np.int32),
            (whole > room) | np.array([_is_cut(t, limit) for t in texts], bool),
            n_known == 0,
        )


def shortened(text: str, limit: int, keep: Keep) -> str:
    """Return a text in characters that can be encoded, of which at most ``limit`` are left."""
    if _is_cut(text, limit):
        stripped = text.strip()
        text = stripped[:limit] if keep == "start" else stripped[-limit:]
    # Half of a surrogate pair is no character, and no tokenizer takes it.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _is_cut(text: str, limit: int) -> bool:
    return len(text) > limit and len(text.strip()) > limit


def _stretches(texts: Sequence[str], limit: int) -> Iterator[Sequence[str]]:
    """Yield runs of texts of about as many characters, so that memory stays bounded."""
    if not texts:
        return
    size = np.minimum(np.fromiter(map(len, texts), np.int64, len(texts)), limit)
    which = np.cumsum(size) // _CHARACTERS_AT_ONCE
    ends = [*(np.flatnonzero(np.diff(which)) + 1).tolist(), len(texts)]
    for start, end in itertools.pairwise([0, *ends]):
        yield texts[start:end]


def _around(tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return the special tokens before and after a single text."""
    bare = tokenizer.encode(_SAMPLE, add_special_tokens=False).ids
    full = tokenizer.encode(_SAMPLE, add_special_tokens=True)
    for start in range(len(full.ids) - len(bare) + 1):
        end = start + len(bare)
        if full.ids[start:end] == bare and bare and not any(full.type_ids):
            return full.ids[:start], full.ids[end:]
    raise ValueError("special tokens that are not around the text, or types that are not zero")
