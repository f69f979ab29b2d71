"""What makes the tokens that a trainer makes of a prompt and a response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from prefdata.protocols.causal import Message
    from prefdata.protocols.exports import Tokenization

__all__ = ["Refusal", "TextTokenizer", "TokenizerBackend"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a template makes no text of some messages."""

    reason: str
    """A sentence for the user."""


class TextTokenizer(Protocol):
    """A tokenizer with its template, open."""

    ends: frozenset[int]
    """Tokens at which the model stops."""

    def prompt(self, messages: Sequence[Message]) -> str | Refusal:
        """Return the text of a prompt alone, up to where the response begins."""
        ...

    def whole(
        self, prompt: str, messages: Sequence[Message], response: Sequence[Message]
    ) -> str | Refusal:
        """Return the text of a prompt and a response, as a trainer writes them in one.

        Args:
            prompt: What `prompt` returned for the messages.
            messages: Of the prompt.
            response: Messages of the response.
        """
        ...

    def border(self, prompt: str) -> int:
        """Return where a prompt's text may be cut so that both parts have the tokens of the whole.

        That holds for every text that begins with the prompt's first characters, up to there.

        Returns:
            A number of characters; 0 where no such place is known.
        """
        ...

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the tokens of each text.

        Raises:
            BackendError: If the tokenizer fails on one of them.
        """
        ...


@dataclass(frozen=True, slots=True)
class TokenizerBackend:
    """A kind of tokenizer: finds one, tells its identity, opens it.

    Attributes:
        name: Name of the plugin.
        summary: What it is, in a line.
        identify: Returns the digest of all that decides the tokens of messages.
        open: Loads a tokenizer with its template.
    """

    name: str
    summary: str
    identify: Callable[[Tokenization], str]
    open: Callable[[Tokenization], TextTokenizer]
