"""The open model: batches by budget, less when memory runs out, pieces where a unit is long."""

from __future__ import annotations

import importlib.metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.backends._causal_lm.alone import alone, apart
from prefdata.backends._causal_lm.batches import next_batch, parts_of
from prefdata.backends._causal_lm.cached import cached
from prefdata.backends._causal_lm.check import can_read_in_pieces, choose
from prefdata.backends._causal_lm.sharing import Sharing
from prefdata.backends._hub.quiet import first_line, quietly
from prefdata.backends._memory import free, is_out_of_memory
from prefdata.core.errors import BackendError
from prefdata.core.events import Note
from prefdata.protocols import UnitStates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from prefdata.backends._causal.encode import TextReader
    from prefdata.backends._causal_lm.backbone import Backbone
    from prefdata.backends._causal_lm.batches import Part
    from prefdata.core.events import Report
    from prefdata.protocols import CausalIdentity, CausalParams, Encoded, Message, TokenUnit

__all__ = ["CausalStates"]

_GPU_TOKENS = 32_768
_LEAST_PIECE = 16
_LIBRARIES = ("torch", "transformers")


class CausalStates:
    """Hidden states of a causal language model; see `prefdata.protocols.HiddenStates`.

    Batches follow from the units, the parameters and the kind of device alone, so the same list
    gives the same bytes on the same CPU.

    Args:
        backbone: Of the model.
        reader: Turns texts into tokens.
        params: The parameters of the user.
        identity: Of the model.
        report: Told when the work changes its ways.

    Raises:
        BackendError: If the model does not stand the way to share prompts that is asked for.
    """

    def __init__(
        self,
        backbone: Backbone,
        reader: TextReader,
        params: CausalParams,
        identity: CausalIdentity,
        report: Report,
    ) -> None:
        self.width = backbone.width
        self.tokens_fed = 0
        self._backbone = backbone
        self._reader = reader
        self._report = report
        self._chunk = params.chunk_tokens
        # Measured: on a CPU one unit fills the cores, and padding costs.
        self._budget = params.batch_tokens or (
            None if backbone.device.type == "cpu" else _GPU_TOKENS
        )
        self._reads_in_pieces: bool | None = None
        mode = choose(backbone, params.sharing, max_tokens=identity.max_tokens, report=report)
        self._sharing = Sharing(mode, backbone, self._chunk)
        self.settings = _settings(backbone, mode, has_adapter=params.adapter is not None)

    def encode(
        self,
        prompts: Sequence[Sequence[Message]],
        responses: Sequence[Sequence[Sequence[Message]]],
    ) -> list[list[Encoded]]:
        """Return the tokens of responses after their prompts.

        Args:
            prompts: The messages of each prompt, its system prompt first if it has one.
            responses: For each prompt its responses, each a list of messages.
        """
        return self._reader.encode(prompts, responses)

    def states(
        self, units: Sequence[TokenUnit], done: Callable[[int], None] | None = None
    ) -> list[UnitStates]:
        """Return the states of units, in their order.

        Args:
            units: Any number.
            done: Called after each batch with the number of units done.

        Raises:
            BackendError: If the model or its device failed.
        """
        import torch

        work = _Work(units, self.width, done)
        with quietly(), torch.inference_mode():
            ordinary = []
            for part in parts_of(units, self._split):
                if self._is_ordinary(part.tokens):
                    ordinary.append(part)
                else:
                    work.take(part, self._long(part.tokens, self._chunk))
            start = 0
            while start < len(ordinary):
                batch = next_batch(ordinary, start, self._budget)
                start += self._batch(batch, work)
        return work.found()

    def _split(self, unit: TokenUnit) -> list[TokenUnit]:
        return apart(unit) if self._has_turned(unit) else self._sharing.parts(unit)

    def _has_turned(self, tokens: TokenUnit) -> bool:
        """Tell whether a text is so long that the model codes positions in another way.

        It then does so for all that is computed with it, which therefore is nothing.
        """
        longest = max(len(response) for response in tokens.responses)
        turn = self._backbone.turn
        return turn is not None and len(tokens.prompt) + longest > turn

    def _is_ordinary(self, tokens: TokenUnit) -> bool:
        return tokens.n_tokens <= self._chunk and not self._has_turned(tokens)

    def _batch(self, batch: Sequence[Part], work: _Work) -> int:
        """Compute a batch; return how many of its parts are done: none if memory ran out."""
        tokens = [part.tokens for part in batch]
        n_tokens = sum(part.n_tokens for part in tokens)
        rows = self._try(lambda: self._sharing.states(tokens), n_tokens)
        if rows is not None:
            edges = np.cumsum([len(part.responses) for part in tokens])[:-1]
            for part, own in zip(batch, np.split(rows, edges), strict=True):
                work.take(part, own)
        elif len(batch) == 1:
            work.take(batch[0], self._long(tokens[0], min(self._chunk, n_tokens // 2)))
        else:
            self._budget = max(1, min(self._budget or 1, tokens[0].n_tokens * len(batch)) // 2)
            self._report(Note(f"Memory ran out; batches are halved to {self._budget:,} tokens."))
            return 0
        return len(batch)

    def _long(self, tokens: TokenUnit, piece: int) -> NDArray[np.float32] | str:
        """Return the rows of a part that is computed on its own, or why there are none.

        Args:
            tokens: The part.
            piece: Tokens that go through the model at once, if it can read in pieces.
        """
        if self._has_turned(tokens):
            self._backbone.unwind()
        elif self._can_read_in_pieces():
            for size in _halved(piece):
                rows = self._try(lambda: cached(self._backbone, tokens, size), tokens.n_tokens)  # noqa: B023 - called at once
                if rows is not None:
                    return rows
            return f"{self._too_much(tokens)}."
        whole = [
            self._try(lambda: alone(self._backbone, [part]), part.n_tokens)  # noqa: B023 - called at once
            for part in apart(tokens)
        ]
        found = [rows for rows in whole if rows is not None]
        if len(found) == len(whole):
            return np.concatenate(found)
        return f"{self._too_much(tokens)}, and the model cannot read it in pieces."

    def _too_much(self, tokens: TokenUnit) -> str:
        return (
            f"A prompt with responses of {tokens.n_tokens:,} tokens does not fit into the memory "
            f"of {self._backbone.device}"
        )

    def _can_read_in_pieces(self) -> bool:
        if self._reads_in_pieces is None:
            self._reads_in_pieces = can_read_in_pieces(self._backbone)
        return self._reads_in_pieces

    def _try(self, compute: Callable[[], Any], n_tokens: int) -> NDArray[np.float32] | None:
        """Return what is computed, or None if there was not memory enough for it."""
        try:
            rows: NDArray[np.float32] = compute().cpu().numpy()
        except (RuntimeError, MemoryError, ValueError, IndexError) as error:
            if not is_out_of_memory(error):
                raise BackendError(
                    f"The model failed on {self._backbone.device}: {first_line(error)}",
                    where=f"sharing: {self._sharing.mode}",
                    fix="Try `device: cpu`, or `sharing: none`.",
                ) from error
        else:
            self.tokens_fed += n_tokens
            return rows
        free(self._backbone.device)
        return None


class _Work:
    """What was asked for, and what of it is done."""

    def __init__(
        self, units: Sequence[TokenUnit], width: int, done: Callable[[int], None] | None
    ) -> None:
        self._rows = [np.zeros((len(unit.responses), 2, width), np.float32) for unit in units]
        self._n = [np.array([len(r) + 1 for r in unit.responses], np.int64) for unit in units]
        self._waiting = [len(unit.responses) for unit in units]
        self._errors: dict[int, str] = {}
        self._done = done

    def take(self, part: Part, answer: NDArray[np.float32] | str) -> None:
        """Keep the rows of a part, or why there are none."""
        if isinstance(answer, str):
            self._errors.setdefault(part.unit, answer)
        else:
            self._rows[part.unit][part.rows] = answer
        self._waiting[part.unit] -= len(part.tokens.responses)
        if self._done is not None:
            self._done(sum(not n for n in self._waiting))

    def found(self) -> list[UnitStates]:
        """Return the states of all units."""
        return [
            UnitStates(rows[:0, 0], rows[:0, 1], n[:0], self._errors[number])
            if number in self._errors
            else UnitStates(rows[:, 0], rows[:, 1], n)
            for number, (rows, n) in enumerate(zip(self._rows, self._n, strict=True))
        ]


def _halved(piece: int) -> Iterator[int]:
    """Yield a size, its half and so on, down to the least that is worth a try."""
    while piece > _LEAST_PIECE:
        yield piece
        piece //= 2
    yield _LEAST_PIECE


def _settings(backbone: Backbone, mode: str, *, has_adapter: bool) -> Mapping[str, str]:
    names = [*_LIBRARIES, *["peft"] * has_adapter]
    return {
        "attention": backbone.attention,
        "sharing": mode,
        "device": backbone.device.type,
        **{name: importlib.metadata.version(name) for name in names},
    }
