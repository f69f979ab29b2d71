"""A scripted writer and judge, for runs of the whole pipeline without a model.

It reads the requests of `write-rationales`, `gate-rationales` and `judge` as they are worded, and
answers by plain rules: rationales are put together from templates and the words of the responses,
and a note is matched with a response by the words that both hold. It prefers the longer response,
which is no opinion. What a gate's figures with it show is that the counting works.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.fingerprint import digest
from prefdata.rationales.handles import find_handles
from prefdata.testing.rationales import COMPOSED_LANGUAGES, compose_rationales
from prefdata.texts.language import languages

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["colleague"]

_PART = re.compile(r"^([^\n]+):\n<<<begin (\w+)>>>\n(.*?)\n<<<end \2>>>$", re.DOTALL | re.MULTILINE)
_BETTER = re.compile(r"\b([XY]) is the better response")
_SENTENCE = re.compile(r"(?<=[.!?।])\s+")
_WORD = re.compile(r"[^\W\d_]{4,}")
_QUOTED = re.compile(r"[\"“«„]([^\"”»“]+)[\"”»“]")
_PLAIN = (
    "{better} answers what was asked and brings in {own}, while {worse} turns to {other}, which "
    "helps less with this request; on the whole {better} is the more useful of the two."
)
_FEW_WORDS = 4


def colleague(body: Mapping[str, Any]) -> str:
    """Answer a request in the protocol of OpenAI; for `prefdata.testing.chat_server`.

    Args:
        body: The body of a request of this package.
    """
    system, asked = (str(message["content"]) for message in body["messages"][-2:])
    parts = {label: text for label, _, text in _PART.findall(asked)}
    if {"X", "Y"} <= parts.keys():
        return _writes(asked, parts)
    if "Statement" in parts:
        return _bears_out(parts)
    if "Note" in parts and "Response A" not in parts:
        return _stance(parts["Note"])
    if "Note" in parts and "called P and Q" in system:
        return _grounding(parts)
    if "Response A" in parts:
        return "A" if _is_longer(parts["Response A"], parts["Response B"]) else "B"
    return "7"


def _is_longer(one: str, other: str) -> bool:
    return (len(one), one) > (len(other), other)


def _writes(asked: str, parts: Mapping[str, str]) -> str:
    told = _BETTER.search(asked.rpartition("<<<end ")[2])
    longer = "X" if _is_longer(parts["X"], parts["Y"]) else "Y"
    better = told[1] if told else longer
    kind = "specific" if "in double quotation marks" in asked else "general"
    text = _composed(asked, parts, better, kind)
    if told:
        return text
    return json.dumps({"reason": text, "verdict": better}, ensure_ascii=False)


def _composed(asked: str, parts: Mapping[str, str], better: str, kind: str) -> str:
    conversation = [text for label, text in parts.items() if label not in {"X", "Y"}]
    prompt = conversation[-1] if conversation else ""
    found = languages(pl.Series([f"{prompt} {parts['X']}"]))["language"][0]
    name = digest([parts["X"], parts["Y"]])
    pair = {
        "pair_id": name,
        "source": "scripted",
        "prompt_id": name,
        "prompt_text": prompt,
        "x_text": parts["X"],
        "y_text": parts["Y"],
        "preferred": better.lower(),
        "language": found if found in COMPOSED_LANGUAGES else "en",
    }
    composed = compose_rationales(pl.DataFrame([pair]), kind=kind, seed=len(asked))
    if composed.height:
        return str(composed["text"][0])
    worse = "XY".replace(better, "")
    own, other = (
        _only_in(parts[name], parts[not_in]) for name, not_in in ((better, worse), (worse, better))
    )
    return _PLAIN.format(better=better, worse=worse, own=own, other=other)


def _only_in(text: str, other: str) -> str:
    """Name some words of one response, those that the other lacks first."""
    taken = set(_WORD.findall(other.casefold()))
    words = dict.fromkeys(_WORD.findall(text.casefold()))
    ranked = sorted(words, key=lambda word: word in taken)
    return ", ".join(ranked[:_FEW_WORDS]) or "nothing of substance"


def _stance(note: str) -> str:
    """Return the handle that the last sentence with a handle names first."""
    for sentence in reversed(_SENTENCE.split(note)):
        handles = find_handles(sentence)
        if handles:
            return handles[0][1]
    return "N"


def _grounding(parts: Mapping[str, str]) -> str:
    """Return the response that holds more of what the note says of P, and less of what of Q."""
    texts = {name: parts[f"Response {name}"] for name in "AB"}
    marks = re.split(r"\b([PQ])\b", parts["Note"])
    score = 0
    for handle, said in zip(marks[1::2], marks[2::2], strict=True):
        in_a, in_b = (_shared(said, texts[name]) for name in "AB")
        score += (in_a - in_b) if handle == "P" else (in_b - in_a)
    return "A" if score > 0 else "B"


def _shared(said: str, text: str) -> int:
    """Count the words of a stretch that a text holds; a quotation that it holds counts more."""
    folded = text.casefold()
    quotes = [quote.strip(" .,;…") for quote in _QUOTED.findall(said)]
    n_quotes = sum(quote.casefold() in folded for quote in quotes)
    words = set(_WORD.findall(folded))
    return 5 * n_quotes + len(words & set(_WORD.findall(said.casefold())))


def _bears_out(parts: Mapping[str, str]) -> str:
    (response,) = (text for label, text in parts.items() if label.startswith("Response "))
    quotes = _QUOTED.findall(parts["Statement"])
    if not quotes:
        return "U"
    return "S" if all(quote.casefold() in response.casefold() for quote in quotes) else "F"
