"""Reading which of a few choices an answer takes, and how sure the model was.

A verdict is read from one of four forms, and from nothing else: a JSON object with the key
`verdict`, the choice alone, a last line `Verdict: A`, and `[[A]]`. A sentence in which the letter
occurs is no verdict, and neither are two different ones: such an answer is unreadable, which is
not the same as undecided.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prefdata.protocols import ChatAnswer

__all__ = ["choice_probabilities", "read_verdict"]

_WRAPPING = "*_~`\"'“”\N{LEFT SINGLE QUOTATION MARK}’«»()[]"
_ENDING = ".,;:!。"
_MARKED = re.compile(r"\[\[\s*(\w[\w-]*)\s*\]\]")
_FENCE = "```"
_LANGUAGE = re.compile(r"^[\w-]*\n")
_THOUGHT = re.compile(r"\s*<think>.*?</think>", re.DOTALL)


def read_verdict(text: str, choices: Sequence[str], *, key: str = "verdict") -> str:
    """Return the one choice that an answer takes, spelt as in `choices`.

    Case, Markdown emphasis, quotes, a full stop, one code fence and a closed `<think>` block at
    the start are looked through. Everything that is marked as a verdict must be a choice, and
    all of it the same one.

    Args:
        text: The answer.
        choices: What may be chosen; they differ also without regard to case.
        key: The JSON key, and the word before the colon in a last line.

    Raises:
        ValueError: If it is not one clear choice.
    """
    known = _known(choices)
    body = _opened(text)
    claims = {_fold(claim) for claim in _claims(body, known, key)}
    if len(claims) == 1 and (claim := claims.pop()) in known:
        return known[claim]
    message = f"the answer is not one of {', '.join(choices)}"
    raise ValueError(message)


def choice_probabilities(answer: ChatAnswer, choices: Sequence[str]) -> dict[str, float] | None:
    """Return how probable each choice was where the answer took one; the sum is 1.

    It is read at the first token whose likeliest alternative is a choice; case, spaces and quotes
    around a token do not count, and tokens that come to the same choice are added up. A choice
    that is not among the alternatives gets 0.

    Args:
        answer: An answer that was asked for with alternatives; choices should be single letters,
            as others may be several tokens.
        choices: What may be chosen.

    Returns:
        Shares by choice; none where the server gave no alternatives, or no token is a choice.
    """
    known = _known(choices)
    for alternatives in answer.alternatives or ():
        likeliest = max(alternatives, key=lambda pair: pair[1], default=("", -math.inf))
        if _fold(likeliest[0]) in known and math.isfinite(likeliest[1]):
            weights = dict.fromkeys(choices, 0.0)
            for token, logprob in alternatives:
                if (choice := known.get(_fold(token))) is not None:
                    weights[choice] += math.exp(logprob - likeliest[1])
            total = sum(weights.values())
            return {choice: weight / total for choice, weight in weights.items()}
    return None


def _known(choices: Sequence[str]) -> Mapping[str, str]:
    known = {_fold(choice): choice for choice in choices}
    if len(known) < len(choices) or "" in known:
        message = "choices must differ by more than case and punctuation"
        raise ValueError(message)
    return known


def _fold(value: str) -> str:
    """Return what remains of a choice without dress: `**A.**` and ` "a"` are both `a`."""
    folded = unicodedata.normalize("NFKC", value).strip()
    while (bare := folded.strip(_WRAPPING).rstrip(_ENDING).strip()) != folded:
        folded = bare
    return folded.casefold()


def _opened(text: str) -> str:
    """Return the answer without the model's thoughts, and without the fence around its end."""
    body = _THOUGHT.sub("", text, count=1) if text.lstrip().startswith("<think>") else text
    body = body.strip()
    if body.endswith(_FENCE) and body.count(_FENCE) == 2:  # noqa: PLR2004 - open and close
        before, inside, _ = body.split(_FENCE)
        body = f"{before}\n{_LANGUAGE.sub('', inside)}".strip()
    return body


def _claims(body: str, known: Mapping[str, str], key: str) -> Iterator[str]:
    """Yield all that the text puts forward as its verdict."""
    if _fold(body) in known:
        yield body
        return
    prose, values = _json_at_end(body, key)
    yield from values
    yield from _MARKED.findall(prose)
    # Normal form, because a colon may be a wide one.
    lines = [unicodedata.normalize("NFKC", line) for line in prose.splitlines() if line.strip()]
    said = re.compile(rf"[\W_]*(?:final\s+)?{re.escape(key)}[*_\s]*:(.*)", re.IGNORECASE)
    stated = [match[1] if (match := said.fullmatch(line)) else None for line in lines]
    # A verdict in the middle says nothing by itself: what follows may take it back.
    if stated and (stated[-1] is not None or values or _MARKED.search(prose)):
        yield from (value for value in stated if value is not None)


def _json_at_end(body: str, key: str) -> tuple[str, list[str]]:
    """Return what stands before the JSON object at the end, and the object's verdicts."""
    if not body.endswith("}"):
        return body, []
    for start in (match.start() for match in re.finditer(r"^[ \t]*\{", body, re.MULTILINE)):
        try:
            pairs = json.loads(body[start:], object_pairs_hook=_Pairs)
        except (ValueError, RecursionError):
            continue
        # An object without the key, or with it twice, is as unclear as prose: "" is no choice.
        values = [_spelt(value) for name, value in pairs if name.casefold() == key.casefold()]
        return body[:start], values or [""]
    return body, []


class _Pairs(list[tuple[str, Any]]):
    """A JSON object that keeps a key that comes twice."""


def _spelt(value: object) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if isinstance(value, str) or is_number else ""
