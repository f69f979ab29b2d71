from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import prefdata as pf
from prefdata.protocols import Context, StageResult
from prefdata.schema import check, conform, table_schema
from prefdata.stages.dedup import Dedup, dedup
from prefdata.vectors.store import VectorStore

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_LONG = (
    "Could you tell me how the people of this small town have kept their old bridge standing "
    "for more than two hundred years, when nobody ever paid them for it?"
)
_EDIT = _LONG.replace("small", "large")


def _run(build: Any, context: Context | None = None, **params: Any) -> StageResult:
    result = dedup.run(build.lazy(), Dedup(**params), context or Context(step="dedup"))
    assert result.rows_in == result.rows_out
    assert result.rejects is None
    for table, frame in result.tables.items():
        contract = table_schema(table)
        rows = conform(frame.with_columns(stage=pl.lit("dedup")), contract)
        assert check(rows, contract).rejects.is_empty()
    return result


def _flags(result: StageResult) -> dict[tuple[str, str], float | None]:
    rows = result.tables["flags"].select("id", "flag", "value").iter_rows()
    return {(name, flag): value for name, flag, value in rows}


def _clusters(result: StageResult) -> list[list[str]]:
    grouped = result.tables["neighbors"].group_by("cluster_id").agg(pl.col("id").sort())
    return sorted(grouped["id"].to_list())


def _prompts(build: Any, *texts: str, source: str = "toy", first: int = 0) -> None:
    for number, text in enumerate(texts, start=first):
        build.prompt(f"p{number}", text, source=source)


def test_case_form_and_white_space_make_no_other_text(build: Any) -> None:
    _prompts(build, "The first  word", "the ﬁrst\nWORD ", "the last word")
    result = _run(build, method="exact")
    assert _flags(result) == {("p1", "exact-duplicate"): 1.0}
    row = result.tables["neighbors"].row(0, named=True)
    assert row == {
        "id": "p0",
        "source": "toy",
        "subject": "prompts",
        "neighbor_id": "p1",
        "neighbor_source": "toy",
        "method": "exact",
        "similarity": 1.0,
        "measure": "equality",
        "cluster_id": min(build.frames()["prompts"]["content_hash"].head(2)),
        "cluster_size": 2,
        "representative_id": "p0",
    }
    reason = result.tables["flags"]["reason"].item()
    assert reason == "Has the text of p0; p0 stands for the 2 rows alike."
    assert result.notes == ("1 of 3 prompts repeat another, in 1 clusters",)


@pytest.mark.parametrize(
    ("texts", "switch"),
    [(("a b", "A b"), "case"), (("a b", "a  b"), "space"), (("ﬁ b", "fi b"), "unicode")],
)
def test_what_does_not_count_can_be_made_to_count(
    build: Any, texts: tuple[str, str], switch: str
) -> None:
    _prompts(build, *texts)
    assert len(_clusters(_run(build, method="exact"))) == 1
    params: dict[str, Any] = {"method": "exact", switch: False}
    assert _clusters(_run(build, **params)) == []


def test_an_edit_is_a_near_duplicate_and_no_exact_one(build: Any) -> None:
    _prompts(build, _LONG, _EDIT, _LONG.upper(), "Why do cats purr when nobody is around them?")
    assert _clusters(_run(build, method="exact")) == [["p0", "p2"]]
    result = _run(build)
    flags = _flags(result)
    assert set(flags) == {("p1", "near-duplicate"), ("p2", "exact-duplicate")}
    assert 0.7 < (flags["p1", "near-duplicate"] or 0) < 1
    rows = result.tables["neighbors"].sort("id")
    assert rows["measure"].to_list() == ["equality", "jaccard", "equality"]
    assert rows["neighbor_id"].to_list() == ["p2", "p0", "p0"]
    assert rows["representative_id"].unique().to_list() == ["p0"]
    reason = result.tables["flags"].filter(flag="near-duplicate")["reason"].item()
    assert reason.startswith("Is like p0 (jaccard 0.")
    assert reason.endswith("); p0 stands for the 3 rows alike.")


def test_the_similarity_is_that_of_the_very_shingles(build: Any) -> None:
    _prompts(build, "a b c d e f g h", "a b c d e f g x")
    result = _run(build, shingle="words", shingle_size=2, threshold=0.75)
    assert result.tables["neighbors"]["similarity"].to_list() == [6 / 8] * 2
    assert _clusters(_run(build, shingle="words", shingle_size=2, threshold=0.76)) == []


def test_what_shares_a_band_is_not_a_duplicate_unless_one_says_so(build: Any) -> None:
    _prompts(build, "a b c d e f g h", "a b c d w x y z")
    wide: dict[str, Any] = {
        "shingle": "words",
        "shingle_size": 1,
        "threshold": 0.7,
        "bands": 128,
        "rows": 1,
    }
    assert _clusters(_run(build, **wide)) == []
    result = _run(build, **wide, verify=False)
    assert result.tables["neighbors"]["similarity"].to_list() == [4 / 12] * 2


def test_a_text_that_holds_another_can_count(build: Any) -> None:
    _prompts(build, "a b c d e f", "a b c d e f u v w x y z")
    params: dict[str, Any] = {"shingle": "words", "shingle_size": 1, "bands": 128, "rows": 1}
    assert _clusters(_run(build, **params)) == []
    result = _run(build, **params, min_containment=0.8)
    assert result.tables["neighbors"]["measure"].to_list() == ["containment"] * 2
    assert result.tables["neighbors"]["similarity"].to_list() == [1.0] * 2


def test_punctuation_is_no_wording_but_alone_it_is_compared_as_it_is(build: Any) -> None:
    _prompts(build, "Well, why not?", "Well why, not!", "?!", "…!!", "?!")
    result = _run(build)
    assert _clusters(result) == [["p0", "p1"], ["p2", "p4"]]
    assert _flags(result)["p1", "near-duplicate"] == 1.0


def test_a_chain_of_alike_texts_is_one_cluster(build: Any) -> None:
    words = _LONG.split()
    texts = []
    for step in range(4):
        words[5 * step] = "something"
        texts.append(" ".join(words))
    _prompts(build, *texts)
    result = _run(build, threshold=0.8)
    assert _clusters(result) == [["p0", "p1", "p2", "p3"]]
    neighbors = result.tables["neighbors"].sort("id")["neighbor_id"].to_list()
    assert neighbors[0] == "p1"
    assert neighbors[3] == "p2"


def test_most_judgments_then_the_oldest_source_then_the_id_decide_who_stands(build: Any) -> None:
    context = Context(step="dedup", sources=("old", "new"))
    for name, source in (("p1", "new"), ("p2", "new"), ("p3", "old"), ("p4", "old")):
        build.prompt(name, "Same words here.", source=source)
    standing = _run(build, context).tables["neighbors"]["representative_id"]
    assert standing.unique().to_list() == ["p3"]
    build.response("p2/a", "Yes.")
    build.choose("p2/u/overall", "a", "a", source="new")
    standing = _run(build, context).tables["neighbors"]["representative_id"]
    assert standing.unique().to_list() == ["p2"]


def test_responses_are_judged_where_they_are_shown(build: Any) -> None:
    build.prompt("p", "Ask.")
    for key in "abc":
        build.response(f"p/{key}", "The very same answer." if key != "c" else "Other words.")
    build.choose("p/u/overall", "bc", "b")
    result = _run(build, subject="responses")
    assert _flags(result) == {("p/a", "exact-duplicate"): 1.0}
    assert result.rows_in == 3


def test_a_blank_text_is_like_nothing(build: Any) -> None:
    _prompts(build, "", " \n", "\x00", "Say something.")
    result = _run(build)
    assert _flags(result) == dict.fromkeys((f"p{n}", "empty-text") for n in range(3))
    assert result.tables["neighbors"].is_empty()
    assert result.notes[1] == "3 of 4 prompts have no text, and were compared with nothing"


def test_no_rows_give_no_rows(build: Any) -> None:
    for subject in ("prompts", "responses", "pairs"):
        for method in ("exact", "near"):
            assert _run(build, subject=subject, method=method).rows_in == 0


def test_a_corpus_of_one_text_is_one_cluster(build: Any) -> None:
    _prompts(build, *["All the same."] * 300)
    result = _run(build)
    assert result.tables["neighbors"]["cluster_size"].unique().to_list() == [300]
    assert result.tables["flags"].height == 299


def test_a_very_long_text_is_compared(build: Any) -> None:
    text = " ".join(str(number) for number in range(300_000))
    assert len(text) > 1_900_000
    _prompts(build, text, text + " x", "short")
    assert _clusters(_run(build)) == [["p0", "p1"]]


def test_texts_of_one_pattern_are_apart_unless_their_edits_are_small(build: Any) -> None:
    """Large buckets are not compared each with each; the other bands make up for it."""
    fill = [f"the {word} thing number {n}" for n in range(40) for word in ("red", "odd", "low")]
    _prompts(build, *(f"{_LONG} {text}" for text in fill))
    assert [len(cluster) for cluster in _clusters(_run(build))] == [120]


def test_rows_of_other_sources_count_only_within_the_catalog(build: Any) -> None:
    _prompts(build, _LONG, _LONG, source="one")
    _prompts(build, _EDIT, _LONG, source="two", first=2)
    context = Context(step="dedup", sources=("one", "two"))
    assert _clusters(_run(build, context)) == [["p0", "p1", "p2", "p3"]]
    result = _run(build, context, within="source")
    found = result.tables["neighbors"].group_by("source").agg(pl.col("representative_id").unique())
    assert dict(found.iter_rows()) == {"one": ["p0"], "two": ["p2"]}
    assert set(_flags(result)) == {("p1", "exact-duplicate"), ("p3", "near-duplicate")}


def test_only_new_rows_are_flagged_against_a_snapshot(build: Any) -> None:
    _prompts(build, "Old twin.", "Old twin.", "Old twin.", _EDIT, _LONG, "New twin.", "New twin.")
    build.prompt("blank-old", "")
    build.prompt("blank-new", "")
    old = pl.LazyFrame({"prompt_id": ["p0", "p1", "p4", "blank-old"]})

    def at(ref: str, table: str) -> pl.LazyFrame:
        assert (ref, table) == ("v1", "prompts")
        return old

    result = _run(build, Context(step="dedup", at=at), against="v1")
    assert set(_flags(result)) == {
        ("p2", "exact-duplicate"),
        ("p3", "near-duplicate"),
        ("p6", "exact-duplicate"),
        ("blank-new", "empty-text"),
    }
    standing = dict(result.tables["neighbors"].select("id", "representative_id").iter_rows())
    assert standing["p2"] == standing["p1"] == "p0"
    assert standing["p3"] == "p4"
    assert standing["p5"] == "p5"
    assert result.notes[1] == "5 of 9 prompts are not in v1"


def test_old_rows_alone_are_not_compared(build: Any) -> None:
    _prompts(build, "Twin.", "Twin.", _LONG, _EDIT)
    old = pl.LazyFrame({"prompt_id": ["p0", "p1", "p2", "p3"]})
    result = _run(build, Context(step="dedup", at=lambda *_: old), against="v1")
    assert result.tables["neighbors"].is_empty()
    assert result.tables["flags"].is_empty()


def _pair(build: Any, name: str, prompt: str, chosen: str, rejected: str, votes: int = 1) -> None:
    build.prompt(name, prompt)
    build.response(f"{name}/a", chosen)
    build.response(f"{name}/b", rejected)
    build.add(
        "pairs",
        pair_id=name,
        prompt_id=name,
        chosen_id=f"{name}/a",
        rejected_id=f"{name}/b",
        aspect="overall",
        rule="choice",
        stage="make-pairs",
        n_votes=votes,
    )


def test_pairs_are_equal_when_prompt_and_both_responses_are(build: Any) -> None:
    _pair(build, "p0", "Ask?", "Yes.", "No.")
    _pair(build, "p1", "ask?", "YES.", "no.", votes=3)
    _pair(build, "p2", "Ask?", "Yes.", "Maybe.")
    _pair(build, "p3", "Ask!", "Yes.", "No.")
    build.prompt("unused", "Ask?")
    result = _run(build, subject="pairs", method="exact")
    assert _flags(result) == {("p0", "exact-duplicate"): 1.0}
    assert result.rows_in == 4
    assert len(result.tables["neighbors"]["cluster_id"][0]) == 32


def test_pairs_with_the_other_label_conflict_and_both_sides_are_flagged(build: Any) -> None:
    _pair(build, "p0", "Ask?", "Yes.", "No.")
    _pair(build, "p1", "Ask?", "Yes.", "No.")
    _pair(build, "p2", "Ask?", "No.", "Yes.")
    _pair(build, "p3", "Ask again?", "No.", "Yes.")
    result = _run(build, subject="pairs", method="exact")
    flags = _flags(result)
    assert {name for name, flag in flags if flag == "exact-duplicate"} == {"p1", "p2"}
    conflicts = {name: value for (name, flag), value in flags.items() if "conflict" in flag}
    assert conflicts == {
        "p0": pytest.approx(1 / 3),
        "p1": pytest.approx(1 / 3),
        "p2": pytest.approx(2 / 3),
    }
    reasons = result.tables["flags"].filter(id="p2", flag="conflicting-duplicate")["reason"]
    assert reasons.item() == "Of the pairs with these texts, 66.7 % choose the other response."


def test_a_pair_of_equal_responses_has_no_other_label(build: Any) -> None:
    _pair(build, "p0", "Ask?", "Yes.", "yes.")
    _pair(build, "p1", "Ask?", "YES.", "Yes.")
    assert set(_flags(_run(build, subject="pairs"))) == {("p1", "exact-duplicate")}


def test_pairs_are_alike_when_the_prompts_are_and_the_responses_are(build: Any) -> None:
    other = "A text about whales, which swim far and sing long songs to each other at night."
    _pair(build, "p0", _LONG, _EDIT, other)
    _pair(build, "p1", _EDIT, other + "..", _LONG)
    _pair(build, "p2", _LONG, other, "Nothing that was said before is said here again.")
    _pair(build, "p3", other, _EDIT, other)
    result = _run(build, subject="pairs")
    assert _clusters(result) == [["p0", "p1"]]
    # The prompts differ in one word, and so do the responses, but there are more of them.
    assert result.tables["neighbors"]["similarity"][0] < 0.95


def test_a_pair_with_a_blank_response_is_compared_and_one_of_blanks_is_not(build: Any) -> None:
    _pair(build, "p0", _LONG, "Yes.", "")
    _pair(build, "p1", _LONG, "Yes.", " ")
    _pair(build, "p2", "", " ", "")
    flags = _flags(_run(build, subject="pairs"))
    assert set(flags) == {("p1", "exact-duplicate"), ("p2", "empty-text")}


def test_pairs_of_a_snapshot_are_old(build: Any) -> None:
    _pair(build, "p0", _LONG, "Yes, they have.", "No, they have not.", votes=9)
    _pair(build, "p1", _LONG, "Yes, they have.", "No, they have not.")
    old = pl.LazyFrame({"pair_id": ["p1"]})
    result = _run(build, Context(step="s", at=lambda *_: old), subject="pairs", against="v1")
    assert set(_flags(result)) == {("p0", "exact-duplicate")}


@pytest.fixture
def lexical(tmp_path: Path) -> Context:
    """Return a context whose vectors are the real ones of the lexical embedder."""
    return Context(step="dedup", vectors=VectorStore(pf.init(tmp_path / "workspace")))


_QUESTIONS = (
    "How do I cook brown rice?",
    "how do i cook BROWN rice",
    "What is the capital of the old empire of whales?",
    "Why do old cats sleep through the day?",
)


def test_meaning_is_compared_by_vectors(build: Any, lexical: Context) -> None:
    _prompts(build, *_QUESTIONS, _QUESTIONS[0].upper(), "")
    result = _run(build, lexical, method="semantic", model="lexical", threshold=0.9)
    flags = _flags(result)
    assert set(flags) == {
        ("p1", "semantic-duplicate"),
        ("p4", "exact-duplicate"),
        ("p5", "empty-text"),
    }
    assert 0.9 <= (flags["p1", "semantic-duplicate"] or 0) <= 1
    rows = result.tables["neighbors"].sort("id")
    assert rows["measure"].to_list() == ["equality", "cosine", "equality"]


def test_what_has_no_vector_is_compared_as_it_is(build: Any, lexical: Context) -> None:
    _prompts(build, *_QUESTIONS, "?!", "?!", "!?")
    result = _run(build, lexical, method="semantic", model="lexical", threshold=0.9)
    assert ("p5", "exact-duplicate") in _flags(result)
    assert ("p6", "semantic-duplicate") not in _flags(result)
    assert any("2 distinct prompts have no vector" in note for note in result.notes)


def test_meaning_is_compared_within_a_source(build: Any, lexical: Context) -> None:
    _prompts(build, *_QUESTIONS[1:], source="one")
    _prompts(build, *_QUESTIONS, source="two", first=10)
    params = {"method": "semantic", "model": "lexical", "threshold": 0.9}
    assert _clusters(_run(build, lexical, **params, within="source")) == [["p10", "p11"]]
    assert ["p0", "p10", "p11"] in _clusters(_run(build, lexical, **params))


def test_the_meaning_of_pairs_is_half_prompt_half_responses(build: Any, lexical: Context) -> None:
    yes, no = "Yes, boil it for forty minutes.", "No idea, please ask somebody else."
    _pair(build, "p0", _QUESTIONS[0], yes, no)
    _pair(build, "p1", _QUESTIONS[1], no.upper() + "!", yes)
    _pair(build, "p2", _QUESTIONS[2], yes, no)
    params = {"subject": "pairs", "method": "semantic", "model": "lexical"}
    result = _run(build, lexical, **params, threshold=0.9)
    assert _clusters(result) == [["p0", "p1"]]
    loose = _run(build, lexical, **params, threshold=0.4)
    row = loose.tables["neighbors"].filter(id="p2").row(0, named=True)
    # The responses are equal and the prompts share next to nothing.
    assert row["similarity"] == pytest.approx(0.5, abs=0.1)
