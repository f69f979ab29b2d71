"""Every text of a source is kept in its own words, with its scope, and its traps are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefdata.protocols import Context, NoParams, Params, RawFile
from prefdata.registry import plugin
from prefdata.schema import check, conform, polars_schema, table_schema
from prefdata.sources._community_alignment import example as community
from prefdata.sources._multipref import example as multipref
from prefdata.stages.make_pairs import MakePairs, make_pairs
from prefdata.stages.native_rationales import NativeRationales, native_rationales
from prefdata.testing.world import WorldSpec, write_world

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prefdata.protocols import StageResult

__all__: list[str] = []

_TABLES = ("judgments", "annotators", "conversations", "prompts", "responses", "pairs")
_SENTINELS = ("EMPTY STRING", "NaN", "N/A", "none")
_Frames = dict[str, pl.LazyFrame]


def _read(source: str, raw: Sequence[RawFile], params: Params | None = None) -> _Frames:
    """Read files with the adapter of a source, as it would be ingested."""
    adapter = plugin("source", source)
    parts: dict[str, list[pl.DataFrame]] = {}
    for bundle in adapter.read(adapter.select(raw), params or NoParams(), Context(source=source)):
        for table, frame in bundle.tables.items():
            parts.setdefault(table, []).append(frame)
    return {
        name: pl.concat(parts[name]).lazy()
        if name in parts
        else pl.LazyFrame(schema=polars_schema(table_schema(name)))
        for name in _TABLES
    }


def _of_files(
    source: str, files: Mapping[str, bytes], folder: Path, params: Params | None = None
) -> _Frames:
    raw = []
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        raw.append(RawFile(path, name))
    return _read(source, raw, params)


def _paired(tables: Mapping[str, pl.LazyFrame], **params: Any) -> _Frames:
    """Add the pairs of the judgments."""
    result = make_pairs.run(dict(tables), MakePairs(**params), Context())
    judgments = tables["judgments"].select("source").collect()
    pairs = result.tables["pairs"].with_columns(
        source=pl.lit(judgments["source"].first(), pl.String), stage=pl.lit("make-pairs")
    )
    return {**tables, "pairs": conform(pairs, table_schema("pairs")).lazy()}


def _result(tables: Mapping[str, pl.LazyFrame], **params: Any) -> StageResult:
    """Run the stage; its rows keep the contract, and its ledger adds up."""
    result = native_rationales.run(
        dict(tables), NativeRationales(**params), Context(seed=3, step="native")
    )
    contract = table_schema("rationales")
    full = conform(result.tables["rationales"].with_columns(stage=pl.lit("native")), contract)
    assert check(full, contract).rejects.is_empty()
    assert full["rationale_id"].is_unique().all()
    assert result.rejects is not None
    assert result.rows_in == result.rows_out + result.rejects.height
    assert full.filter(pl.col("pair_id").is_null()).height == result.rows_out
    return result


def _rows(tables: Mapping[str, pl.LazyFrame], **params: Any) -> pl.DataFrame:
    return _result(tables, **params).tables["rationales"]


def _of(rows: pl.DataFrame, **where: Any) -> pl.DataFrame:
    return rows.filter(pl.col(name).eq_missing(pl.lit(value)) for name, value in where.items())


def _given(tables: Mapping[str, pl.LazyFrame]) -> list[str]:
    """Return every text that is not blank, from all places, by brute force."""
    texts: list[str | None] = []
    for row in tables["judgments"].collect().iter_rows(named=True):
        texts += [row["comment"], *(row["comments"] or ()), *(row["reasons"] or ())]
        texts += json.loads(row["raw"] or "{}").get("Rationale For Rating") or ()
    texts += tables["conversations"].collect()["feedback"].to_list()
    return [text for text in texts if text is not None and text.strip()]


def _assert_nothing_is_lost(tables: Mapping[str, pl.LazyFrame], result: StageResult) -> None:
    rows = _of(result.tables["rationales"], pair_id=None)
    kept: list[str] = []
    for kind, raw in rows.select("kind", "native_raw").iter_rows():
        kept += json.loads(raw)["reasons"] if kind == "reason" else [raw]
    assert result.rejects is not None
    kept += result.rejects["raw"].to_list()
    assert sorted(text for text in kept if text and text.strip()) == sorted(_given(tables))


# --- UltraFeedback ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ultrafeedback(tmp_path_factory: pytest.TempPathFactory) -> _Frames:
    files = plugin("source", "ultrafeedback").example
    folder = tmp_path_factory.mktemp("ultrafeedback")
    return _paired(_of_files("ultrafeedback", files, folder), ratings_from="mean-aspects")


def test_each_text_beside_a_response_is_about_that_response(ultrafeedback: _Frames) -> None:
    result = _result(ultrafeedback)
    _assert_nothing_is_lost(ultrafeedback, result)
    rows = result.tables["rationales"]
    assert set(rows["scope"]) == {"response"}
    assert set(rows["generator"]) == {"gpt-4"}
    assert set(_of(rows, kind="critique")["aspect"]) == {"overall"}
    of_two = rows.filter(pl.col("detail").str.contains("the one for the rating"))
    assert set(of_two["aspect"]) == {"helpfulness", "truthfulness"}
    assert set(of_two["native_raw"]) == {"Answers the question.", "Nothing made up."}
    texts = ultrafeedback["responses"].select("response_id", answer="text").collect()
    critiques = _of(rows, kind="critique").with_columns(
        response_id=pl.col("response_ids").list.first()
    )
    told = critiques.join(texts, on="response_id").filter(
        ~pl.col("text").str.contains(pl.col("answer").str.slice(0, 8), literal=True)
    )
    assert told.is_empty()


def test_what_is_odd_about_a_rating_is_told_beside_its_text(ultrafeedback: _Frames) -> None:
    rows = _rows(ultrafeedback, pairs=None)
    not_rated = rows.filter(pl.col("detail").str.contains("the rating is N/A"))
    assert {"honesty", "truthfulness"} <= set(not_rated["aspect"])
    suspects = rows.filter(pl.col("detail").str.contains("it may have been 1"))
    assert set(suspects["kind"]) == {"critique"}
    assert "«Every ho»" in " ".join(suspects["text"])  # 10 overall, 1.25 in the mean
    assert "«Once a w»" not in " ".join(suspects["text"])
    saw = rows.filter(pl.col("detail").str.contains("saw reference answers"))
    was_told = rows.filter(pl.col("detail").str.contains("false premise"))
    for found, subset in ((saw, "truthful_qa"), (was_told, "false_qa")):
        assert set(found["aspect"]) == {"truthfulness"}
        prompts = ultrafeedback["prompts"].filter(pl.col("subset") == subset).collect()
        assert set(found["prompt_id"]) == set(prompts["prompt_id"])


def test_texts_by_number_stay_unresolved_where_nobody_kept_the_order(tmp_path: Path) -> None:
    name = "false_qa.jsonl"
    row = json.loads(plugin("source", "ultrafeedback").example[name])
    notes = row["completions"][0]["annotations"]
    notes["honesty"]["Rationale"] = "Text 2 is surer than Text 1."
    tables = _of_files("ultrafeedback", {name: json.dumps(row).encode()}, tmp_path)
    rows = _rows(tables, pairs=None)
    found = rows.filter(pl.col("native_raw").str.contains("Text 2")).row(0, named=True)
    assert found["text"] == "Text 2 is surer than Text 1."
    assert found["detail"] == ("names responses by place, which cannot be resolved: Text 2, Text 1")


def test_two_texts_are_put_together_only_on_demand_and_for_the_better_one(
    ultrafeedback: _Frames,
) -> None:
    assert _of(_rows(ultrafeedback), origin="derived").is_empty()
    rows = _of(_rows(ultrafeedback, compose=True), origin="derived")
    assert set(rows["scope"]) == {"pair"}
    scores = (
        ultrafeedback["judgments"]
        .select("judgment_id", of="response_ids", score="scores")
        .explode("of", "score")
        .collect()
    )
    for row in rows.iter_rows(named=True):
        x, y = json.loads(row["native_raw"])
        assert row["text"] == f"X: {x}\nY: {y}"
        assert row["response_ids"] == [row["x_id"], row["y_id"]]
        own = scores.filter(pl.col("judgment_id") == row["judgment_id"])
        score = dict(own.select("of", "score").iter_rows())
        assert (score[row["x_id"]] > score[row["y_id"]]) == (row["preferred"] == "x")
    # A mean over aspects has no text of its own, so those of all aspects speak for it.
    assert {"helpfulness", "honesty", "overall"} <= set(rows["aspect"])


# --- Community Alignment ----------------------------------------------------------------------

_TEA = "Light. / Strong. / Herbal. / Ask."


def _community(folder: Path, *rows: tuple[str, str, str, str]) -> _Frames:
    """Read conversations of one turn: language, candidates, chosen letter, feedback."""
    cells = [
        community._row(f"{n}", language, community._ADA, community._turn(0, "Tea?", *turn))
        for n, (language, *turn) in enumerate(rows)
    ]
    for row in cells:
        row["wave"] = "1"
    file = {"community_alignment.csv": community.encode_csv(cells)}
    return _paired(_of_files("community-alignment", file, folder))


def test_feedback_on_a_set_is_kept_once_and_brought_to_its_three_pairs(tmp_path: Path) -> None:
    said = "Response B is warm, and Response D is colder than option A."
    tables = _community(tmp_path, ("en", _TEA, "b", said))
    rows = _rows(tables)
    base = _of(rows, pair_id=None).row(0, named=True)
    assert (base["scope"], base["kind"], base["text"]) == ("set", "feedback", said)
    assert base["x_id"] is base["preferred"] is None
    assert len(base["response_ids"]) == 4
    of_pairs = rows.filter(pl.col("pair_id").is_not_null())
    assert of_pairs.height == 3
    for row in of_pairs.iter_rows(named=True):
        assert (row["scope"], row["origin"], row["native_raw"]) == ("set", "native", said)
        chosen, rejected = (row[f"{s}_id"] for s in ("xy" if row["preferred"] == "x" else "yx"))
        better = row["preferred"].upper()
        worse = {"X": "Y", "Y": "X"}[better]
        names = {"b": f"Response {better}", "d": "another response", "a": "another response"}
        names[rejected[-1]] = f"Response {worse}" if rejected[-1] == "d" else f"option {worse}"
        assert chosen.endswith("/b")
        if rejected[-1] == "c":
            assert row["text"] == (
                f"Response {better} is warm, and another response is colder than another response."
            )
        elif rejected[-1] == "d":
            assert row["text"].startswith(f"Response {better} is warm, and Response {worse} is")
        else:
            assert row["text"].endswith(f"another response is colder than option {worse}.")


def test_a_letter_is_the_place_on_the_screen_not_in_the_list(tmp_path: Path) -> None:
    # The third candidate is missing, so D is the third of the list.
    tables = _community(tmp_path, ("en", "Light. / Strong. / . / Ask.", "d", "I chose D over all."))
    rows = _rows(tables).filter(pl.col("pair_id").is_not_null())
    assert rows.height == 2
    for row in rows.iter_rows(named=True):
        assert row["text"] == f"I chose {row['preferred'].upper()} over all."


@pytest.mark.parametrize(
    ("language", "said", "kept"),
    [
        ("fr", "La réponse B est mieux que la réponse C.", "qu'une autre réponse"),
        ("it", "La risposta B è meglio della risposta C.", "di un'altra risposta"),
        ("pt", "A resposta B é melhor do que a resposta C.", "outra resposta"),
        ("hi", "उत्तर B विकल्प C से बेहतर है।", "एक अन्य उत्तर"),
    ],
)
def test_letters_are_read_in_every_language_of_the_source(
    language: str, said: str, kept: str, tmp_path: Path
) -> None:
    rows = _rows(_community(tmp_path, (language, _TEA, "b", said)))
    assert set(rows["language"]) == {language}
    third = rows.filter(pl.col("text").str.contains(kept, literal=True))
    assert third.height == 2
    with_both = rows.filter(pl.col("text").str.contains("X"), pl.col("text").str.contains("Y"))
    assert with_both.height == 1


def test_a_doubtful_letter_stays_and_the_row_says_so(tmp_path: Path) -> None:
    rows = _rows(_community(tmp_path, ("en", _TEA, "a", "A is best.")))
    assert set(rows["text"]) == {"A is best."}
    assert set(rows["detail"]) == {"may name responses by place, and is left as it is: A"}


def test_a_text_with_an_x_of_its_own_is_told_apart(tmp_path: Path) -> None:
    said = "Response B solves for X, the others do not."
    rows = _rows(_community(tmp_path, ("en", _TEA, "b", said)))
    told = rows.filter(pl.col("pair_id").is_not_null())["detail"]
    assert set(told) == {"says X or Y of something else"}


def test_letters_of_a_quiz_are_not_those_of_the_screen(tmp_path: Path) -> None:
    answers = "A) red is right. / B) blue. / Neither. / Ask."
    rows = _rows(_community(tmp_path, ("en", answers, "a", "Option B is wrong.")))
    assert set(rows["text"]) == {"Option B is wrong."}


# --- MultiPref --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory: pytest.TempPathFactory) -> _Frames:
    rows = json.loads(json.dumps(multipref.COMPARISONS))
    first = rows[0]["normal_worker_annotations"][0]
    first["helpful_own_reason"] = "Response B is more complete than Response A."
    first["helpful_checked_reasons"] = ["Is easier to follow", "Has more detail"]
    files = {"data/train-00000-of-00001.parquet": multipref.encode_parquet(rows)}
    adapter = plugin("source", "multipref")
    folder = tmp_path_factory.mktemp("multipref")
    return _paired(_of_files("multipref", files, folder, adapter.params()))


def test_ticked_reasons_become_criteria_and_own_words_feedback(comparisons: _Frames) -> None:
    result = _result(comparisons, pairs=None)
    _assert_nothing_is_lost(comparisons, result)
    rows = result.tables["rationales"]
    assert set(rows["scope"]) == {"pair"}
    row = rows.filter(pl.col("native_raw").str.contains("Has more")).row(0, named=True)
    assert (row["kind"], row["text"]) == ("reason", "Is easier to follow; Has more detail")
    assert row["aspects"] == ["completeness", "style"]
    truthful = _of(rows, kind="reason", aspect="truthfulness")
    assert all("correctness" in tags for tags in truthful["aspects"])
    assert set(_of(rows, kind="feedback")["aspects"]) == {None}
    assert any("blank" in note for note in result.notes)


def test_an_overall_pair_takes_what_its_annotator_said_of_the_aspects(
    comparisons: _Frames,
) -> None:
    rows = _rows(comparisons).filter(pl.col("pair_id").is_not_null())
    pairs = comparisons["pairs"].select("pair_id", of="aspect", by="annotator_id").collect()
    both = rows.join(pairs, on="pair_id")
    assert both.filter(pl.col("by") != pl.col("annotator_id")).is_empty()
    assert both.filter(pl.col("of") == "overall").height > 0
    # Pairs of an aspect keep to the texts on it.
    assert both.filter(pl.col("of") != "overall", pl.col("of") != pl.col("aspect")).is_empty()
    # What is said for a tie, or for the other response, is no reason.
    chosen = pl.when(pl.col("preferred") == "x").then("x_id").otherwise("y_id")
    marks = (
        comparisons["judgments"]
        .select("judgment_id", side="response_ids", was="chosen")
        .explode("side", "was")
        .collect()
    )
    judged = both.with_columns(side=chosen).join(marks, on=["judgment_id", "side"])
    assert judged.height == both.height
    assert judged["was"].all()


def test_reasons_are_put_behind_the_handle_of_the_better_response(comparisons: _Frames) -> None:
    rows = _rows(comparisons).filter(pl.col("pair_id").is_not_null())
    reasons = _of(rows, kind="reason")
    assert set(reasons["origin"]) == {"derived"}
    assert reasons.filter(
        pl.col("text").str.slice(0, 1) != pl.col("preferred").str.to_uppercase()
    ).is_empty()
    own = rows.filter(pl.col("native_raw").str.contains("more complete than")).row(0, named=True)
    better, worse = ("X", "Y") if own["preferred"] == "x" else ("Y", "X")
    assert own["text"] == f"Response {better} is more complete than Response {worse}."
    assert own["origin"] == "native"


def test_who_judged_one_prompt_twice_is_not_mixed_up(comparisons: _Frames) -> None:
    rows = _rows(comparisons).filter(pl.col("pair_id").is_not_null())
    overall = comparisons["pairs"].filter(pl.col("aspect") == "overall").collect()
    twice = overall.filter(pl.col("judgment_id").str.ends_with("~1"))
    found = rows.filter(pl.col("pair_id").is_in(twice["pair_id"].implode()))
    assert found.filter(~pl.col("judgment_id").str.ends_with("~1")).is_empty()


# --- PRISM, and the generic shapes ------------------------------------------------------------


def test_a_sentinel_is_rejected_and_feedback_is_on_the_conversation(tmp_path: Path) -> None:
    files = dict(plugin("source", "prism").example)
    name = next(name for name in files if "conversations" in name)
    lines = [line for line in files[name].decode().splitlines() if line.strip()]
    edited = []
    for number, line in enumerate(lines):
        row = json.loads(line)
        row["open_feedback"] = ("EMPTY STRING", "More warmth than in Response B.")[number % 2]
        edited.append(json.dumps(row))
    files[name] = "\n".join(edited).encode()
    result = _result(_paired(_of_files("prism", files, tmp_path), rule="ratings"))
    assert result.rejects is not None
    assert set(result.rejects["rule"]) == {"sentinel-text"}
    assert set(result.rejects["subject"]) == {"conversations"}
    assert result.rejects.height == result.rows_in - result.rows_out > 0
    rows = result.tables["rationales"]
    assert set(rows["scope"]) == {"conversation"}
    assert rows["prompt_id"].null_count() == rows["pair_id"].null_count() == rows.height
    assert rows["annotator_id"].null_count() == 0
    assert "cannot be resolved: Response B" in rows["detail"][0]


class _World:
    """Rows of a small source, with pairs."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _TABLES}

    def add(self, table: str, **row: object) -> None:
        self.rows[table].append({"source": "toy", **row})

    def judge(self, name: str, n: int = 2, **said: object) -> None:
        """Add a judgment with its prompt and responses; the first response is chosen."""
        ids = [f"{name}/{key}" for key in "abcd"[:n]]
        self.add(
            "prompts", prompt_id=name, turn=0, content_hash="", language="en",
            messages=[{"role": "user", "content": "Why is the sky blue in the morning?"}],
        )  # fmt: skip
        for position, response_id in enumerate(ids):
            self.add(
                "responses",
                response_id=response_id,
                prompt_id=name,
                position=position,
                text=response_id,
                messages=[{"role": "assistant", "content": response_id}],
                content_hash=response_id,
            )
        row = {
            "judgment_id": f"{name}/r", "prompt_id": name, "annotator_id": "toy:r",
            "aspect": "overall", "protocol": "pairwise", "outcome": "chosen",
            "response_ids": ids, "is_order_known": True, "chosen": [True] + [False] * (n - 1),
        }  # fmt: skip
        self.add("judgments", **(row | said))

    def frames(self) -> _Frames:
        def frame(name: str) -> pl.LazyFrame:
            types = polars_schema(table_schema(name))
            full = [{column: row.get(column) for column in types} for row in self.rows[name]]
            return pl.DataFrame(full, schema=types, orient="row").lazy()

        self.rows["annotators"] = [
            {"source": "toy", "annotator_id": "toy:r", "kind": "human"},
            {"source": "toy", "annotator_id": "toy:m", "kind": "model", "model": "judge-1"},
        ]
        return _paired({name: frame(name) for name in _TABLES})


def test_a_comment_on_a_pairwise_judgment_is_about_the_pair() -> None:
    world = _World()
    world.judge("p", comment="B is too long.")
    world.judge("q", comment="Response A wins.", annotator_id="toy:m")
    world.judge("r", n=3, comment="The best of three.", protocol="best_of_k")
    world.judge("s", n=1, comment="Fine.", protocol="likert")
    rows = _rows(world.frames())
    base = {row["prompt_id"]: row for row in _of(rows, pair_id=None).iter_rows(named=True)}
    assert {key: (row["scope"], row["kind"]) for key, row in base.items()} == {
        "p": ("pair", "feedback"),
        "q": ("pair", "general"),
        "r": ("set", "feedback"),
        "s": ("response", "feedback"),
    }
    assert base["q"]["generator"] == "judge-1"
    paired = rows.filter(pl.col("pair_id").is_not_null(), pl.col("prompt_id") == "p")
    assert paired["text"][0] == f"{'Y' if paired['preferred'][0] == 'x' else 'X'} is too long."


def test_without_a_known_order_letters_are_kept_and_told() -> None:
    world = _World()
    world.judge("p", comment="B is too long.", is_order_known=False)
    rows = _rows(world.frames())
    assert set(rows["text"]) == {"B is too long."}
    assert set(rows["detail"]) == {
        "names responses by place, and the source does not tell who stood where: B"
    }


def test_a_tie_that_makes_pairs_has_no_reason_for_them() -> None:
    world = _World()
    world.judge("p", comment="Both the same.", outcome="tie", chosen=[False, False])
    tables = _paired(world.frames(), tie="both-orders")
    assert tables["pairs"].collect().height == 2
    assert _rows(tables)["pair_id"].null_count() == 1


def test_verdicts_of_a_step_are_no_native_texts() -> None:
    world = _World()
    world.judge("p", comment="Because.", stage="judge")
    assert _result(world.frames()).rows_in == 0


def test_only_the_tables_that_are_asked_for_are_read() -> None:
    declared = native_rationales.reads
    assert NativeRationales().reads(declared) == declared
    small = NativeRationales(pairs=None, take=("judgments",))
    assert set(declared) - set(small.reads(declared)) == {"pairs", "conversations"}
    assert small.outside().steps == ()
    assert NativeRationales(pairs="mine").outside().steps == ("mine",)
    world = _World()
    world.judge("p", comment="Because.")
    tables = {name: f for name, f in world.frames().items() if name in small.reads(declared)}
    assert _rows(tables, pairs=None, take=("judgments",)).height == 1


_TEXT = st.one_of(
    st.none(),
    st.sampled_from([*_SENTINELS, "", " ", "Response B, and C.", "X", "La réponse A"]),
    st.text(max_size=12),
)


@given(
    st.lists(st.tuples(_TEXT, st.lists(_TEXT, min_size=3, max_size=3), st.booleans()), max_size=5)
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_is_lost_and_the_order_of_rows_does_not_matter(
    said: list[tuple[str | None, list[str | None], bool]],
) -> None:
    world = _World()
    for number, (comment, comments, has_list) in enumerate(said):
        world.judge(
            f"p{number}", n=3, protocol="best_of_k", comment=comment,
            comments=comments if has_list else None,
        )  # fmt: skip
    tables = world.frames()
    result = _result(tables, compose=True)
    _assert_kept(tables, result)
    backwards = {name: frame.collect().reverse().lazy() for name, frame in tables.items()}
    again = _result(backwards, compose=True)
    assert result.tables["rationales"].equals(again.tables["rationales"], null_equal=True)
    assert result.notes == again.notes


def _assert_kept(tables: Mapping[str, pl.LazyFrame], result: StageResult) -> None:
    """Compare with what is given, where blank may mean more than white space."""
    rows = _of(result.tables["rationales"], pair_id=None)
    assert result.rejects is not None
    kept = [*rows["native_raw"], *result.rejects["raw"]]
    missing = list(_given(tables))
    for text in kept:
        missing.remove(text)
    assert all(not any(c.isprintable() and not c.isspace() for c in text) for text in missing)
    assert set(result.rejects["raw"].str.to_lowercase()) <= {s.lower() for s in _SENTINELS}


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("ultrafeedback", {"aspect", "critique"}),
        ("prism", {"feedback"}),
        ("community-alignment", {"feedback"}),
        ("multipref", {"feedback", "reason"}),
    ],
)
def test_a_whole_source_is_taken_without_losing_a_text(
    source: str, kinds: set[str], tmp_path: Path
) -> None:
    world = write_world(tmp_path, WorldSpec(scale=0.002, sources=(source,)))
    files = world.sources[source]
    raw = [RawFile(files.folder / name, name) for name in files.rows]
    tables = _paired(_read(source, raw, plugin("source", source).params()))
    result = _result(tables)
    _assert_nothing_is_lost(tables, result)
    rows = result.tables["rationales"]
    assert set(rows["kind"]) == kinds
    paired = rows.filter(pl.col("pair_id").is_not_null())
    chosen = tables["pairs"].select("pair_id", "chosen_id").collect()
    preferred = pl.when(pl.col("preferred") == "x").then("x_id").otherwise("y_id")
    assert paired.join(chosen, on="pair_id").filter(preferred != pl.col("chosen_id")).is_empty()
    if paired.height > 100:
        assert 0.3 < (paired["preferred"] == "x").mean() < 0.7  # type: ignore[operator]
