"""Rationales spoilt on purpose, each in one way, so that the gate can be seen to see it.

What is drawn is drawn from the rationale's id and the seed: the order of the rows changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import UnknownNameError
from prefdata.rationales.checks.limits import Limits
from prefdata.rationales.checks.quotations import find_quotations
from prefdata.rationales.checks.quotes import place_quotes
from prefdata.rationales.checks.texts import read_rationales
from prefdata.rationales.handles import swap_handles
from prefdata.rationales.lexicon import lexicon_languages, lexicon_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["CONTROLS", "spoil"]

CONTROLS: dict[str, tuple[str, ...]] = {
    "handle-swap": ("quotes", "stance"),
    "permuted": ("quotes", "specificity", "grounding"),
    "altered-quote": ("quotes",),
    "label-leak": ("label-leak",),
    "position-leak": ("position-leak",),
    "other-language": ("language",),
    "refusal": ("refusal",),
    "cut": ("length",),
    "copied": ("copying",),
}
"""Ways to spoil a rationale, and the checks of which at least one must fail then.

Checks of words see swapped handles by quotations alone, and the text of another pair by these and
by what it is about; where a rationale quotes nothing that takes a judge.
"""

_COPIED_WORDS = 60
_LEAST_COPIED = 20
_CUT_SHARES = (0.45, 0.9)
_LEAST_WORDS = 4
_UNSPACED_TAKEN = 2
_SENTENCE_END = re.compile(r"(?<=[.!?।؟])\s+|(?<=[。\uff01\uff1f])|\n+")
_LAST_SIGNS = re.compile(r"[^\w]+$")


def spoil(rows: pl.DataFrame, control: str, *, seed: int) -> pl.DataFrame:
    """Spoil rationales in one way.

    Args:
        rows: Rationales that are good, as `prefdata.rationales.checks.CHECKED`; more columns are
            kept.
        control: A key of `CONTROLS`.
        seed: Of what is drawn.

    Returns:
        The same columns, sorted by ``rationale_id``, with another ``text`` (``finish_reason`` too
        where it is cut). Rationales that cannot be spoilt in this way are left out: without a
        text, a quotation that holds, long responses, word patterns of their language, or another
        rationale to take the text of.

    Raises:
        UnknownNameError: If there is no such control.
    """
    if control not in _MAKERS:
        raise UnknownNameError("control", control, known=_MAKERS)
    there = rows.filter(pl.col("text").is_not_null()).sort("rationale_id")
    texts = _MAKERS[control](there, f"{control}:{seed}")
    spoilt = there.with_columns(pl.Series("spoilt", texts, dtype=pl.String)).filter(
        pl.col("spoilt").is_not_null() & (pl.col("spoilt") != pl.col("text"))
    )
    finish = pl.lit("length") if control == "cut" else pl.col("finish_reason")
    return spoilt.with_columns(text=pl.col("spoilt"), finish_reason=finish).select(rows.columns)


def _number(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:8], "big")


def _drawn(choices: Sequence[str], *parts: str) -> str:
    return choices[_number(*parts) % len(choices)]


def _swapped(rows: pl.DataFrame, salt: str) -> list[str | None]:  # noqa: ARG001 - as all makers
    return swap_handles(rows["text"]).to_list()


def _permuted(rows: pl.DataFrame, salt: str) -> list[str | None]:
    return _of_others(
        rows, salt, lambda row: (row["kind"], row["language"]), lambda row: row["prompt_id"]
    )


def _other_language(rows: pl.DataFrame, salt: str) -> list[str | None]:
    known = rows.filter(pl.col("language").is_not_null())
    others = _of_others(known, salt, lambda row: row["kind"], lambda row: row["language"])
    found = dict(zip(known["rationale_id"], others, strict=True))
    return [
        None if row["language"] is None else found[row["rationale_id"]] or _foreign(row, salt)
        for row in rows.iter_rows(named=True)
    ]


def _foreign(row: dict[str, Any], salt: str) -> str:
    """Take the sample of another language that ships, where the rows hold one language alone."""
    codes = [code for code in lexicon_languages() if code != row["language"]]
    lexicon = _lexicon(_drawn(codes, salt, row["rationale_id"]))
    return _drawn(lexicon.controls.samples, salt, row["rationale_id"], "sample")


def _of_others(
    rows: pl.DataFrame,
    salt: str,
    group: Callable[[dict[str, Any]], Any],
    differs: Callable[[dict[str, Any]], Any],
) -> list[str | None]:
    """Give each row the text of the next one of its group, in an order of chance, that differs."""
    named = list(rows.iter_rows(named=True))
    order = sorted(range(len(named)), key=lambda i: _number(salt, named[i]["rationale_id"]))
    members: dict[Any, list[int]] = {}
    for i in order:
        members.setdefault(group(named[i]), []).append(i)
    texts: list[str | None] = [None] * len(named)
    for ring in members.values():
        kinds = [differs(named[i]) for i in ring]
        step = 1
        for place, i in enumerate(ring):
            # Of long stretches that do not differ, the end is looked for once.
            step = max(step - 1, 1)
            while step < len(ring) and kinds[(place + step) % len(ring)] == kinds[place]:
                step += 1
            if step < len(ring):
                texts[i] = named[ring[(place + step) % len(ring)]]["text"]
            else:
                step = 1
    return texts


def _with_altered_quote(rows: pl.DataFrame, salt: str) -> list[str | None]:
    placed = place_quotes(read_rationales(rows, Limits()), Limits()).filter(
        pl.col("verdict") == "right", ~pl.col("is_missing"), ~pl.col("in_prompt")
    )
    quotes = dict(placed.group_by("row").agg("quote").iter_rows())
    return [
        _altered(row, quotes.get(number, []), salt)
        for number, row in enumerate(rows.iter_rows(named=True))
    ]


def _altered(row: dict[str, Any], quotes: Sequence[str], salt: str) -> str | None:
    """Put another word for the longest one of a quotation."""
    known = "\n".join(row[name] or "" for name in ("x_text", "y_text", "prompt_text")).lower()
    pool = [
        word
        for word in (_lexicon(row["language"]) or _lexicon("en")).controls.words
        if word.lower() not in known
    ]
    spots = [spot for spot in find_quotations(row["text"]) if spot.text in quotes]
    if not spots or not pool:
        return None
    spot = spots[_number(salt, row["rationale_id"]) % len(spots)]
    new = _drawn(pool, salt, row["rationale_id"], "word")
    words = spot.text.split()
    if len(words) >= _LEAST_WORDS - 1:
        longest = max(range(len(words)), key=lambda i: len(words[i]))
        words[longest] = new
        changed = " ".join(words)
    else:  # A script without spaces.
        middle = len(spot.text) // 2
        changed = spot.text[: middle - 1] + new + spot.text[middle + _UNSPACED_TAKEN - 1 :]
    start = row["text"].index(spot.text, spot.start)
    return str(row["text"][:start] + changed + row["text"][start + len(spot.text) :])


def _with_sentence(field: str) -> Callable[[pl.DataFrame, str], list[str | None]]:
    def make(rows: pl.DataFrame, salt: str) -> list[str | None]:
        return [_inserted(row, field, salt) for row in rows.iter_rows(named=True)]

    return make


def _inserted(row: dict[str, Any], field: str, salt: str) -> str | None:
    lexicon = _lexicon(row["language"])
    if lexicon is None or row["preferred"] is None:
        return None
    good, bad = ("X", "Y") if row["preferred"] == "x" else ("Y", "X")
    choices = getattr(lexicon.controls, field)
    sentence = _drawn(choices, salt, row["rationale_id"]).format(good=good, bad=bad)
    gaps = [match.end() for match in _SENTENCE_END.finditer(row["text"])]
    inside = [(spot.start, spot.end) for spot in find_quotations(row["text"])]
    gaps = [gap for gap in gaps if not any(start < gap < end for start, end in inside)]
    at = [*gaps, len(row["text"])][_number(salt, row["rationale_id"], "at") % (len(gaps) + 1)]
    joint = " " if lexicon.spaced else ""
    before, after = row["text"][:at].rstrip(), row["text"][at:]
    return joint.join(part for part in (before, sentence, after) if part)


def _refused(rows: pl.DataFrame, salt: str) -> list[str | None]:
    texts = []
    for row in rows.iter_rows(named=True):
        lexicon = _lexicon(row["language"])
        texts.append(lexicon and _drawn(lexicon.controls.refusal, salt, row["rationale_id"]))
    return texts


def _cut(rows: pl.DataFrame, salt: str) -> list[str | None]:
    low, high = _CUT_SHARES
    texts: list[str | None] = []
    for row in rows.iter_rows(named=True):
        share = low + (high - low) * (_number(salt, row["rationale_id"]) % 1000) / 1000
        kept = row["text"][: int(len(row["text"]) * share)].rstrip()
        # What happens to end a sentence is cut a little shorter.
        kept = _LAST_SIGNS.sub("", kept)
        texts.append(kept or None)
    return texts


def _copied(rows: pl.DataFrame, salt: str) -> list[str | None]:
    return [_padded(row, salt) for row in rows.iter_rows(named=True)]


def _padded(row: dict[str, Any], salt: str) -> str | None:
    """Put a long stretch of a response in the place of all but the first sentence."""
    name = _drawn(("x_text", "y_text"), salt, row["rationale_id"])
    lexicon = _lexicon(row["language"])
    body = row[name] or ""
    is_spaced = lexicon is None or lexicon.spaced
    words = body.split() if is_spaced else list(body)
    if len(words) < _LEAST_COPIED:
        return None
    room = len(words) - min(_COPIED_WORDS, len(words))
    start = _number(salt, row["rationale_id"], "start") % (room + 1)
    stretch = (" " if is_spaced else "").join(words[start : start + _COPIED_WORDS])
    # Marks of quotation would make it a quotation.
    stretch = re.sub(r"[\"“”„«»「」『』`]", "", stretch)
    first = _SENTENCE_END.split(row["text"], maxsplit=1)[0]
    return f"{first} {_LAST_SIGNS.sub('', stretch)}."


def _lexicon(language: str | None) -> Any:
    return None if language is None else lexicon_of(language)


_MAKERS: dict[str, Callable[[pl.DataFrame, str], list[str | None]]] = {
    "handle-swap": _swapped,
    "permuted": _permuted,
    "altered-quote": _with_altered_quote,
    "label-leak": _with_sentence("label"),
    "position-leak": _with_sentence("position"),
    "other-language": _other_language,
    "refusal": _refused,
    "cut": _cut,
    "copied": _copied,
}
