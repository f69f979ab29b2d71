"""Votes of factors on what pairs compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from prefdata.constitution.ballots import NOT_APPLICABLE, Ballots, read_ballots
from prefdata.protocols import Context, Outside
from prefdata.schema import check, conform, polars_schema, table_schema
from prefdata.stages.factors import Factors, factors

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prefdata.protocols import StageResult

__all__: list[str] = []

_TEXTS = {
    "p1": ("I'm sorry, I can't help with that.", "Sure! Take the old ladder, and climb up.", ""),
    "p2": ("Nein, das geht leider überhaupt nicht, weil es verboten ist.", "Ja!"),
    "p3": ("Yes. " * 40_000, "No."),
}
_ASKED = {
    "p1": "How do I get onto the roof of my house?",
    "p2": "Kann ich morgen mit dem Fahrrad durch den Park fahren, oder ist das verboten?",
    "p3": "Is this allowed, and what would you say about that?",
}
# Prompt, chosen, rejected, step.
_PAIRS = [
    ("p1", 0, 1, "make-pairs"),
    ("p1", 1, 0, "make-pairs"),
    ("p1", 2, 0, "make-pairs"),
    ("p2", 0, 1, "make-pairs"),
    ("p3", 0, 1, "make-pairs"),
    ("p1", 1, 2, "judged"),
]


def _table(name: str, rows: list[dict[str, Any]]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, schema=polars_schema(table_schema(name)))


def _tables(
    pairs: list[tuple[str, int, int, str]] | None = None, language: str | None = None
) -> dict[str, pl.LazyFrame]:
    asked = [
        {"role": "user", "content": "Hello there, and how are you?"},
        {"role": "assistant", "content": "Well."},
    ]
    prompts = [
        {
            "prompt_id": name,
            "source": "s",
            "language": language,
            "content_hash": name,
            "messages": [*asked, {"role": "user", "content": text}],
        }
        for name, text in _ASKED.items()
    ]
    responses = [
        {"response_id": f"{prompt}/{n}", "prompt_id": prompt, "source": "s", "text": text}
        for prompt, texts in _TEXTS.items()
        for n, text in enumerate(texts)
    ]
    made = [
        {
            "pair_id": str(n),
            "source": "s",
            "prompt_id": prompt,
            "chosen_id": f"{prompt}/{chosen}",
            "rejected_id": f"{prompt}/{rejected}",
            "aspect": "overall",
            "rule": "choice",
            "stage": step,
        }
        for n, (prompt, chosen, rejected, step) in enumerate(_PAIRS if pairs is None else pairs)
    ]
    return {
        "pairs": _table("pairs", made),
        "prompts": _table("prompts", prompts),
        "responses": _table("responses", responses),
        "annotators": _table("annotators", []),
    }


def _run(tables: Mapping[str, pl.LazyFrame], **params: Any) -> StageResult:
    files = params.pop("files", {})
    context = Context(source="s", step="factors", files=files)
    result = factors.run(tables, Factors(**params), context)
    assert result.rejects is not None
    assert result.rows_in == result.rows_out + result.rejects.height
    return result


def _full(result: StageResult, name: str) -> pl.DataFrame:
    rows = result.tables[name].with_columns(source=pl.lit("s"), stage=pl.lit("factors"))
    schema = table_schema(name)
    full = conform(rows, schema)
    assert not check(full, schema).rejects.height
    return full


def _ballots(tables: Mapping[str, pl.LazyFrame], result: StageResult) -> Ballots:
    written = {name: _full(result, name).lazy() for name in ("principles", "votes")}
    return read_ballots({**tables, **written}, pairs=["make-pairs"], votes=["factors"])


@pytest.fixture(scope="module")
def result() -> StageResult:
    return _run(_tables())


def test_each_comparison_is_voted_on_once_and_each_response_measured_once(
    result: StageResult,
) -> None:
    assert result.rows_in == result.rows_out == 4
    votes, values = _full(result, "votes"), _full(result, "factors")
    assert votes["comparison_id"].n_unique() == votes.height == 4
    # The third response to the first prompt is one of them, compared here or not.
    assert values["response_id"].to_list() == sorted(
        f"{p}/{n}" for p, t in _TEXTS.items() for n in range(len(t))
    )
    assert set(votes["votes"].list.len()) == set(values["values"].list.len()) == {63}
    assert _full(result, "principles").height == 63


def test_votes_say_which_response_has_more(result: StageResult) -> None:
    ballots = _ballots(_tables(), result)
    apology = ballots.principles["name"].to_list().index("apology")
    chosen = {"p1/0": 1, "p1/1": -1}
    rows = ballots.comparisons.with_row_index("at").filter(
        pl.col("response_a_id").is_in(list(chosen)), pl.col("response_b_id").is_in(list(chosen))
    )
    at, a = rows.select("at", "response_a_id").row(0)
    assert ballots.votes[at, apology] == chosen[a]


def test_words_are_not_told_in_another_language(result: StageResult) -> None:
    ballots = _ballots(_tables(), result)
    at = ballots.comparisons["prompt_id"].to_list().index("p2")
    names = ballots.principles["name"].to_list()
    assert ballots.votes[at, names.index("disagreement")] == NOT_APPLICABLE
    assert abs(ballots.votes[at, names.index("length")]) == 1
    assert _full(result, "factors").filter(prompt_id="p2")["language"].to_list() == ["de", "de"]


def test_notes_count_what_abstains_and_what_never_decides(result: StageResult) -> None:
    told = "\n".join(result.notes)
    assert "4 comparisons of 3 prompts; 63 factors of builtin-1@" in told
    assert "1 comparisons are in languages without words of ours (de 1)" in told
    assert "1 responses are empty" in told
    assert "never decisive here: " in told


def test_the_language_of_the_source_counts() -> None:
    found = _full(_run(_tables(language="fr")), "factors")
    assert found["language"].unique().to_list() == ["fr"]


def test_order_of_rows_changes_nothing(result: StageResult) -> None:
    turned = {name: frame.reverse() for name, frame in _tables().items()}
    again = _run(turned)
    for name, rows in result.tables.items():
        assert rows.equals(again.tables[name])


def test_one_prompt_or_no_pairs_are_no_error() -> None:
    assert _run(_tables(_PAIRS[:1])).rows_out == 1
    nothing = _run(_tables([]))
    assert nothing.rows_in == 0
    assert nothing.notes == ("there are no comparisons, so no factor votes",)
    assert _full(nothing, "principles").is_empty()
    assert _full(nothing, "votes").is_empty()


def test_a_comparison_with_a_response_that_is_missing_is_rejected() -> None:
    tables = _tables()
    tables["responses"] = tables["responses"].filter(pl.col("response_id") != "p1/0")
    found = _run(tables)
    assert found.rejects is not None
    assert found.rejects["rule"].to_list() == ["no_text"] * 2
    assert found.rows_out == 2


def test_other_steps_and_a_catalogue_of_your_own_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "version: ladders-1\nlanguages: [en]\nfactors:\n  ladder:\n    theme: tools\n"
        "    kind: count\n    words: ladder*\n    sentence: Select the response with ladders.\n"
        "    opposite: Select the response without ladders.\n",
        encoding="utf-8",
    )
    params = Factors(pairs="judged", catalogue="own.yaml")  # type: ignore[arg-type]
    assert params.outside() == Outside(files=("own.yaml",), steps=("judged",))
    assert Factors().outside() == Outside(steps=("make-pairs",))
    found = _run(
        _tables(), pairs="judged", catalogue="own.yaml", values=False, files={"own.yaml": path}
    )
    assert set(found.tables) == {"principles", "votes"}
    assert found.tables["principles"]["name"].to_list() == ["ladder"]
    assert [abs(vote) for vote in found.tables["votes"]["votes"][0]] == [1]


@pytest.fixture(scope="module")
def harmless_ballots(harmless: dict[str, pl.DataFrame]) -> Ballots:
    said = harmless["judgments"].explode("response_ids", "chosen")
    sides = {
        f"{side}_id": said.filter(pl.col("chosen") == (side == "chosen")).select(
            "judgment_id", f"{side}_id"
        )
        for side, said in (
            (side, said.rename({"response_ids": f"{side}_id"})) for side in ("chosen", "rejected")
        )
    }
    made = (
        harmless["judgments"]
        .select("judgment_id", "prompt_id", "source", "annotator_id", "aspect")
        .join(sides["chosen_id"], on="judgment_id")
        .join(sides["rejected_id"], on="judgment_id")
        .with_columns(pair_id="judgment_id", rule=pl.lit("choice"), stage=pl.lit("make-pairs"))
    )
    frames = {name: harmless[name].lazy() for name in ("prompts", "responses", "annotators")}
    tables = frames | {"pairs": conform(made, table_schema("pairs")).lazy()}
    return _ballots(tables, _run(tables))


@pytest.mark.parametrize(
    ("name", "strength", "relevance", "accuracy"),
    [
        ("length", -0.113, 0.93, 0.439),
        ("first_person", 0.124, 0.74, 0.583),
        ("apology", 0.046, 0.11, 0.714),
        ("comply", -0.071, 0.37, None),
    ],
)
def test_real_pairs_have_strengths_near_those_that_were_measured_first(
    harmless_ballots: Ballots,
    name: str,
    strength: float,
    relevance: float,
    accuracy: float | None,
) -> None:
    """HH-RLHF, harmless-base, test; the words of the first prototype were others."""
    labels = harmless_ballots.decided().labels
    column = harmless_ballots.principles["name"].to_list().index(name)
    votes = harmless_ballots.signed[labels["at"].to_numpy(), column]
    agreed = votes * np.sign(labels["y"].to_numpy())
    assert agreed.mean() == pytest.approx(strength, abs=0.02)
    assert (agreed != 0).mean() == pytest.approx(relevance, abs=0.1)
    if accuracy is not None:
        assert (agreed > 0).sum() / (agreed != 0).sum() == pytest.approx(accuracy, abs=0.02)
