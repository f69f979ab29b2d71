"""Pairs go out in a format and come back from its source as the same pairs, counted.

What a format says that it loses is what does not come back: each test compares all the rest, and
shows of each loss that it is one.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.exporters.annotated_pairs import AnnotatedPairs, annotated_pairs
from prefdata.exporters.argilla import Argilla, argilla
from prefdata.exporters.arrow import arrow
from prefdata.exporters.trl import Trl, trl
from prefdata.protocols import Context, Exporter, NoParams, Params, RawFile, Source
from prefdata.sources.annotated_pairs import annotated_pairs as annotated_pairs_source
from prefdata.sources.argilla import argilla as argilla_source
from prefdata.sources.trl import trl as trl_source
from prefdata.stages.make_pairs import make_pairs
from prefdata.tables.messages import MESSAGES
from prefdata.testing.contracts import ReadBack, read_source

__all__: list[str] = []

_COLUMNS: dict[str, pl.DataType] = {
    **dict.fromkeys(("pair_id", "source", "subset", "prompt_id"), pl.String()),
    **dict.fromkeys(("prompt", "chosen", "rejected"), MESSAGES),
    "margin": pl.Float64(),
    **dict.fromkeys(("margin_unit", "strength"), pl.String()),
    "n_votes": pl.Int32(),
    **dict.fromkeys(("aspect", "annotator_id", "chosen_model", "rejected_model"), pl.String()),
    **dict.fromkeys(("language", "split"), pl.String()),
    **dict.fromkeys(("annotator_kind", "annotator_model"), pl.String()),
}
_ANNOTATORS = {"toy:ann": "human", "toy:ben": "human", "toy:crowd": "group", "toy:gpt": "model"}
# Few words, so that equal prompts, equal responses and whole equal pairs come often; odd ones too.
_WORDS = st.sampled_from(
    [" yes", "no", 'a,"b"', "x\ty", "1\n2\r", "Über\u2028é", "NA", "Assistant: so", "~1", "{}"]
)


def _say(*turns: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in turns]


_QUESTION = _WORDS.map(lambda text: _say(("user", text)))
_TALK = st.tuples(st.booleans(), _WORDS, st.none() | _WORDS).map(
    lambda drawn: _say(
        *([("system", "Be brief.")] if drawn[0] else []),
        ("user", drawn[1]),
        *([("assistant", drawn[2]), ("user", "And now?")] if drawn[2] is not None else []),
    )
)
_ANSWER = _WORDS.map(lambda text: _say(("assistant", text)))


@st.composite
def _pairs(draw: st.DrawFn, prompts: st.SearchStrategy[Any] = _TALK) -> pl.DataFrame:
    """Draw pairs as an exporter gets them."""
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "prompt": prompts,
                    "chosen": _ANSWER,
                    "rejected": _ANSWER,
                    "margin": st.sampled_from([None, 0.5, 2.0]),
                    "annotator_id": st.sampled_from([*_ANNOTATORS]),
                    "chosen_model": st.sampled_from([None, "big"]),
                    "rejected_model": st.sampled_from([None, "small"]),
                    "split": st.sampled_from(["train", "test"]),
                }
            ),
            min_size=3,
            max_size=10,
        )
    )
    whole = [
        {
            **dict.fromkeys(_COLUMNS),
            "pair_id": f"{number:032x}",
            "source": "toy",
            "prompt_id": f"toy:{number}",
            "margin_unit": None if row["margin"] is None else "points",
            "aspect": "overall",
            "annotator_kind": _ANNOTATORS[row["annotator_id"]],
            "annotator_model": "gpt" if row["annotator_id"] == "toy:gpt" else None,
            **row,
        }
        for number, row in enumerate(rows)
    ]
    return pl.DataFrame(whole, schema=_COLUMNS, orient="row")


def _fit(pairs: pl.DataFrame, exporter: Exporter, params: Params) -> pl.DataFrame:
    """Take out what the runner takes out."""
    if exporter.unfit is None:
        return pairs
    return pairs.filter(exporter.unfit(pairs, params).is_null())


def _back(pairs: pl.DataFrame, exporter: Exporter, params: Params, source: Source) -> ReadBack:
    """Write pairs and read them as the source does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = exporter.write(pairs.iter_slices(3), folder, params)
        raws = [RawFile(path, path.relative_to(folder).as_posix()) for path in paths]
        return read_source(source, raws, source.params.model_validate({"name": "back"}))


def _made(back: ReadBack, **rule: Any) -> pl.DataFrame:
    """Make pairs of what was read, and put their texts beside them."""
    assert back.rejects.is_empty()
    tables = {name: back.tables[name].lazy() for name in ("judgments", "responses", "prompts")}
    made = make_pairs.run(tables, make_pairs.params(**rule), Context(source="back"))
    responses = back.tables["responses"].select("response_id", "messages", "model")
    prompts = back.tables["prompts"].select("prompt_id", "split", prompt="messages")
    rows = made.tables["pairs"].join(prompts, on="prompt_id")
    for side in ("chosen", "rejected"):
        names = {"messages": side, "model": f"{side}_model"}
        rows = rows.join(responses.rename(names), left_on=f"{side}_id", right_on="response_id")
    annotator = pl.col("annotator_id").str.strip_prefix("back:")
    return rows.with_columns(annotator_id=annotator)


def _counted(pairs: pl.DataFrame, *columns: str) -> Counter[str]:
    """Count pairs by their words and by what else is named."""
    rows = pairs.select("prompt", "chosen", "rejected", "split", *columns)
    return Counter(repr(row) for row in rows.rows())


_few = settings(max_examples=6)


@_few
@given(_pairs(), st.sampled_from(["explicit", "implicit"]), st.booleans())
def test_trl_conversations_come_back(pairs: pl.DataFrame, kind: Any, has_margin: bool) -> None:
    params = Trl(kind=kind, with_margin=has_margin)
    sent = _fit(pairs, trl, params)
    if sent.is_empty():
        return
    made = _made(_back(sent, trl, params, trl_source))
    assert _counted(made) == _counted(sent)
    # Lost: who preferred it, who answered, and the margin as a number.
    assert set(made["annotator_id"]) == {"annotators"}
    assert made["chosen_model"].null_count() == made.height
    if has_margin:
        margins = sent.with_columns(strength=_spelled(pl.col("margin").fill_null(0.0)))
        assert _counted(made, "strength") == _counted(margins, "strength")
    else:
        assert made["strength"].null_count() == made.height


def _spelled(number: pl.Expr) -> pl.Expr:
    return number.map_elements(lambda one: f"{one:g}", return_dtype=pl.String)


@_few
@given(_pairs(_QUESTION))
def test_trl_strings_come_back(pairs: pl.DataFrame) -> None:
    params = Trl(messages=False, file="jsonl")
    sent = _fit(pairs, trl, params)
    if sent.is_empty():
        return
    assert _counted(_made(_back(sent, trl, params, trl_source))) == _counted(sent)


@_few
@given(_pairs())
def test_unpaired_responses_come_back_with_their_labels(pairs: pl.DataFrame) -> None:
    params = Trl(kind="unpaired")
    sent = _fit(pairs, trl, params)
    if sent.is_empty():
        return
    back = _back(sent, trl, params, trl_source)
    said = back.tables["judgments"].join(back.tables["prompts"], on="prompt_id", suffix="_asked")
    answers = back.tables["responses"].select("prompt_id", answer="messages")
    rows = said.join(answers, on="prompt_id").select(
        "messages", "answer", "split", label=pl.col("scores").list.first() == 1.0
    )
    sides = [
        sent.select("prompt", side, "split", pl.lit(side == "chosen"))
        for side in ("chosen", "rejected")
    ]
    sent_rows = [row for side in sides for row in side.rows()]
    assert Counter(map(repr, rows.rows())) == Counter(map(repr, sent_rows))
    # Lost: which two responses were compared.
    assert _made(back).is_empty()


@_few
@given(_pairs())
def test_arrow_rows_come_back_whole(pairs: pl.DataFrame) -> None:
    sent = _fit(pairs, arrow, NoParams())
    back = _back(sent, arrow, NoParams(), trl_source)
    # It loses nothing, but the source reads what is of TRL: margins as words.
    same = sent.filter(pl.col("chosen") != pl.col("rejected"))
    columns = ("chosen_model", "rejected_model")
    assert _counted(_made(back), *columns) == _counted(same, *columns)


@_few
@given(_pairs(), st.booleans())
def test_annotated_pairs_come_back_with_their_annotators(
    pairs: pl.DataFrame, majority: bool
) -> None:
    params = AnnotatedPairs(prompts="messages", majority=majority)
    sent = _fit(pairs, annotated_pairs, params)
    if sent.is_empty():
        return
    made = _made(_back(sent, annotated_pairs, params, annotated_pairs_source))
    # Lost: which annotator is what most prefer; it has the id of inverse-cai's constant.
    mine = made.filter(pl.col("annotator_id") != "ba751e7b")
    columns = ("annotator_id", "chosen_model", "rejected_model")
    assert _counted(mine, *columns) == _counted(sent, *columns)
    assert majority or mine.height == made.height
    # Lost: margins.
    assert made["margin"].null_count() == made.height


@_few
@given(_pairs(_QUESTION))
def test_a_tie_in_both_orders_comes_back_as_one_tie(pairs: pl.DataFrame) -> None:
    one = pairs.with_columns(margin=pl.lit(0.0), margin_unit=pl.lit("points")).head(1)
    exchanged = {"chosen": "rejected", "rejected": "chosen"}
    models = {"chosen_model": "rejected_model", "rejected_model": "chosen_model"}
    other = one.rename({**exchanged, **models}).select(one.columns)
    both = pl.concat([one, other.with_columns(pair_id=pl.lit("f" * 32))])
    params = AnnotatedPairs()
    sent = _fit(both, annotated_pairs, params)
    if sent.is_empty():
        return
    back = _back(sent, annotated_pairs, params, annotated_pairs_source)
    assert back.tables["judgments"]["outcome"].to_list() == ["tie"]
    columns = ("annotator_id", "chosen_model", "margin")
    made = _made(back, tie="both-orders")
    assert _counted(made, *columns) == _counted(sent, *columns)


@_few
@given(_pairs(_QUESTION))
def test_a_table_of_pairs_comes_back_without_annotators(pairs: pl.DataFrame) -> None:
    params = AnnotatedPairs(file="csv")
    sent = _fit(pairs, annotated_pairs, params)
    if sent.is_empty():
        return
    made = _made(_back(sent, annotated_pairs, params, annotated_pairs_source))
    columns = ("chosen_model", "rejected_model")
    assert _counted(made, *columns) == _counted(sent, *columns)
    assert set(made["annotator_id"]) == {"annotators"}


@_few
@given(
    _pairs(),
    st.sampled_from(["suggestion", "response"]),
    st.sampled_from(["label", "ranking"]),
    st.sampled_from(["json", "jsonl"]),
)
def test_argilla_records_come_back(
    pairs: pl.DataFrame, choice: Any, question: Any, file: Any
) -> None:
    params = Argilla(choice=choice, question=question, file=file)
    # Lost: the names of splits as files.
    sent = _fit(pairs, argilla, params).with_columns(split=pl.lit(None, pl.String))
    if sent.is_empty():
        return
    made = _made(_back(sent, argilla, params, argilla_source))
    columns = ("chosen_model", "rejected_model")
    assert _counted(made, *columns) == _counted(sent, *columns)
    # Of people the own id is lost where their choices are responses; who is the same, is the same.
    is_machine = pl.col("annotator_id").str.starts_with("agent/")
    named = pl.col("annotator_id").str.strip_prefix("agent/")
    if choice == "suggestion":
        assert _counted(made.with_columns(named), "annotator_id") == _counted(sent, "annotator_id")
    else:
        machines = made.filter(is_machine).with_columns(named)
        model = pl.col("annotator_kind") == "model"
        assert _counted(machines, "annotator_id") == _counted(sent.filter(model), "annotator_id")
        people = sent.filter(~model)["annotator_id"].value_counts()["count"]
        users = made.filter(~is_machine)["annotator_id"].value_counts()["count"]
        assert sorted(people) == sorted(users)
