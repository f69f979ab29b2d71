from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from prefdata.core.errors import InternalError, UserError
from prefdata.protocols import Context, EmbedderParams, Outside
from prefdata.schema import check, conform, polars_schema, table_schema
from prefdata.stages._topics import groups
from prefdata.stages._topics.naming import NO_WORDS, terms_of, topic_ids
from prefdata.stages.topics import Topics, topics
from prefdata.tables.bundle import REJECT_COLUMNS
from prefdata.tables.identity import hash_texts
from prefdata.testing.embedders import LexicalVectors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from prefdata.protocols import StageResult

__all__: list[str] = []

_THEMES = {
    "bread": ("flour", "oven", "yeast", "dough", "bake"),
    "music": ("violin", "chord", "melody", "piano", "song"),
    "garden": ("roses", "soil", "compost", "tulips", "water"),
}
_FRAME = "I don't {} the {}: {} and {}"


@cache
def _sentences() -> list[tuple[str, str]]:
    """Return sentences on three themes, with the theme."""
    chance = random.Random(5)  # noqa: S311
    return [
        (theme, _FRAME.format(*chance.sample(words, 4)))
        for theme, words in _THEMES.items()
        for _ in range(16)
    ]


def _rows(texts: list[str], source: str = "toy", name: str = "p") -> pl.DataFrame:
    """Return rows of `responses`, with what the stage reads."""
    return pl.DataFrame(
        {
            "response_id": pl.Series(
                [f"{source}:{name}{i:03}" for i in range(len(texts))], dtype=pl.String
            ),
            "source": pl.Series([source] * len(texts), dtype=pl.String),
            "text": pl.Series(texts, dtype=pl.String),
        }
    ).with_columns(content_hash=hash_texts(pl.Series("h", texts, dtype=pl.String)))


def _of(rows: pl.DataFrame, folder: Path, *, seed: int = 0, **params: Any) -> StageResult:
    given_params = Topics.model_validate({"subject": "responses", "model": "lexical", **params})
    context = Context(seed=seed, vectors=LexicalVectors(folder), step="topics")
    return topics.run({"responses": rows.lazy()}, given_params, context)


def _checked(result: StageResult) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return topics and members after comparing them with contracts, ledger and each other."""
    assert result.rejects is not None
    assert set(result.rejects.columns) == {"source", *REJECT_COLUMNS}
    assert result.rows_in == result.rows_out + result.rejects.height
    frames = []
    for table in ("topics", "topic_members"):
        contract = table_schema(table)
        frame = result.tables[table]
        types = polars_schema(contract)
        assert dict(frame.schema) == {k: v for k, v in types.items() if k != "stage"}
        staged = conform(frame.with_columns(stage=pl.lit("topics")), contract)
        assert check(staged, contract).rejects.is_empty()
        assert not staged.select(contract.primary_key).is_duplicated().any()
        frames.append(frame)
    found, members = frames
    assert members.height == result.rows_out
    sizes = members.group_by("topic_id", "source").len("n_rows")
    assert (
        sizes.sort(sizes.columns)
        .cast({"n_rows": pl.Int64})
        .equals(found.select("topic_id", "source", "n_rows").sort("topic_id", "source"))
    )
    return found, members


def test_sentences_on_one_theme_are_one_topic(tmp_path: Path) -> None:
    sentences = _sentences()
    rows = _rows([text for _, text in sentences])
    found, members = _checked(_of(rows, tmp_path, n_topics=3))
    theme = pl.Series("theme", [theme for theme, _ in sentences])
    themes = rows.select(theme, id="response_id").join(members, on="id")
    assert themes.group_by("topic_id").agg(pl.col("theme").n_unique())["theme"].to_list() == [1] * 3
    assert found["number"].to_list() == [0, 1, 2]
    for topic_id, terms in found.select("topic_id", "terms").iter_rows():
        name = themes.filter(pl.col("topic_id") == topic_id)["theme"][0]
        assert set(terms[:5]) == set(_THEMES[name])


def test_terms_are_no_stop_words_letters_or_rests_of_contractions(tmp_path: Path) -> None:
    found, _ = _checked(_of(_rows([text for _, text in _sentences()]), tmp_path, n_terms=50))
    terms = set(found["terms"].explode())
    assert terms
    assert not terms & {"the", "i", "don", "t", "and", "how", "is"}
    assert found["label"].to_list() == [", ".join(terms) for terms in found["terms"]]
    for weights in found["weights"]:
        assert weights.to_list() == sorted(weights, reverse=True)


def test_topics_are_numbered_by_rows_over_all_sources(tmp_path: Path) -> None:
    texts = [text for _, text in _sentences()]
    rows = pl.concat([_rows(texts[:20], "a"), _rows(texts[10:] + texts[-9:], "b")])
    found, members = _checked(_of(rows, tmp_path, n_topics=3))
    totals = dict(members["topic_id"].value_counts().iter_rows())
    assert [totals[topic_id] for topic_id in found["topic_id"]] == found["n_rows_all"].to_list()
    once = found.unique("topic_id").sort("number")
    assert once["number"].to_list() == [0, 1, 2]
    assert once["n_rows_all"].is_sorted(descending=True)
    assert set(found["source"]) == {"a", "b"}


def test_the_central_row_is_the_nearest_of_its_source(tmp_path: Path) -> None:
    texts = [text for _, text in _sentences()]
    rows = pl.concat([_rows(texts, "a"), _rows(texts[::2], "b")])
    found, members = _checked(_of(rows, tmp_path, n_topics=3))
    for topic_id, source, central in found.select("topic_id", "source", "central_id").iter_rows():
        own = members.filter(topic_id=topic_id, source=source)
        best = own.filter(pl.col("similarity") == own["similarity"].max())
        assert central in best["id"].to_list()


def test_a_repeated_text_counts_once_for_the_grouping(tmp_path: Path) -> None:
    texts = [text for _, text in _sentences()]
    plain, _ = _checked(_of(_rows(texts), tmp_path, n_topics=3))
    repeated, members = _checked(_of(_rows(texts + texts[:1] * 500), tmp_path, n_topics=3))
    assert set(repeated["topic_id"]) == set(plain["topic_id"])
    assert members.height == len(texts) + 500


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["kmeans", "hdbscan"]))
def test_the_order_of_rows_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random, method: str
) -> None:
    folder = tmp_path_factory.mktemp("models")
    rows = _rows([*(text for _, text in _sentences()), "", "!!!", "", "Hello."])
    shuffled = rows[chance.sample(range(rows.height), rows.height)]
    first, second = (_of(frame, folder, method=method) for frame in (rows, shuffled))
    for table in ("topics", "topic_members"):
        assert first.tables[table].equals(second.tables[table], null_equal=True)
    assert first.rejects is not None
    assert second.rejects is not None
    assert first.rejects.equals(second.rejects, null_equal=True)


def test_a_seed_is_a_grouping(tmp_path: Path) -> None:
    rows = _rows([text for _, text in _sentences()])
    ids = {
        seed: set(_of(rows, tmp_path, seed=seed, n_topics=12).tables["topics"]["topic_id"])
        for seed in (0, 1, 2**40, 2**40)
    }
    assert ids[0] != ids[1]
    assert set(_of(rows, tmp_path, n_topics=12).tables["topics"]["topic_id"]) == ids[0]


def test_rows_without_text_or_vector_are_rejected(tmp_path: Path) -> None:
    rows = _rows(["Bake the bread.", "", " \n", "\x00", "!!!", "Water the roses."])
    result = _of(rows, tmp_path)
    _, members = _checked(result)
    assert members["id"].to_list() == ["toy:p000", "toy:p005"]
    assert result.rejects is not None
    assert dict(result.rejects.select("id", "rule").iter_rows()) == {
        "toy:p001": "empty-text",
        "toy:p002": "empty-text",
        "toy:p003": "empty-text",
        "toy:p004": "no-vector",
    }


def test_a_very_long_text_and_nul_bytes_are_texts(tmp_path: Path) -> None:
    texts = ["violin chord " * 150_000, "Bake\x00the\x00bread", "violin chord", "Bake the bread"]
    found, members = _checked(_of(_rows(texts), tmp_path, n_topics=2))
    topic = dict(members.select("id", "topic_id").iter_rows())
    assert topic["toy:p000"] == topic["toy:p002"] != topic["toy:p001"] == topic["toy:p003"]
    assert set(found["label"]) == {"bake, bread", "chord, violin"}


@pytest.mark.parametrize("method", ["kmeans", "hdbscan"])
@pytest.mark.parametrize("texts", [[], ["", " "], ["!!!"]])
def test_no_texts_give_no_topics(tmp_path: Path, texts: list[str], method: str) -> None:
    result = _of(_rows(texts), tmp_path, method=method)
    found, members = _checked(result)
    assert found.is_empty()
    assert members.is_empty()
    assert result.rows_in == len(texts)


@pytest.mark.parametrize("n_rows", [1, 2, 30])
def test_one_text_is_one_topic_however_often(tmp_path: Path, n_rows: int) -> None:
    found, members = _checked(_of(_rows(["Bake the bread!"] * n_rows), tmp_path))
    assert found["n_rows"].to_list() == [n_rows]
    assert found["terms"].to_list() == [["bake", "bread", "the"]]
    assert members["similarity"].to_list() == pytest.approx([1.0] * n_rows)


def test_texts_of_one_wording_are_one_topic_and_the_note_says_so(tmp_path: Path) -> None:
    texts = [f"Bake the bread{'!' * n}" for n in range(20)]
    result = _of(_rows(texts), tmp_path, n_topics=5)
    found, _ = _checked(result)
    assert found.height == 1
    assert result.notes == ("5 topics were asked for; the texts give only 1 that differ",)
    dense, _ = _checked(_of(_rows(texts), tmp_path, method="hdbscan"))
    assert dense["number"].to_list() == [0]


def test_there_are_no_more_topics_than_texts(tmp_path: Path) -> None:
    result = _of(_rows(["Bake bread.", "Water roses.", "Play violin."]), tmp_path, n_topics=9)
    found, _ = _checked(result)
    assert found.height == 3
    assert result.notes == ("9 topics were asked for; the texts give only 3 that differ",)


def test_hdbscan_leaves_stragglers_in_no_topic(tmp_path: Path) -> None:
    chance = random.Random(2)  # noqa: S311
    texts = [text for _, text in _sentences()]
    letters = "abcdefghijklmnopqrstuvwxyz    "
    strays = ["".join(chance.choices(letters, k=40)) for _ in range(160)]
    n_texts = len(set(texts + strays))
    result = _of(_rows(texts + strays), tmp_path, method="hdbscan")
    found, members = _checked(result)
    nothing = found.row(-1, named=True)
    assert (nothing["topic_id"], nothing["number"], nothing["central_id"]) == ("none", -1, None)
    assert (nothing["label"], nothing["terms"], nothing["weights"]) == ("none", [], [])
    outside = members.filter(topic_id="none")
    assert outside["similarity"].null_count() == outside.height
    assert found["number"].to_list() == [*range(found.height - 1), -1]
    # The strays are distinct, and no sentence on a theme is among them.
    assert min(outside["id"].to_list()) >= f"toy:p{len(texts):03}"
    assert result.notes == (f"{outside.height} of {n_texts} distinct texts are in no topic",)


def test_dense_vectors_are_groups() -> None:
    labels = groups.by_density(_blobs(30), 10)
    assert [len({*labels[i : i + 30]}) for i in (0, 30, 60)] == [1, 1, 1]
    assert {*labels} == {0, 1, 2}


def test_hdbscan_of_fewer_texts_than_a_topic_finds_none(tmp_path: Path) -> None:
    found, _ = _checked(_of(_rows(["a b c", "d e f"]), tmp_path, method="hdbscan"))
    assert found["topic_id"].to_list() == ["none"]


def test_hdbscan_refuses_more_than_it_can_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prefdata.stages.topics.HDBSCAN_TEXTS", 3)
    texts = [f"text {n}" for n in range(4)]
    with pytest.raises(UserError, match="at most 3; there are 4 distinct responses") as caught:
        _of(_rows(texts), tmp_path, method="hdbscan")
    assert "kmeans" in str(caught.value.fix)


def test_many_texts_are_grouped_on_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "_LLOYD_TEXTS", 50)
    vectors = _blobs(40)
    labels = groups.by_means(vectors, 3, seed=1)
    assert len({*labels[:40]}) == len({*labels[40:80]}) == len({*labels[80:]}) == 1
    assert len({*labels}) == 3
    assert np.array_equal(labels, groups.by_means(vectors, 3, seed=1))


def _blobs(size: int) -> NDArray[np.float32]:
    chance = np.random.default_rng(3)
    centres = np.repeat(np.eye(3, 8), size, axis=0)
    vectors = centres + chance.normal(scale=0.05, size=centres.shape)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(unit, dtype=np.float32)


def test_similarity_is_the_cosine_to_the_mean() -> None:
    vectors = np.array([[1, 0], [0, 1], [1, 0], [-1, 0], [0, 1]], np.float32)
    found = groups.similarity(vectors, np.array([0, 0, 1, 1, -1]))
    assert found[:2] == pytest.approx([0.5**0.5] * 2)
    assert found[2:4].tolist() == [0, 0]
    assert np.isnan(found[4])


@pytest.mark.parametrize(("n_texts", "expected"), [(1, 2), (200, 10), (20_000, 100), (10**6, 100)])
def test_the_default_number_grows_with_the_root(n_texts: int, expected: int) -> None:
    assert groups.default_number(n_texts) == expected


def test_a_topic_is_named_by_its_members() -> None:
    members = pl.DataFrame({"content_hash": ["b", "a", "c"], "label": [7, 7, 2]})
    ids = dict(topic_ids(members).iter_rows())
    assert ids == {7: "0473ef2dc0d3", 2: "fd2079a3096d"}
    again = dict(topic_ids(members.reverse().with_columns(pl.col("label") + 1)).iter_rows())
    assert again == {8: ids[7], 3: ids[2]}


def test_topics_without_usual_words_are_named_by_what_they_have() -> None:
    texts = pl.DataFrame(
        {
            "topic_id": ["a", "a", "b", "c", "d", "d"],
            "text": ["bread oven", "oven bread", "the x", "😀", "我喜欢", "我喜欢"],
        }
    )
    found = {name: (label, terms) for name, label, terms, _ in terms_of(texts, 3).iter_rows()}
    assert found["a"] == ("bread, oven", ["bread", "oven"])
    assert found["b"] == ("the, x", ["the", "x"])
    assert found["c"] == (NO_WORDS, [])
    assert set(found["d"][1]) == set("我喜欢")


def test_prompts_are_grouped_by_the_view_asked_for(build: Any, tmp_path: Path) -> None:
    for i, (_, text) in enumerate(_sentences()):
        build.prompt(f"p{i}", f"user|{text}", "assistant|No.", "user|Why not?")
    context = Context(vectors=LexicalVectors(tmp_path))
    for view, n_topics in (("last", 1), (None, 3)):
        params = Topics(view=view, model=EmbedderParams(model="lexical"), n_topics=3)
        result = topics.run({"prompts": build.lazy()["prompts"]}, params, context)
        found, _ = _checked(result)
        assert found.height == n_topics
        assert set(found["subject"]) == {"prompts"}


def test_parameters_say_what_is_read_and_needed() -> None:
    params = Topics.model_validate({"subject": "responses", "model": "lexical"})
    assert params.reads(topics.reads) == ("responses",)
    assert params.outside() == Outside(models=(EmbedderParams(model="lexical"),))
    assert topics.scope == "catalog"


@pytest.mark.parametrize(
    "params", [{"min_topic_size": 5}, {"method": "hdbscan", "n_topics": 5}, {"n_topics": 0}]
)
def test_parameters_without_effect_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Topics.model_validate(params)


def test_an_unknown_view_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no view 'last'"):
        _of(_rows(["Hello."]), tmp_path, view="last")


def test_without_vectors_there_is_an_error() -> None:
    with pytest.raises(InternalError, match="no place for vectors"):
        topics.run({"responses": _rows([]).lazy()}, Topics(subject="responses"), Context())
