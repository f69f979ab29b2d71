"""Groups of annotators or prompts: which label is of which, and which groups may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prefdata.core.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefdata.constitution.ballots import Ballots

__all__ = [
    "MIN_ANNOTATORS",
    "PROMPT_COLUMNS",
    "STATED",
    "described_groups",
    "group_cells",
    "group_labels",
    "is_of_people",
    "known_groups",
]

PROMPT_COLUMNS = ("subset", "split", "topic", "language")
"""Columns of prompts that make groups."""
STATED = "stated:"
"""Before the name of what annotators were asked to state how much it matters to them."""
MIN_ANNOTATORS = 10
"""Fewest people a group of people must have for anything to be told of it."""

_KIND = "kind"
_LANGUAGES = "languages"
_HIGHEST, _OTHERS = "highest third", "others"
_UPPER = 2 / 3
_TWO = 2
# Who says so, not who they are.
_PROVENANCE = {"annotator_id", "source", "raw", "revision", "file", "stage"}
_NOT_PEOPLE = ("group", "model", "rule")
_CELL: Mapping[str, pl.DataType] = {
    "group_value": pl.String(),
    "n_labels": pl.Int64(),
    "n_annotators": pl.Int64(),
    "n_people": pl.Int64(),
    "is_suppressed": pl.Boolean(),
    "why": pl.String(),
}


def is_of_people(by: str) -> bool:
    """Tell whether a column says something of single people, so that small groups are hidden.

    Columns of prompts do not, and nor does the kind of an annotator: which people there are among
    those that judged a topic is not what such a group tells.
    """
    return by != _KIND and by not in PROMPT_COLUMNS


def known_groups(tables: Mapping[str, pl.LazyFrame]) -> list[str]:
    """Return what can make groups, in order: columns of annotators, of prompts, and stated ones.

    Args:
        tables: ``annotators``.
    """
    schema = tables["annotators"].collect_schema()
    texts = [name for name, dtype in schema.items() if dtype == pl.String]
    columns = [name for name in texts if name not in _PROVENANCE]
    listed = [_LANGUAGES] if _LANGUAGES in schema else []
    return [*columns, *listed, *PROMPT_COLUMNS, *(STATED + name for name in _stated_names(tables))]


def group_labels(
    tables: Mapping[str, pl.LazyFrame], ballots: Ballots, by: Sequence[str]
) -> pl.DataFrame:
    """Return the group of each label, for each way to make groups.

    A column of annotators keeps the words of the source; of ``languages`` the first counts. Of
    ``stated:<name>`` the annotators who state the highest third of all values are one group, and
    the others that state one are another; which of two cuts is nearer to a third is taken where
    many state the same. Labels that have no value are null: all of them, of ``stated:<name>``,
    where no annotator of the source was asked anything of the kind.

    Args:
        tables: ``annotators``.
        ballots: Labels, and comparisons with what is known of their prompts.
        by: Names of columns, or ``stated:<name>``.

    Returns:
        A row for each label, in their order, and a column of strings for each name.

    Raises:
        UnknownNameError: If nothing of that name can make groups.
    """
    labels = ballots.labels
    known = known_groups(tables) if by else []
    is_asked = any(name.startswith(STATED) for name in known)
    for name in by:
        # A source that asks nobody what matters to them has nothing to tell such a name by.
        if name not in known and (is_asked or not name.startswith(STATED)):
            raise UnknownNameError("way to make groups", name, known=known, where="groups")
    found: dict[str, pl.Series] = {}
    for name in dict.fromkeys(by):
        if name in PROMPT_COLUMNS:
            found[name] = ballots.comparisons[name].gather(labels["at"])
        elif name == _KIND:
            found[name] = labels[_KIND]
        elif name not in known:
            found[name] = pl.repeat(None, labels.height, dtype=pl.String, eager=True)
        else:
            values = _values(tables, name, labels["annotator_id"].unique().drop_nulls())
            found[name] = labels.select("annotator_id").join(
                values, on="annotator_id", how="left", maintain_order="left"
            )["value"]
    return pl.DataFrame(
        {name: values.cast(pl.String) for name, values in found.items()},
        schema=dict.fromkeys(found, pl.String),
    )


def _values(
    tables: Mapping[str, pl.LazyFrame], name: str, annotator_ids: pl.Series
) -> pl.DataFrame:
    """Return ``annotator_id`` and ``value`` of annotators, one row for each."""
    rows = (
        tables["annotators"]
        .unique("annotator_id", keep="first", maintain_order=True)
        .join(annotator_ids.to_frame("annotator_id").lazy(), on="annotator_id", how="semi")
    )
    if name.startswith(STATED):
        return _highest(rows, name.removeprefix(STATED))
    value = pl.col(name).list.first() if name == _LANGUAGES else pl.col(name)
    return rows.select("annotator_id", value=value).collect()


def _highest(rows: pl.LazyFrame, name: str) -> pl.DataFrame:
    """Part annotators in those who state the highest third of values, and the others."""
    stated = (
        rows.select("annotator_id", "stated_preferences")
        .filter(pl.col("stated_preferences").list.len() > 0)
        .explode("stated_preferences")
        .select(
            "annotator_id",
            name=pl.col("stated_preferences").struct.field("name"),
            value=pl.col("stated_preferences").struct.field("value"),
        )
        .filter(pl.col("name") == name)
        .drop_nulls("value")
        .unique("annotator_id", keep="first", maintain_order=True)
        .collect()
    )
    cut = stated["value"].quantile(_UPPER, "lower")
    above, from_cut = stated["value"] > cut, stated["value"] >= cut
    third = stated.height * (1 - _UPPER)
    is_high = min(above, from_cut, key=lambda chosen: abs(int(chosen.sum()) - third))
    named = pl.when(is_high).then(pl.lit(_HIGHEST)).otherwise(pl.lit(_OTHERS))
    return stated.select("annotator_id", value=named)


def _stated_names(tables: Mapping[str, pl.LazyFrame]) -> list[str]:
    dtype = tables["annotators"].collect_schema().get("stated_preferences")
    # Where nobody states anything, polars may have lost of what it would have been.
    if not (isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)):
        return []
    items = tables["annotators"].select(pl.col("stated_preferences").explode()).drop_nulls()
    names = (
        items.select(pl.col("stated_preferences").struct.field("name").alias("name"))
        .unique()
        .collect()
    )
    return sorted(names["name"].drop_nulls())


def group_cells(
    ballots: Ballots, values: pl.Series, *, min_annotators: int = MIN_ANNOTATORS
) -> pl.DataFrame:
    """Count the labels and annotators of each group, and tell which groups may be shown.

    Of a group of people fewer than ``min_annotators`` nothing but the number of its labels
    is told. What is told of all labels and of the other groups would give it away by subtraction,
    so as many of the next smallest groups are hidden as are needed for the people in no group that
    is shown, those without a value among them, to be as many. Only annotators that are people
    count: of an anonymous group nobody knows how many there are, and nobody is singled out by it;
    nor does a model need hiding.

    Args:
        ballots: Labels; those that are ties do not count.
        values: The group of each label; its name is the way to make groups.
        min_annotators: Fewest people in a group that is shown.

    Returns:
        A row for each group, sorted by ``group_value``: ``n_labels``, ``n_annotators`` (null if
        none is named), ``n_people``, ``is_suppressed`` and ``why``. Labels without a value have no
        row.
    """
    is_one = pl.col("annotator_id").is_not_null()
    is_person = is_one & ~pl.col("kind").fill_null("human").is_in(_NOT_PEOPLE)
    who = pl.col("annotator_id")
    cells = (
        ballots.labels.select("annotator_id", "kind", "y", group_value=values.alias("group_value"))
        .filter(pl.col("y") != 0)
        .group_by("group_value")
        .agg(
            n_labels=pl.len(),
            n_annotators=pl.when(is_one.any()).then(who.filter(is_one).n_unique()),
            n_people=who.filter(is_person).n_unique(),
        )
        .sort("group_value", nulls_last=True)
    )
    hidden = _hidden(cells, min_annotators) if is_of_people(values.name) else {}
    why = pl.Series([hidden.get(name) for name in cells["group_value"]], dtype=pl.String)
    return (
        cells.with_columns(why=why, is_suppressed=why.is_not_null())
        .filter(pl.col("group_value").is_not_null())
        .select(pl.col(name).cast(dtype) for name, dtype in _CELL.items())
    )


def _hidden(cells: pl.DataFrame, least: int) -> dict[str, str]:
    """Return the groups that are hidden, and why each is."""
    people = {row["group_value"]: row["n_people"] for row in cells.iter_rows(named=True)}
    # An anonymous or mechanical group has no people, and is neither hidden nor hides anybody.
    apart = people.pop(None, 0)
    named = {name: n for name, n in people.items() if n > 0}
    hidden = {
        name: f"It has fewer than {least} annotators." for name, n in named.items() if n < least
    }
    apart += sum(named[name] for name in hidden)
    for n, name in sorted((n, name) for name, n in named.items() if n >= least):
        if not 0 < apart < least:
            break
        # The total less the groups shown would tell of these few: complementary suppression
        # (Cox 1980, JASA 75, 377-385).
        hidden[name] = (
            "The few annotators in no group that is shown could be told from all labels without it."
        )
        apart += n
    return hidden


def described_groups(
    ballots: Ballots, groups: pl.DataFrame, *, min_annotators: int = MIN_ANNOTATORS
) -> pl.DataFrame:
    """Count what each way to make groups gives, and say why where it gives nothing.

    Args:
        ballots: Labels.
        groups: As from `group_labels`.
        min_annotators: As in `group_cells`.

    Returns:
        A row for each column of ``groups``: ``group_by``, ``n_groups``, ``n_suppressed``,
        ``n_labels`` with a value, ``n_without`` one, and ``why`` nothing is
        compared, null where something is. Ties are among no labels.
    """
    rows = []
    n_labels = int((ballots.labels["y"] != 0).sum())
    for name in groups.columns:
        cells = group_cells(ballots, groups[name], min_annotators=min_annotators)
        n_hidden, n_with = int(cells["is_suppressed"].sum()), int(cells["n_labels"].sum())
        why = _why_nothing(name, cells.height, n_hidden, min_annotators)
        rows.append((name, cells.height, n_hidden, n_with, n_labels - n_with, why))
    counts = ("n_groups", "n_suppressed", "n_labels", "n_without")
    schema = {"group_by": pl.String, **dict.fromkeys(counts, pl.Int64), "why": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _why_nothing(by: str, n_groups: int, n_hidden: int, least: int) -> str | None:
    """Return why no group is compared with another."""
    if not n_groups:
        whose = "prompt" if by in PROMPT_COLUMNS else "annotator"
        return f"No {whose} of these labels has a value of `{by}`."
    n_shown = n_groups - n_hidden
    if n_groups == 1 and n_shown:
        return f"All labels have one value of `{by}`."
    if n_shown < _TWO:
        few = "No group" if not n_shown else "Only one group"
        return (
            f"{few} of `{by}` can be shown: a group needs {least} annotators, and so do those that "
            "are in no group shown, taken together."
        )
    return None
