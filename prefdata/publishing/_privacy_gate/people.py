"""What is staged about annotators: who could be recognised by it (P002, P004, P005)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.privacy.kanon import classes, diversity, facts_of
from prefdata.publishing.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.publishing._privacy_gate.staged import Leaf, Piece

__all__ = ["DEMOGRAPHICS", "SELF_DESCRIPTIONS", "People"]

DEMOGRAPHICS = (
    "country",
    "birth_country",
    "age_band",
    "age",
    "gender",
    "education",
    "employment",
    "religion",
    "ethnicity",
    "politics",
    "languages",
    "proficiency",
    "marital_status",
    "study_id",
    "study_locale",
)
"""Columns about a person, wherever they stand; ``annotator_`` may stand before."""

SELF_DESCRIPTIONS = (
    "self_description",
    "self_described",
    "system_string",
    "stated_preferences",
    "stated_prefs",
    "other_text",
    "raw",
)
"""Columns and fields in which people say of themselves what nobody else says the same way; ``raw``
is all that a source said."""

_PREFIX, _KIND = "annotator_", "annotator_kind"
# Who wrote a free text about themselves wrote a sentence, and not the one that others wrote.
_MIN_LENGTH, _MIN_PEOPLE, _MIN_DISTINCT = 30, 10, 0.5


class People:
    """Gathers what all configurations together say of each annotator.

    Configurations can be joined by the annotator's id, so classes are counted over all of them.
    """

    def __init__(self, more: Sequence[str], person: str) -> None:
        """Name columns that are demographics here too, and the column that names the annotator."""
        self._names = {*DEMOGRAPHICS, *more}
        self._person = person
        self._said: list[pl.DataFrame] = []
        self._people: list[pl.DataFrame] = []
        self._nameless: dict[str, int] = {}
        self._places: set[str] = set()
        self._columns: set[str] = set()
        self._texts: set[str] = set()

    def add(self, piece: Piece, leaves: Sequence[Leaf]) -> None:
        """Look at the columns of a piece."""
        frame = piece.frame
        columns = [
            name
            for name in frame.columns
            if self._names & {name, name.removeprefix(_PREFIX)}
            and frame[name].null_count() < frame.height
        ]
        self._self_descriptions(piece, leaves)
        if not columns:
            return
        self._columns |= set(columns)
        self._places |= {f"{piece.config}: {', '.join(columns)}"}
        source = ["source"] if "source" in frame.columns else []
        is_told = pl.any_horizontal(pl.col(columns).is_not_null())
        told = frame.filter(is_told)
        if self._person not in frame.columns:
            self._nameless[piece.config] = self._nameless.get(piece.config, 0) + told.height
            return
        nameless = told[self._person].null_count()
        if nameless:
            self._nameless[piece.config] = self._nameless.get(piece.config, 0) + nameless
        # People of whom nothing is told count: a single blank one stands out, too.
        people = frame.filter(pl.col(_KIND) == "human") if _KIND in frame.columns else frame
        facts = pl.concat(
            [
                people.select(person=pl.col(self._person).cast(pl.String)),
                facts_of(people.select(*source, *columns), columns),
            ],
            how="horizontal",
        ).drop_nulls("person")
        self._people.append(facts.select("person").unique())
        long = facts.unpivot(index="person", variable_name="column")
        self._said.append(long.drop_nulls("value").unique())

    def _self_descriptions(self, piece: Piece, leaves: Sequence[Leaf]) -> None:
        is_of_people = self._person in piece.frame.columns and (
            piece.frame[self._person].n_unique() == piece.frame.height >= _MIN_PEOPLE
        )
        for leaf in leaves:
            name = leaf.path[-1].removeprefix(_PREFIX)
            is_named = name in SELF_DESCRIPTIONS or leaf.column in SELF_DESCRIPTIONS
            if is_named or (is_of_people and _is_free_text(leaf)):
                self._texts.add(f"{piece.config}: {'.'.join(leaf.path)}")

    def findings(self, k: int, sensitive: Sequence[str], gate_prompt: str) -> list[Finding]:
        """Return what stands in the way of publishing it.

        Args:
            k: Least number of people in a class.
            sensitive: Columns whose values should differ within a class.
            gate_prompt: What users must agree to before they get the data.
        """
        found = [
            Finding(
                code="P004",
                level="refuse",
                what="What annotators say of themselves is staged; hardly two say the same.",
                where=place,
                fix="Leave the column out.",
            )
            for place in sorted(self._texts)
        ]
        where = "; ".join(sorted(self._places))
        for config, n in sorted(self._nameless.items()):
            found.append(
                Finding(
                    code="P002",
                    level="refuse",
                    what=f"{n:,} rows tell demographics of annotators whom no column names, so "
                    "nobody can count how many look alike.",
                    where=config,
                    fix=f"Publish `{self._person}` too, or leave the demographics out.",
                    n=n,
                )
            )
        if self._said:
            found += self._recognisable(k, sensitive, where)
        if self._columns and not gate_prompt.strip():
            found.append(
                Finding(
                    code="P005",
                    level="refuse",
                    what="Demographics of single annotators are staged, and nobody has to agree "
                    "not to look for them.",
                    where=where,
                    fix="Give the gate a text, or leave the demographics out.",
                )
            )
        return found

    def people(self) -> pl.DataFrame:
        """Return one row for each annotator with all that is told of them."""
        said = pl.concat(self._said).unique()
        wide = said.group_by("person", "column").agg(pl.col("value").sort().str.join(" / "))
        pivoted = wide.pivot("column", index="person", values="value")
        return (
            pl.concat(self._people).unique().join(pivoted, on="person", how="left").sort("person")
        )

    def _recognisable(self, k: int, sensitive: Sequence[str], where: str) -> list[Finding]:
        people = self.people()
        columns = sorted(self._columns & set(people.columns))
        found = []
        small = classes(people, columns).filter(pl.col("n") < k)
        if n := int(small["n"].sum()):
            alone = int((small["n"] == 1).sum())
            found.append(
                Finding(
                    code="P002",
                    level="refuse",
                    what=f"{n:,} of {people.height:,} annotators share their demographics with "
                    f"fewer than {k} people, {alone:,} with nobody.",
                    where=where,
                    fix=f"Suppress values until every class has {k}, or publish fewer columns.",
                    n=n,
                )
            )
        for name in columns:
            others = [column for column in columns if column != name]
            if not others or not {name, name.removeprefix(_PREFIX)} & set(sensitive):
                continue
            uniform = diversity(people, others, [name]).filter(pl.col(f"n_{name}") == 1)
            if n := int(uniform["n"].sum()):
                found.append(
                    Finding(
                        code="P002",
                        level="warn",
                        what=f"Of {n:,} annotators `{name}` follows from the other columns, as all "
                        "who look like them have the same.",
                        where=where,
                        fix=f"Leave `{name}` out, or publish fewer columns beside it.",
                        n=n,
                    )
                )
        return found


def _is_free_text(leaf: Leaf) -> bool:
    texts = leaf.values["text"]
    length = texts.str.len_chars().mean()
    is_long = isinstance(length, float) and length >= _MIN_LENGTH
    is_own = texts.n_unique() >= _MIN_DISTINCT * len(texts)
    return is_long and is_own and not leaf.is_label
