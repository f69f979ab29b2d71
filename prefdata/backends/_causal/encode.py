"""Prompts and responses as token ids, with the border between them where it must be.

A prompt is tokenised once for all its responses. Where the template writes special tokens no
others are added; elsewhere the tokenizer's opening ones are (such as BOS), and never EOS: the
state after the last token of a response is the one that predicts it. A tokenizer that puts a space
before every text, as that of Llama 2 does, puts one before a response that it reads apart.

Strings such as ``<|im_end|>`` or ``</s>`` inside the data become the special tokens they name, as
they do in a trainer: the tokenizers of transformers read them that way.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prefdata.backends._causal.templates import RefusedError, Template, template_of
from prefdata.protocols import Encoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from prefdata.protocols import CausalIdentity, CausalParams, EncodedStatus, Message

__all__ = ["MERGED", "TextReader", "Tokens", "ends_of", "opening_of", "stops_of"]

MERGED = "Tokens merged across the border of prompt and response."
"""Detail of a response whose border moved because it was tokenised with its prompt."""

_CHARACTERS_AT_ONCE = 1_000_000
_SAMPLE = "a b"
_NOTHING = np.empty(0, np.int32)


class TextReader:
    """Turns messages into token ids.

    Args:
        tokenizer: Of the model, as `load_tokenizer` returns it.
        params: Template, system prompts, boundary.
        identity: Of the model under these parameters; gives the longest length.
    """

    def __init__(self, tokenizer: Any, params: CausalParams, identity: CausalIdentity) -> None:
        self._template = template_of(params, tokenizer)
        self.template = self._template.kind if params.template == "auto" else params.template
        """How messages become text: ``chat`` (the model's own), ``plain``, ``hh``, or a path."""
        self._tokens = Tokens(tokenizer)
        self._opening = _NOTHING if self._template.writes_specials else opening_of(tokenizer)
        self._ends = ends_of(tokenizer, self._template)
        self._max_tokens = identity.max_tokens
        self._is_joint = identity.boundary == "joint"

    def encode(
        self,
        prompts: Sequence[Sequence[Message]],
        responses: Sequence[Sequence[Sequence[Message]]],
    ) -> list[list[Encoded]]:
        """Return the tokens of responses after their prompts.

        Args:
            prompts: The messages of each prompt, its system prompt first if it has one.
            responses: For each prompt its responses, each a list of messages.

        Returns:
            For each prompt an answer for each of its responses, in their order.
        """
        read = self._prompts(prompts)
        asked = [
            (prompt, None if prompt.problem else self._written(response))
            for prompt, group in zip(read, responses, strict=True)
            for response in group
        ]
        texts = [p.text + body if self._is_joint else body for p, body in asked if body is not None]
        found = iter(self._tokens.of(texts))
        encoded = iter([self._one(p, None if body is None else next(found)) for p, body in asked])
        return [list(itertools.islice(encoded, len(group))) for group in responses]

    def _prompts(self, prompts: Sequence[Sequence[Message]]) -> list[_Prompt]:
        """Render and tokenise prompts, and tell which cannot be used."""
        rendered = [self._rendered(messages) for messages in prompts]
        texts = [text for text, problem in rendered if problem is None]
        found = iter(self._tokens.of(texts))
        return [
            _Prompt("", problem) if problem else self._tokenised(text, next(found))
            for text, problem in rendered
        ]

    def _rendered(self, messages: Sequence[Message]) -> tuple[str, Encoded | None]:
        """Return the text of a prompt, or what is wrong with it."""
        try:
            text = self._template.prompt(messages)
        except RefusedError as error:
            return "", _nothing("error", str(error))
        if text is None:
            return "", _nothing("prompt_empty", "The prompt has no message.")
        return text, None

    def _tokenised(self, text: str, ids: NDArray[np.int32]) -> _Prompt:
        whole = np.concatenate([self._opening, ids])
        if not len(whole):
            return _Prompt(text, _nothing("prompt_empty", "The prompt has no token."))
        if len(whole) >= self._max_tokens:
            said = f"The prompt has {len(whole)} tokens; the longest text has {self._max_tokens}."
            return _Prompt(text, _nothing("too_long", said))
        return _Prompt(text, None, whole)

    def _written(self, response: Sequence[Message]) -> str | None:
        """Return the text of a response, or None if it is not one message of the assistant."""
        if len(response) != 1 or response[0]["role"] != "assistant":
            return None
        return self._template.response(response[0]["content"])

    def _one(self, prompt: _Prompt, ids: NDArray[np.int32] | None) -> Encoded:
        """Return one response after its prompt.

        Args:
            prompt: The prompt.
            ids: Of the response; where they are joint, of prompt and response. None if the
                response has no text that can be read.
        """
        if prompt.problem is not None:
            return prompt.problem
        if ids is None:
            return _nothing("error", "The response is not one message of the assistant.")
        head, details = prompt.ids, []
        if self._is_joint:
            whole = np.concatenate([self._opening, ids])
            head, ids = whole[: len(head)], whole[len(head) :]
            if not np.array_equal(head, prompt.ids):
                details.append(MERGED)
        ids = self._without_end(ids)
        room = self._max_tokens - len(head)
        status: EncodedStatus = "ok" if len(ids) else "empty"
        if len(ids) > room:
            status = "truncated"
            details.append(f"The response was cut from {len(ids)} to {room} tokens.")
        return Encoded(status, head, ids[:room], " ".join(details) or None)

    def _without_end(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return a response without the tokens that end it, of which data may carry some."""
        n = len(ids)
        while n and int(ids[n - 1]) in self._ends:
            n -= 1
        return ids[:n]


@dataclass(frozen=True, slots=True)
class _Prompt:
    """A prompt as text and tokens, or what is wrong with it."""

    text: str
    problem: Encoded | None
    ids: NDArray[np.int32] = field(default_factory=lambda: _NOTHING)


class Tokens:
    """Tokenises many texts at once.

    Args:
        tokenizer: As `load_tokenizer` returns it.
        with_specials: Whether to put the tokenizer's special tokens around each text.
    """

    def __init__(self, tokenizer: Any, *, with_specials: bool = False) -> None:
        self._tokenizer = tokenizer
        self._with_specials = with_specials
        self._inner = getattr(tokenizer, "backend_tokenizer", None)
        if self._inner is not None:
            # What a tokenizer was saved with; transformers sets them anew at each call, too.
            self._inner.no_truncation()
            self._inner.no_padding()
            self._inner.encode_special_tokens = bool(tokenizer.split_special_tokens)

    def of(self, texts: Sequence[str]) -> list[NDArray[np.int32]]:
        """Return the ids of each text."""
        return [
            np.array(ids, np.int32)
            for stretch in _stretches(texts)
            for ids in self._stretch(stretch)
        ]

    def _stretch(self, texts: list[str]) -> Iterator[list[int]]:
        if self._inner is not None:
            # Without offsets, which nobody needs here and which take most of the time.
            encoded = self._inner.encode_batch_fast(texts, add_special_tokens=self._with_specials)
            yield from (encoding.ids for encoding in encoded)
        else:
            yield from self._tokenizer(
                texts, add_special_tokens=self._with_specials, verbose=False
            )["input_ids"]


def opening_of(tokenizer: Any) -> NDArray[np.int32]:
    """Return the special tokens that a tokenizer puts before a text, such as BOS."""
    bare = tokenizer(_SAMPLE, add_special_tokens=False, verbose=False)["input_ids"]
    full = tokenizer(_SAMPLE, add_special_tokens=True, verbose=False)["input_ids"]
    starts = range(len(full) - len(bare) + 1)
    first = next((i for i in starts if full[i : i + len(bare)] == bare), 0)
    return np.array(full[:first], np.int32)


def ends_of(tokenizer: Any, template: Template) -> frozenset[int]:
    """Return the tokens that end a response, none of which is a part of it.

    They are the tokenizer's EOS, the ones with which the model's settings say that it stops, and
    what the template writes after a response. Only tokens that were added to the vocabulary count:
    a model may stop at a line's end, but a response is not shorter for it.
    """
    added = tokenizer.added_tokens_decoder
    ends = {token for token in stops_of(Path(tokenizer.name_or_path)) if token in added}
    after = tokenizer(template.after_response().lstrip(), add_special_tokens=False, verbose=False)
    ends |= {token for token in after["input_ids"][:1] if token in added and added[token].special}
    if tokenizer.eos_token_id is not None:
        ends.add(int(tokenizer.eos_token_id))
    return frozenset(ends)


def stops_of(folder: Path) -> set[int]:
    """Return the tokens at which a model's settings, if there are any, say that it stops."""
    found: set[int] = set()
    for name in ("config.json", "generation_config.json"):
        try:
            said = json.loads((folder / name).read_text(encoding="utf-8")).get("eos_token_id")
        except (OSError, ValueError, AttributeError):
            continue
        listed = said if isinstance(said, list) else [said]
        found |= {token for token in listed if isinstance(token, int)}
    return found


def _nothing(status: EncodedStatus, detail: str) -> Encoded:
    return Encoded(status, _NOTHING, _NOTHING, detail)


def _stretches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield runs of texts of about as many characters, so that memory stays bounded."""
    size = np.fromiter(map(len, texts), np.int64, len(texts))
    which = np.cumsum(size) // _CHARACTERS_AT_ONCE
    ends = [*(np.flatnonzero(np.diff(which)) + 1).tolist(), len(texts)]
    for start, end in itertools.pairwise([0, *ends]):
        if end > start:
            yield list(texts[start:end])
