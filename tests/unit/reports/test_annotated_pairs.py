"""Annotated pairs: what is written is valid, complete, tells nobody apart, and can be read back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from prefdata.constitution.labels import read_labelled
from prefdata.constitution.names import principle_id
from prefdata.protocols import Context, RawFile
from prefdata.registry import plugin
from prefdata.reports._annotated_pairs import document
from prefdata.reports._annotated_pairs.annotators import DEFAULT_ANNOTATOR
from prefdata.reports._annotated_pairs.params import AnnotatedPairs
from prefdata.reports.annotated_pairs import annotated_pairs
from prefdata.schema import conform, polars_schema, table_schema
from prefdata.testing.votes import STEPS, VoteWorld, vote_tables

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

Tables = dict[str, pl.LazyFrame]

_SENTENCES = ("Select the response that is longer", "Select the response that is kind")
_SHORTER = "Select the response that is shorter"
_CODES = (1, -1, 0, 2, -2, None)
_PARAMS = AnnotatedPairs(pairs=STEPS, votes=("factors", "nothing"), constitution="constitution")
_HOSTILE = 'Say "no"\\\n\x00\x1f \u2028 </script> 😀 {} ,'


def _ids(*sentences: str) -> list[str]:
    return principle_id(pl.Series(sentences)).to_list()


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Return labels of people and a model, two principles, and a constitution of one of them."""
    made = vote_tables(VoteWorld(n_evaluation=12, n_seed=12, n_pool=12))
    compared = read_labelled({name: frame.lazy() for name, frame in made.items()}, STEPS)
    comparisons = compared.comparisons
    n = comparisons.height
    votes = [[_CODES[i % 6], _CODES[(i // 6) % 6]] for i in range(n)]
    made["votes"] = comparisons.select(
        *("comparison_id", "source", "prompt_id", "response_a_id", "response_b_id", "aspect"),
        voter=pl.lit("catalogue"),
        votes=pl.Series(votes, dtype=pl.List(pl.Int32)),
        stage=pl.lit("factors"),
    ).slice(0, n - 2)
    made["principles"] = pl.DataFrame(
        {
            "principle_id": _ids(*_SENTENCES),
            "source": "toy",
            "position": [0, 1],
            "origin": "catalogue",
            "sentence": _SENTENCES,
            "stage": "factors",
        }
    )
    made["constitutions"] = pl.DataFrame(
        {
            "source": "toy",
            "group_by": ["all", "country"],
            "group_value": ["all", "Chile"],
            "rank": [1, 1],
            "principle_id": _ids(*_SENTENCES),
            "is_opposite": [True, False],
            "sentence": [_SHORTER, _SENTENCES[1]],
            "weight": 0.4,
            "n_labels": 10,
            "stage": "constitution",
        }
    )
    first = comparisons["response_a_id"][0]
    text = pl.when(pl.col("response_id") == first).then(pl.lit(_HOSTILE)).otherwise("text")
    made["responses"] = made["responses"].with_columns(text=text)
    complete = {name: _whole(name, made.get(name)) for name in annotated_pairs.reads}
    return {name: frame.lazy() for name, frame in complete.items()}


def _whole(name: str, frame: pl.DataFrame | None) -> pl.DataFrame:
    schema = table_schema(name)
    if frame is None:
        return pl.DataFrame(schema=polars_schema(schema))
    return conform(frame, schema)


def _write(tables: Tables, params: AnnotatedPairs, out: Path) -> dict[str, Any]:
    out.mkdir(exist_ok=True)
    annotated_pairs.write(tables, params, Context(snapshot="s1"), out)
    return _read(out)


def _read(out: Path) -> dict[str, Any]:
    text = (out / "toy" / "annotated_pairs.json").read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


@pytest.fixture(scope="module")
def out(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    files = annotated_pairs.write(tables, _PARAMS, Context(snapshot="s1"), folder)
    assert sorted(files) == sorted(path for path in folder.rglob("*") if path.is_file())
    return folder


@pytest.fixture(scope="module")
def written(out: Path) -> dict[str, Any]:
    return _read(out)


def test_the_file_has_the_shape_of_version_two(written: dict[str, Any]) -> None:
    assert list(written) == ["metadata", "annotators", "comparisons"]
    metadata = written["metadata"]
    assert metadata["version"] == "2.0"
    assert metadata["default_annotator"] == DEFAULT_ANNOTATOR
    assert (metadata["created_at"], metadata["snapshot"]) == (None, "s1")
    keys = set(metadata["available_metadata_keys_per_comparison"])
    for comparison in written["comparisons"]:
        assert list(comparison) == [
            *("id", "prompt", "response_a", "response_b", "annotations", "metadata")
        ]
        assert set(comparison["annotations"]) <= set(written["annotators"])
        assert set(comparison["metadata"]) <= keys
        assert all(isinstance(value, str) for value in comparison["metadata"].values())
        assert {"text"} <= set(comparison["response_a"]) <= {"text", "model"}


def test_every_comparison_with_a_label_is_there_with_its_texts(
    written: dict[str, Any], tables: Tables
) -> None:
    compared = read_labelled(tables, STEPS).comparisons
    assert [one["id"] for one in written["comparisons"]] == compared["comparison_id"].to_list()
    assert written["comparisons"][0]["response_a"]["text"] == _HOSTILE
    texts = dict(tables["responses"].select("response_id", "text").collect().iter_rows())
    for one, name in zip(written["comparisons"], compared["response_b_id"], strict=True):
        assert one["response_b"]["text"] == texts[name]


def test_votes_are_spelled_as_the_format_has_them(written: dict[str, Any], tables: Tables) -> None:
    spelled = {
        1: {"pref": "a"},
        -1: {"pref": "b"},
        0: {"pref": None, "no_pref_reason": "both"},
        2: {"pref": None, "no_pref_reason": "both"},
        -2: {"pref": None, "no_pref_reason": "invalid"},
        None: {"pref": None, "no_pref_reason": "not_applicable"},
    }
    votes = dict(tables["votes"].select("comparison_id", "votes").collect().iter_rows())
    for comparison in written["comparisons"]:
        told = comparison["annotations"]
        if comparison["id"] not in votes:
            assert not set(told) & set(_ids(*_SENTENCES))
            continue
        for name, vote in zip(_ids(*_SENTENCES), votes[comparison["id"]], strict=True):
            assert told[name] == spelled[vote]


def test_the_pooled_label_is_that_of_most_people(written: dict[str, Any], tables: Tables) -> None:
    labelled = read_labelled(tables, STEPS)
    people = labelled.labels.filter(pl.col("kind") == "human")
    most = {
        labelled.comparisons["comparison_id"][at]: float(np.sign(y))
        for at, y in people.group_by("at").agg(pl.col("y").sign().sum()).iter_rows()
    }
    for comparison in written["comparisons"]:
        told = comparison["annotations"].get(DEFAULT_ANNOTATOR)
        if comparison["id"] not in most:
            assert told is None
        else:
            wanted = {1.0: "a", -1.0: "b", 0.0: None}[most[comparison["id"]]]
            assert told["pref"] == wanted


def test_ties_are_left_out_if_that_is_asked_for(
    tables: Tables, written: dict[str, Any], tmp_path: Path
) -> None:
    params = _PARAMS.model_copy(update={"ties": "drop"})
    told = _write(tables, params, tmp_path / "decided")
    decided = [
        one
        for one in written["comparisons"]
        if one["annotations"].get(DEFAULT_ANNOTATOR, {}).get("pref") is not None
    ]
    assert told["comparisons"] == decided
    assert 0 < len(decided) < len(written["comparisons"])


def test_nobody_can_be_told_apart_unless_it_is_asked_for(
    tables: Tables, out: Path, tmp_path: Path
) -> None:
    people = tables["annotators"].filter(pl.col("kind") == "human").collect()["annotator_id"]
    text = (out / "toy" / "annotated_pairs.json").read_text(encoding="utf-8")
    each = _PARAMS.model_copy(update={"people": "each"})
    told = _write(tables, each, tmp_path / "each")
    listed = (tmp_path / "each" / "toy" / "annotated_pairs.json").read_text(encoding="utf-8")
    for name in people:
        assert name not in text
        assert name not in listed
    n_human = sum(one["type"] == "human" for one in told["annotators"].values())
    labelled = read_labelled(tables, STEPS).labels.filter(pl.col("kind") == "human")
    assert n_human == labelled["annotator_id"].n_unique() + 1
    warned = (tmp_path / "each" / "summary.txt").read_text(encoding="utf-8")
    assert "Choices of single people" in warned
    assert "Choices of single people" not in (out / "summary.txt").read_text(encoding="utf-8")


def test_who_is_not_known_to_be_a_machine_is_not_named(tables: Tables, tmp_path: Path) -> None:
    nobody = {**tables, "annotators": tables["annotators"].clear()}
    for people in ("pooled", "each"):
        params = _PARAMS.model_copy(update={"people": people, "limit": 20})
        text = json.dumps(_write(nobody, params, tmp_path / people))
        for name in tables["annotators"].collect()["annotator_id"]:
            assert name not in text
            assert f'"{name.partition(":")[2]}"' not in text


def test_our_source_reads_the_same_preferences_back(out: Path, written: dict[str, Any]) -> None:
    path = out / "toy" / "annotated_pairs.json"
    source = plugin("source", "annotated-pairs")
    raws = source.select([RawFile(path, path.name)])
    bundles = list(source.read(raws, source.params(name="again"), Context()))
    read = {
        name: pl.concat([bundle.tables[name] for bundle in bundles])
        for name in ("prompts", "responses", "judgments")
    }
    assert sum(bundle.rejects.height for bundle in bundles) == 0
    assert read["prompts"].height == len(written["comparisons"])
    judgments = {
        (row["prompt_id"], row["annotator_id"]): row for row in read["judgments"].to_dicts()
    }
    responses = dict(read["responses"].select("response_id", "text").iter_rows())
    n_annotations = 0
    for one in written["comparisons"]:
        prompt = f"again:{one['id']}"
        assert responses[f"{prompt}/a"] == one["response_a"]["text"]
        for name, said in one["annotations"].items():
            row = judgments[(prompt, f"again:{name}")]
            chosen = {"a": [True, False], "b": [False, True]}.get(said["pref"])
            if chosen:
                assert (row["outcome"], row["chosen"]) == ("chosen", chosen)
            else:
                is_tie = said["no_pref_reason"] == "both"
                assert row["outcome"] == ("tie" if is_tie else "not_given")
            n_annotations += 1
    assert n_annotations == read["judgments"].height


def test_a_constitution_alone_has_its_principles_turned(
    tables: Tables, written: dict[str, Any], tmp_path: Path
) -> None:
    params = _PARAMS.model_copy(update={"principles": "constitution"})
    told = _write(tables, params, tmp_path / "held")
    principles = [one for one in told["annotators"].values() if one["type"] == "principle"]
    assert [one["description"] for one in principles] == [_SHORTER]
    (long, _), (short,) = _ids(*_SENTENCES), _ids(_SHORTER)
    turned = {"a": "b", "b": "a", None: None}
    for before, after in zip(written["comparisons"], told["comparisons"], strict=True):
        if long in before["annotations"]:
            one, other = before["annotations"][long], after["annotations"][short]
            assert other == {**one, "pref": turned[one["pref"]]}


def test_the_files_of_icai_count_votes_and_hold_the_constitution(
    out: Path, written: dict[str, Any]
) -> None:
    folder = out / "toy" / "icai"
    held = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()}
    assert held["030_distilled_principles_per_cluster.json"] == dict(
        zip("01", _SENTENCES, strict=True)
    )
    assert held["050_filtered_principles.json"] == [_SHORTER]
    assert held["060_constitution.json"] == f"1. {_SHORTER}"
    counted = held["041_votes_per_cluster.json"]["0"]
    wanted = dict.fromkeys(("for", "against", "abstain", "invalid", "both", "neither"), 0)
    words = {"not_applicable": "abstain", "invalid": "invalid", "both": "both"}
    for one in written["comparisons"]:
        label = one["annotations"].get(DEFAULT_ANNOTATOR, {}).get("pref")
        vote = one["annotations"].get(_ids(*_SENTENCES)[0])
        if label is None or vote is None:
            continue
        is_for = "for" if vote["pref"] == label else "against"
        wanted[words[vote["no_pref_reason"]] if vote["pref"] is None else is_for] += 1
    assert counted == wanted


def test_the_bytes_do_not_depend_on_rows_or_on_the_size_of_parts(
    tables: Tables, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "_TEXTS_AT_ONCE", 7)
    monkeypatch.setattr(document, "_LINES_AT_ONCE", 3)
    backwards = {name: frame.collect().reverse().lazy() for name, frame in tables.items()}
    _write(backwards, _PARAMS, tmp_path / "again")
    for path in sorted(out.rglob("*.json")):
        assert (tmp_path / "again" / path.relative_to(out)).read_bytes() == path.read_bytes()


def test_no_more_comparisons_are_written_than_asked_for(tables: Tables, tmp_path: Path) -> None:
    params = _PARAMS.model_copy(update={"limit": 5})
    told = _write(tables, params, tmp_path / "few")
    assert len(told["comparisons"]) == 5
    used = {name for one in told["comparisons"] for name in one["annotations"]}
    assert used == set(told["annotators"])


def _with_prompts(tables: Tables, messages: list[dict[str, str]], system: str | None) -> Tables:
    schema = tables["prompts"].collect_schema()
    prompts = tables["prompts"].with_columns(
        messages=pl.lit(pl.Series([messages], dtype=schema["messages"])).first(),
        system=pl.lit(system, pl.String),
    )
    return {**tables, "prompts": prompts}


@pytest.mark.parametrize(
    ("messages", "system", "as_text", "as_messages"),
    [
        ([], None, None, None),
        ([{"role": "user", "content": _HOSTILE}], None, _HOSTILE, _HOSTILE),
        (
            [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": '"Yes"'}],
            None,
            'user: Hi\n\nassistant: "Yes"',
            [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": '"Yes"'}],
        ),
        (
            [{"role": "user", "content": "Hi"}],
            "Be kind",
            "system: Be kind\n\nuser: Hi",
            [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hi"}],
        ),
    ],
)
def test_prompts_are_text_or_messages(
    messages: list[dict[str, str]],
    system: str | None,
    as_text: Any,
    as_messages: Any,
    tables: Tables,
    tmp_path: Path,
) -> None:
    asked = _with_prompts(tables, messages, system)
    for prompts, wanted in (("text", as_text), ("messages", as_messages)):
        params = _PARAMS.model_copy(update={"prompts": prompts, "limit": 2})
        told = _write(asked, params, tmp_path / prompts)
        assert [one["prompt"] for one in told["comparisons"]] == [wanted] * 2


def test_a_model_alone_is_what_others_are_compared_with(tables: Tables, tmp_path: Path) -> None:
    params = AnnotatedPairs(pairs=("ai-votes",), votes=(), constitution=None)
    told = _write(tables, params, tmp_path / "ai")
    ((name, one),) = told["annotators"].items()
    assert (name, one["type"]) == (DEFAULT_ANNOTATOR, "unknown")
    assert one["description"] == "What most annotators prefer."
    assert not (tmp_path / "ai" / "toy" / "icai" / "060_constitution.json").exists()


def test_no_labels_make_a_page_that_says_so(tables: Tables, tmp_path: Path) -> None:
    annotated_pairs.write(tables, AnnotatedPairs(pairs=("nobody",)), Context(), tmp_path)
    assert "nothing to write" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "no labels of the steps nobody" in (tmp_path / "summary.txt").read_text(encoding="utf-8")


def test_principles_of_no_constitution_are_refused() -> None:
    with pytest.raises(ValidationError, match="needs the step"):
        AnnotatedPairs(principles="constitution", constitution=None)
