"""What gives the hidden states of a causal language model, and where stages get pairs scored.

Nothing here knows what is done with the states: `prefdata.metrics.ches` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from prefdata.core.events import Report
    from prefdata.protocols.params import CausalParams

__all__ = [
    "CausalIdentity",
    "Encoded",
    "EncodedStatus",
    "HiddenStates",
    "HiddenStatesBackend",
    "Message",
    "PairScorer",
    "ScoredPairs",
    "TokenUnit",
    "UnitStates",
]

Message = Mapping[str, str]
"""``role`` and ``content``."""


@dataclass(frozen=True, slots=True)
class CausalIdentity:
    """What decides the states of a text; two of one identity give the same, but for rounding."""

    revision: str
    """Digest of weights, configuration, tokenizer, and of the adapter if there is one."""
    template: str
    """Digest of what turns messages into text."""
    dtype: str
    """Precision of weights and states: ``float32``, ``bfloat16`` or ``float16``."""
    max_tokens: int
    """Longest prompt and response together."""
    boundary: str


EncodedStatus = Literal["ok", "truncated", "empty", "prompt_empty", "too_long", "error"]
"""How a response could be encoded.

``truncated``: it was cut to the longest length. ``empty``: it has no token; its state is the
prompt's last. ``prompt_empty``: there is no token before it. ``too_long``: the prompt leaves room
for no token of it. ``error``: the template refused the messages, or the response is not one
message of the assistant. The last three have no tokens to score.
"""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One response after its prompt, as tokens."""

    status: EncodedStatus
    prompt: NDArray[np.int32]
    """``(P,)``: template, special tokens and all; empty where there is nothing to score."""
    response: NDArray[np.int32]
    """``(R,)``: without the token that ends it."""
    detail: str | None = None
    """A sentence about what went wrong, or what is unusual."""


@dataclass(frozen=True, slots=True)
class TokenUnit:
    """A prompt with its distinct responses, as tokens: what is computed at once."""

    prompt: NDArray[np.int32]
    """``(P,)``, at least one token."""
    responses: tuple[NDArray[np.int32], ...]
    """``(R_k,)`` each; one of no token is allowed."""

    @property
    def n_tokens(self) -> int:
        """Tokens of the prompt and of all responses."""
        return len(self.prompt) + sum(len(response) for response in self.responses)


@dataclass(frozen=True, slots=True)
class UnitStates:
    """What is left of the hidden states of a unit with K responses and a model of width d.

    A hidden state is what the unembedding is applied to: of the last layer, after the last norm.
    """

    sums: NDArray[np.float32]
    """``(K, d)``: the sum over the states of the prompt's last token and of all tokens of the
    response; float32 whatever the model's precision is."""
    last: NDArray[np.float32]
    """``(K, d)``: the state after the whole response."""
    n: NDArray[np.int64]
    """``(K,)``: states in each sum: tokens of the response and one."""
    error: str | None = None
    """Why there are none, such as too little memory for this unit alone; then K is 0."""


class HiddenStates(Protocol):
    """A causal language model without its head; open, with its weights in memory."""

    width: int
    """Length of a state."""
    tokens_fed: int
    """Tokens that went through the model since it was opened; padding does not count."""
    settings: Mapping[str, str]
    """How it computes, for the record: attention, sharing, device, versions of libraries."""

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
        ...

    def states(
        self, units: Sequence[TokenUnit], done: Callable[[int], None] | None = None
    ) -> list[UnitStates]:
        """Return the states of units, in their order.

        Args:
            units: Any number.
            done: Called now and then with the number of units done.

        Raises:
            BackendError: If the model or its device failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class HiddenStatesBackend:
    """A kind of causal language model: finds a model, tells its identity, opens it.

    Attributes:
        name: Name of the plugin.
        summary: What it is, in a line.
        identify: Returns the identity of a model without loading its weights.
        devices: Returns the devices that ``CausalParams.device`` means here, one worker for each.
        open: Loads a model on one of these devices; refuses one of another identity.
    """

    name: str
    summary: str
    identify: Callable[[CausalParams], CausalIdentity]
    devices: Callable[[CausalParams], tuple[str, ...]]
    open: Callable[[CausalParams, CausalIdentity, str, Report], HiddenStates]


@dataclass(frozen=True, slots=True)
class ScoredPairs:
    """The scores of a set of pairs of texts under one model."""

    rows: pl.DataFrame
    """Rows of the table ``displacements``, each pair that was asked for once."""
    scorer: str
    """Digest that names model and reading in that table."""
    n_computed: int = 0


class PairScorer(Protocol):
    """Scores pairs of texts: what is known is read, what is missing is computed and kept."""

    def get(
        self,
        pairs: pl.DataFrame,
        prompts: pl.LazyFrame,
        responses: pl.LazyFrame,
        *,
        model: CausalParams,
        step: str,
    ) -> ScoredPairs:
        """Return the scores of every distinct pair.

        Args:
            pairs: Columns ``prompt_hash``, ``chosen_hash`` and ``rejected_hash``; rows may repeat.
            prompts: Columns ``prompt_hash`` and ``messages``, the system prompt among them; rows
                may repeat.
            responses: Columns ``response_hash`` and ``messages``; rows may repeat.
            model: The model and how it reads.
            step: Name under which progress is told.
        """
        ...
