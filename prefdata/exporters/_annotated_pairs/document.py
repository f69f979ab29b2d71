"""The AnnotatedPairs 2.0 file of one split, written in two passes.

The first keeps a line for each comparison in a file, and in memory its digest and its votes: about
200 bytes for each comparison and 9 for each pair. The second puts the votes into the lines.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.exporters._annotated_pairs.comparisons import (
    KEYS,
    Prompts,
    compared,
    metadata,
    opening,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import BinaryIO

__all__ = ["POOLED", "Document"]

POOLED = "ba751e7b"
"""The annotator whom others are compared with: a constant of inverse-cai, the start of the MD5 of a
sentence, which its viewer looks for."""

_VERSION = "2.0"
_TIE = 0
_TYPES = {"human": "human", "rule": "principle"}
_VOTES = {"at": pl.UInt32(), "who": pl.UInt32(), "sign": pl.Int8(), "is_tied": pl.Boolean()}


class Document:
    """The comparisons of one split, as they come, and then the file of them."""

    def __init__(self, scratch: BinaryIO, *, seed: int, prompts: Prompts, majority: bool) -> None:
        """Take a file for the lines.

        Args:
            scratch: Open for writing and reading.
            seed: Of the draw which response is a.
            prompts: How prompts of several messages are written.
            majority: Whether what most prefer is an annotator, where there are several.
        """
        self._scratch = scratch
        self._seed = seed
        self._prompts = prompts
        self._majority = majority
        self._at: dict[str, int] = {}
        self._who: dict[str | None, int] = {}
        self._annotators: dict[str, dict[str, str]] = {}
        self._votes: list[pl.DataFrame] = [pl.DataFrame(schema=_VOTES)]

    def add(self, pairs: pl.DataFrame) -> None:
        """Take pairs of the split, as an exporter gets them with kinds and models of annotators."""
        rows = compared(pairs, self._seed)
        ids = rows["comparison_id"]
        is_new = ids.is_first_distinct() & ~ids.is_in([one for one in ids if one in self._at])
        new = rows.filter(is_new)
        self._at.update(zip(new["comparison_id"], range(len(self._at), 1 << 62), strict=False))
        lines = new.select(pl.concat_str(opening(self._prompts), pl.lit("\t"), metadata()))
        self._scratch.writelines(f"{line}\n".encode() for line in lines.to_series())
        self._meet(rows)
        votes = rows.select(
            at=ids.replace_strict({one: self._at[one] for one in ids.unique()}),
            who=pl.Series([self._who[one] for one in rows["annotator_id"]]),
            sign=pl.when("is_chosen_a").then(1).otherwise(-1),
            is_tied=(pl.col("margin") == 0).fill_null(value=False),
        )
        self._votes.append(votes.cast(pl.Schema(_VOTES)))

    def _meet(self, rows: pl.DataFrame) -> None:
        """Remember who annotates, in words."""
        columns = ["annotator_id", "annotator_kind", "annotator_model"]
        for name, kind, model in rows.select(columns).unique(maintain_order=True).iter_rows():
            self._who.setdefault(name, len(self._who))
            if name is not None:
                self._annotators[name] = _described(name, kind, model)

    def write(self, file: BinaryIO, about: Mapping[str, str]) -> None:
        """Write the file.

        Args:
            file: Open for writing.
            about: What its head says beside what is always there.
        """
        default = self._default()
        annotators = dict(sorted(self._annotators.items()))
        if default == POOLED:
            annotators = {POOLED: _POOLED, **annotators}
        head = {"metadata": _metadata(default, about), "annotators": annotators}
        text = json.dumps(head, ensure_ascii=False, indent=1)
        file.write(f'{text[:-2]},\n "comparisons":['.encode())
        separator = "\n"
        for line in self._lines(is_pooled=default == POOLED):
            file.write(f"{separator}{line}".encode())
            separator = ",\n"
        file.write(b"\n]}\n")

    def _default(self) -> str:
        """Return the annotator whom others are compared with: what most prefer, or one of them."""
        is_one_wanted = len(self._who) == 1 or not self._majority
        if None in self._who or not is_one_wanted:
            return POOLED
        counts: dict[int, int] = dict(pl.concat(self._votes)["who"].value_counts().iter_rows())
        said = {name: counts[code] for name, code in self._who.items() if name is not None}
        return min(said, key=lambda name: (-said[name], name))

    def _lines(self, *, is_pooled: bool) -> Iterator[str]:
        """Yield comparisons as JSON; one comes again where an annotator judged it several times."""
        votes = pl.concat(self._votes).sort("at", maintain_order=True)
        names = list(self._who)
        said = (
            votes.group_by("at", maintain_order=True)
            .agg("who", "sign", "is_tied")
            .select("who", "sign", "is_tied")
        )
        self._scratch.flush()
        self._scratch.seek(0)
        # A loop over comparisons: each is a line of the file in the end.
        for one, line, told in zip(self._at, self._scratch, said.iter_rows(), strict=True):
            before, after = line.decode().rstrip("\n").split("\t")
            for again, layer in enumerate(_layers(names, *told)):
                key = f"{one}~{again}" if again else one
                annotations = _annotations(layer, is_pooled=is_pooled)
                yield f'{{"id":"{key}",{before},"annotations":{annotations},"metadata":{after}}}'


def _layers(
    names: Sequence[str | None], who: list[int], signs: list[int], tied: list[bool]
) -> list[dict[str | None, int]]:
    """Return what each annotator says for the first time, for the second time and so on.

    Both orders with margin 0 are how a tie comes as pairs, and are a tie again.
    """
    said: dict[str | None, list[int]] = defaultdict(list)
    for code, sign, is_tied in zip(who, signs, tied, strict=True):
        mine = said[names[code]]
        # A tie is marked by 2 or -2 until its other order comes.
        if is_tied and -2 * sign in mine:
            mine[mine.index(-2 * sign)] = _TIE
        else:
            mine.append(2 * sign if is_tied else sign)
    n_layers = max(len(mine) for mine in said.values())
    return [
        {name: mine[again] for name, mine in said.items() if again < len(mine)}
        for again in range(n_layers)
    ]


def _annotations(layer: Mapping[str | None, int], *, is_pooled: bool) -> str:
    named = {name: sign for name, sign in layer.items() if name is not None}
    if is_pooled:
        signs = [sign // max(abs(sign), 1) for sign in named.values()]
        most = layer[None] if None in layer else sum(signs)
        named = {POOLED: most, **dict(sorted(named.items()))}
    else:
        named = dict(sorted(named.items()))
    return json.dumps({name: _annotation(sign) for name, sign in named.items()}, ensure_ascii=False)


def _annotation(sign: int) -> dict[str, str | None]:
    if sign == _TIE:
        return {"pref": None, "no_pref_reason": "both"}
    return {"pref": "a" if sign > 0 else "b"}


def _metadata(default: str, about: Mapping[str, str]) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "description": "Comparisons of two responses with the choices of their annotators.",
        # No time: the same pairs give the same bytes.
        "created_at": None,
        "default_annotator": default,
        "available_metadata_keys_per_comparison": list(KEYS),
        "filterable_columns": list(KEYS),
        **about,
    }


_POOLED = {
    # The viewer looks for this very name.
    "name": "preferred_text",
    "description": "What most annotators prefer.",
    "type": "unknown",
}


def _described(name: str, kind: str | None, model: str | None) -> dict[str, str]:
    """Say who an annotator is, in the words of the format; it has none for models."""
    if kind == "model":
        return {"name": name, "description": f"The model {model or name}.", "type": "unknown"}
    if kind == "rule":
        return {"name": name, "description": f"The rule {name}.", "type": "principle"}
    who = "A person." if kind == "human" else "A person, or a group of people."
    return {"name": name, "description": who, "type": _TYPES.get(kind or "", "unknown")}
