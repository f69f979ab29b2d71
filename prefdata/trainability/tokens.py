"""How many tokens the parts of pairs have, and how far their responses are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from prefdata.protocols import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from prefdata.protocols import Message, TextTokenizer

__all__ = ["MEASURES", "measured"]

MEASURES: dict[str, pl.DataType] = {
    "pair_id": pl.String(),
    "refusal": pl.String(),
    "is_about_roles": pl.Boolean(),
    "n_prompt_alone": pl.Int64(),
    "n_prompt": pl.Int64(),
    "n_chosen": pl.Int64(),
    "n_rejected": pl.Int64(),
    "n_same_start": pl.Int64(),
    "n_same_end": pl.Int64(),
    "has_ends": pl.Boolean(),
}
"""Columns of `measured`: what is null where the template refused the messages, and tokens of the
prompt rendered alone, of the prompt as a trainer finds it, of the responses, and of what they
begin and end with alike; and whether both have a token that ends them."""

_NEUTRAL = "Some words."
_Turns = tuple[tuple[str, str], ...]
"""Role and content of each message; unlike a list of messages it can be a key."""
_Roles = tuple[str, ...]


class _Texts(NamedTuple):
    """The texts of a pair: ``head`` and the first of ``tails`` are the prompt alone."""

    head: str
    tails: tuple[str, str, str]


class _Rendered:
    """Renders each prompt, and each response after its prompt, once.

    Templates are programs in Jinja, run for each conversation by itself: nothing here can be done
    for many rows at once, and a template that fails on one must not fail on others.
    """

    def __init__(self, tokenizer: TextTokenizer) -> None:
        self._tokenizer = tokenizer
        self._prompts: dict[_Turns, str | Refusal] = {}
        self._wholes: dict[tuple[_Turns, _Turns], str | Refusal] = {}
        self._refused: dict[tuple[_Roles, _Roles], bool] = {}

    def pair(self, prompt: _Turns, chosen: _Turns, rejected: _Turns) -> _Texts | Refusal:
        """Return the texts of a pair, or why there are none."""
        alone = self._prompt(prompt)
        if isinstance(alone, Refusal):
            return alone
        wholes = [self._whole(alone, prompt, response) for response in (chosen, rejected)]
        texts = [whole for whole in wholes if isinstance(whole, str)]
        if len(texts) < len(wholes):
            return next(whole for whole in wholes if isinstance(whole, Refusal))
        head = alone[: self._tokenizer.border(alone)]
        # A template may write another prompt before a response than alone.
        head = head if all(text.startswith(head) for text in texts) else ""
        prompt_tail, chosen_tail, rejected_tail = (t[len(head) :] for t in (alone, *texts))
        return _Texts(head, (prompt_tail, chosen_tail, rejected_tail))

    def is_about_roles(self, prompt: _Turns, chosen: _Turns, rejected: _Turns) -> bool:
        """Tell whether the template refuses a pair that it refused whatever its messages say.

        A template that refuses a lone question too says nothing of roles.
        """
        if not (prompt and chosen and rejected):
            return False
        asked, *answers = (tuple(role for role, _ in part) for part in (prompt, chosen, rejected))
        return not self._refuses(("user",), ()) and any(
            self._refuses(asked, answered) for answered in answers
        )

    def _refuses(self, asked: _Roles, answered: _Roles) -> bool:
        if (asked, answered) not in self._refused:
            prompt, response = (
                tuple((role, _NEUTRAL) for role in roles) for roles in (asked, answered)
            )
            text = self._prompt(prompt)
            if isinstance(text, str) and response:
                text = self._whole(text, prompt, response)
            self._refused[asked, answered] = isinstance(text, Refusal)
        return self._refused[asked, answered]

    def _prompt(self, turns: _Turns) -> str | Refusal:
        if turns not in self._prompts:
            self._prompts[turns] = self._tokenizer.prompt(_messages(turns))
        return self._prompts[turns]

    def _whole(self, alone: str, prompt: _Turns, response: _Turns) -> str | Refusal:
        key = (prompt, response)
        if key not in self._wholes:
            self._wholes[key] = self._tokenizer.whole(alone, _messages(prompt), _messages(response))
        return self._wholes[key]


def measured(frame: pl.DataFrame, tokenizer: TextTokenizer) -> pl.DataFrame:
    """Return the lengths of pairs in tokens, as a trainer counts them.

    A trainer renders the prompt alone and before each response, makes tokens of the three texts,
    and lets the responses begin where the texts part. Equal texts are read once, and what two
    texts share up to a special token is read once too.

    Args:
        frame: Columns ``pair_id``, ``prompt``, ``chosen`` and ``rejected``, the last three lists
            of messages.
        tokenizer: Open, with its template.

    Returns:
        One row for each pair, in their order, with the columns of `MEASURES`.

    Raises:
        BackendError: If the tokenizer fails on a text.

    References:
        TRL 1.16, `DPOTrainer._prepare_dataset`; the shorter of the two common prefixes counts.
    """
    rendered = _Rendered(tokenizer)
    turns = zip(*(_turns(frame[name]) for name in ("prompt", "chosen", "rejected")), strict=True)
    pairs = [(said, rendered.pair(*said)) for said in turns]
    texts = [found for _, found in pairs if isinstance(found, _Texts)]
    distinct = list(dict.fromkeys(part for text in texts for part in (text.head, *text.tails)))
    tokens = dict(zip(distinct, tokenizer.encode(distinct), strict=True))
    ends = np.array(sorted(tokenizer.ends), np.int32)
    rows = [
        (pair_id, found.reason, rendered.is_about_roles(*said), *[None] * 7)
        if isinstance(found, Refusal)
        else (pair_id, None, False, *_counts(found, tokens, ends))
        for pair_id, (said, found) in zip(frame["pair_id"], pairs, strict=True)
    ]
    return pl.DataFrame(rows, schema=MEASURES, orient="row")


def _counts(
    texts: _Texts, tokens: dict[str, NDArray[np.int32]], ends: NDArray[np.int32]
) -> tuple[Any, ...]:
    """Return the numbers of `MEASURES` for one pair.

    Rows are taken one by one because their lengths differ; this takes a hundredth of the time
    that making the tokens takes.
    """
    # Where special tokens are put around each text, nothing has some too.
    n_head = len(tokens[texts.head]) if texts.head else 0
    alone, chosen, rejected = (tokens[tail] for tail in texts.tails)
    border = min(_same_start(alone, chosen), _same_start(alone, rejected))
    chosen, rejected = chosen[border:], rejected[border:]
    return (
        n_head + len(alone),
        n_head + border,
        len(chosen),
        len(rejected),
        _same_start(chosen, rejected),
        _same_start(chosen[::-1], rejected[::-1]),
        all((side[:, None] == ends).any() for side in (chosen, rejected)),
    )


def _same_start(left: NDArray[np.int32], right: NDArray[np.int32]) -> int:
    """Return how many tokens two texts begin with alike."""
    n = min(len(left), len(right))
    differs = left[:n] != right[:n]
    first = int(differs.argmax()) if n else 0
    return first if n and differs[first] else n


def _turns(messages: pl.Series) -> Iterable[_Turns]:
    """Return roles and contents of each row; those of a row without messages are none."""
    inner = pl.element().struct
    parts = messages.to_frame("all").select(
        roles=pl.col("all").list.eval(inner.field("role")),
        contents=pl.col("all").list.eval(inner.field("content").fill_null("")),
    )
    for roles, contents in parts.iter_rows():
        yield tuple(zip(roles or (), contents or (), strict=True))


def _messages(turns: _Turns) -> Sequence[Message]:
    return [{"role": role, "content": content} for role, content in turns]
