"""Prompts and responses as text and tokens, in the way of a trainer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefdata.backends._causal.encode import Tokens, stops_of
from prefdata.backends._causal.identity import load_tokenizer, tokenizer_digests
from prefdata.backends._causal.templates import RefusedError, template_named
from prefdata.backends._hub.quiet import first_line
from prefdata.backends._messages import shaped
from prefdata.backends._tokenizer.borders import Borders
from prefdata.core.errors import BackendError
from prefdata.core.fingerprint import digest
from prefdata.protocols import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from prefdata.protocols import Message

__all__ = ["Reader"]

_VERSION = 1
"""Raised when the same files and messages give other tokens."""


class Reader:
    """A tokenizer of transformers that reads as TRL does.

    With a chat template, a response is what the template adds when it writes prompt and response
    as one conversation. Without one, prompt and response are strings put together, and the
    response ends with the tokenizer's end token, as in TRL's datasets that hold no conversations.

    Args:
        folder: Where the tokenizer is.
        template: ``auto``, ``plain``, or the path of a Jinja file.

    Raises:
        UserError: If there is no such template, or it is not Jinja.
        BackendError: If there is no tokenizer, or it cannot be loaded.

    References:
        TRL 1.16, `trl.trainer.dpo_trainer.DPOTrainer._prepare_dataset`.
    """

    def __init__(self, folder: Path, template: str) -> None:
        self._tokenizer: Any = load_tokenizer(folder)
        self._template = template_named(template, self._tokenizer)
        self._is_chat = self._template.writes_specials
        self._end: str = self._tokenizer.eos_token or ""
        self._tokens = Tokens(self._tokenizer, with_specials=not self._is_chat)
        self._borders = Borders(self._tokenizer) if self._is_chat else None
        self._where = str(folder)
        own = self._tokenizer.eos_token_id
        # A stop that is a word of the vocabulary, such as a line's end, ends no text.
        stops = stops_of(folder).intersection(self._tokenizer.added_tokens_decoder)
        self.ends = frozenset(stops if own is None else {*stops, int(own)})
        """The tokenizer's end token, and those at which the settings beside it say to stop."""

    def identity(self) -> str:
        """Return the digest of all that decides the tokens of messages."""
        return digest(
            {
                "version": _VERSION,
                "kind": type(self._tokenizer).__name__,
                "files": tokenizer_digests(Path(self._where)),
                "template": self._template.identity(),
                "end": self._end,
                "ends": sorted(self.ends),
            }
        )

    def prompt(self, messages: Sequence[Message]) -> str | Refusal:
        """Return the text of a prompt alone, up to where the response begins."""
        if self._is_chat and not messages:
            return Refusal("The prompt has no message, and a trainer reads its first one.")
        return self._rendered(messages, is_prompt=True)

    def whole(
        self, prompt: str, messages: Sequence[Message], response: Sequence[Message]
    ) -> str | Refusal:
        """Return the text of a prompt and a response, as a trainer writes them in one."""
        if self._is_chat:
            if not response:
                return Refusal("A response has no message, and a trainer reads its first one.")
            return self._rendered([*messages, *response], is_prompt=False)
        said = "\n\n".join(message["content"] for message in response)
        end = "" if said.endswith(self._end) else self._end
        return prompt + self._template.response(said) + end

    def border(self, prompt: str) -> int:
        """Return where a prompt's text may be cut so that both parts have the whole's tokens."""
        return 0 if self._borders is None else self._borders.last(prompt)

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the tokens of each text.

        Raises:
            BackendError: If the tokenizer fails on one of them, as those without a token for what
                they do not know do.
        """
        try:
            return self._tokens.of(texts)
        except Exception as error:  # a tokenizer that somebody else made can fail in any way
            raise BackendError(
                f"The tokenizer failed on a text: {first_line(error).rstrip('.')}.",
                where=self._where,
                fix="Check that it has a token for what it does not know, or name another.",
            ) from error

    def _rendered(self, messages: Sequence[Message], *, is_prompt: bool) -> str | Refusal:
        try:
            return self._template.render(shaped(messages, "keep"), is_prompt=is_prompt)
        except RefusedError as error:
            return Refusal(str(error))
