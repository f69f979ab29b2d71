from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefdata.core.errors import DataError, UnknownNameError, UserError
from prefdata.core.events import Event, Progress
from prefdata.protocols import Context, StageResult
from prefdata.schema import check, conform, table_schema
from prefdata.stages.decontaminate import Decontaminate, decontaminate
from prefdata.texts import stretches

if TYPE_CHECKING:
    from pathlib import Path


__all__: list[str] = []

_MOONS = (
    "Which planet of the solar system has the most moons, and how did astronomers count all of "
    "them from the ground?"
)
_MOON_WORDS = re.findall(r"\w+", _MOONS.lower())


class _World:
    """Rows to compare, and evaluation files to compare them with."""

    def __init__(self, build: Any, folder: Path) -> None:
        self.build = build
        self.folder = folder
        self.files: dict[str, Path] = {}
        self.evaluations: list[dict[str, Any]] = []

    def items(self, *texts: str | None, name: str = "bench", **more: Any) -> None:
        """Add an evaluation set with a column ``q``."""
        self.rows([{"q": text} for text in texts], name=name, **more)

    def rows(self, rows: list[dict[str, Any]], name: str = "bench", **more: Any) -> None:
        path = self.folder / f"{name}.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in rows))
        self.files[f"hf://{path.name}"] = path
        self.evaluations.append({"name": name, "files": f"hf://{path.name}", **more})

    def run(
        self, seed: int = 0, context: dict[str, Any] | None = None, **params: Any
    ) -> StageResult:
        result = decontaminate.run(
            self.build.lazy(),
            Decontaminate.model_validate({"evaluations": self.evaluations, **params}),
            Context(seed=seed, files=self.files, **(context or {})),
        )
        assert result.rows_in == result.rows_out
        for table in ("matches", "flags"):
            contract = table_schema(table)
            rows = conform(result.tables[table].with_columns(stage=pl.lit("s")), contract)
            assert check(rows, contract).rejects.is_empty()
            assert rows.select(contract.primary_key).is_unique().all()
        rows_of = [
            set(result.tables[table].select("subject", "id").iter_rows())
            for table in ("matches", "flags")
        ]
        assert rows_of[0] == rows_of[1]
        return result

    def matches(self, **params: Any) -> list[dict[str, Any]]:
        return self.run(**params).tables["matches"].to_dicts()

    def found(self, **params: Any) -> set[tuple[str, str, str]]:
        return {(row["id"], row["item"], row["method"]) for row in self.matches(**params)}


@pytest.fixture
def world(build: Any, tmp_path: Path) -> _World:
    return _World(build, tmp_path)


def test_a_text_that_differs_by_case_and_space_alone_is_equal(world: _World) -> None:
    world.items("Tell me of ﬁsh and chips")
    world.build.prompt("p", "TELL me  of fish\nand chips ")
    world.build.prompt("other", "Tell me of fish and peas")
    (match,) = world.matches(ngram_sizes=[])
    assert match == {
        "id": "p", "source": "toy", "subject": "prompts", "evaluation": "bench",
        "item": "bench.jsonl:0", "field": "q", "method": "exact", "size": None,
        "n_matches": None, "similarity": 1.0, "matched_text": "tell me of fish and chips",
    }  # fmt: skip
    (flag,) = world.run(ngram_sizes=[]).tables["flags"].to_dicts()
    assert flag == {
        "id": "p", "subject": "prompts", "flag": "contaminated", "value": 1.0, "source": "toy",
        "reason": "equals item bench.jsonl:0 of bench: tell me of fish and chips",
    }  # fmt: skip


def test_a_quoted_part_is_found_with_the_longest_stretch(world: _World) -> None:
    world.items(_MOONS)
    part = " ".join(_MOON_WORDS[2:17])
    world.build.prompt("p", f"My homework is {part.upper()} -- can you help?")
    (match,) = world.matches(exact=False)
    n_runs = len(_MOON_WORDS) - 13 + 1
    assert match["size"] == 13
    assert match["n_matches"] == 3
    assert match["similarity"] == pytest.approx(3 / n_runs)
    assert match["matched_text"] == part
    (flag,) = world.run(exact=False).tables["flags"].to_dicts()
    assert flag["value"] == pytest.approx(3 / n_runs)
    assert flag["reason"].startswith(
        f"holds 3 of the 13-word runs of item bench.jsonl:0 of bench (share {3 / n_runs:.3f}): of"
    )


def test_the_greatest_size_that_matches_is_told(world: _World) -> None:
    world.items(_MOONS)
    world.build.prompt("p", " ".join(_MOON_WORDS[4:14]))
    (match,) = world.matches(ngram_sizes=[6, 8, 13])
    assert (match["size"], match["n_matches"]) == (8, 3)
    assert not world.matches(ngram_sizes=[13])


def test_an_item_shorter_than_the_runs_is_looked_for_as_a_whole(world: _World) -> None:
    world.items("Is the Earth flat?")
    world.build.prompt("p", "So tell me: is the earth FLAT, or not?")
    world.build.prompt("q", "Is the flat earth big?")
    (match,) = world.matches()
    assert (match["id"], match["size"], match["n_matches"], match["similarity"]) == ("p", 4, 1, 1)
    assert match["matched_text"] == "is the earth flat"


def test_items_of_few_words_are_counted_and_compared_by_no_method(world: _World) -> None:
    world.items("Hello there friend", None, " \n", "Is the Earth flat?")
    world.build.prompt("p", "Hello there friend")
    result = world.run()
    assert result.tables["matches"].is_empty()
    assert result.notes[0] == (
        "bench: 1 items to compare with; left out: 2 blank, 1 of fewer than 4 words"
    )
    assert world.found(min_words=3) == {
        ("p", "bench.jsonl:0", "exact"),
        ("p", "bench.jsonl:0", "ngram"),
    }


@pytest.mark.parametrize(
    "said",
    [
        "what do you think that I should do about it then",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14",
        "buffalo lion buffalo lion buffalo lion buffalo lion buffalo lion",
        "buffalo " * 20,
    ],
)
def test_what_anyone_may_write_is_no_evidence(said: str, world: _World) -> None:
    world.items(f"{said} xylophone player?")
    world.build.prompt("p", f"{said} my good neighbour")
    assert not world.found(ngram_sizes=[8])


def test_the_template_of_a_set_is_no_evidence(world: _World) -> None:
    ask = "Answer the following multiple choice question about animals with one letter"
    world.items(*(f"{ask}: creature number{i} eats plant{i}?" for i in range(30)))
    world.build.prompt("p", f"{ask}: where do cats live?")
    world.build.prompt("q", f"{ask}: creature number7 eats plant7?")
    assert world.found() == {
        ("q", "bench.jsonl:7", "exact"),
        ("q", "bench.jsonl:7", "ngram"),
    }


def test_what_many_texts_hold_is_no_evidence(world: _World) -> None:
    said = "please write a long poem about autumn leaves falling slowly"
    world.items(f"{said} in Japan", "Is the Earth flat?")
    for number in range(11):
        world.build.prompt(f"p{number}", f"{said} near river{number}")
        world.build.prompt(f"again{number}", f"{said} near river0")
    result = world.run(ngram_sizes=[8])
    assert result.tables["matches"].is_empty()
    assert any("3 runs of items are in so many texts" in note for note in result.notes)
    assert len(world.found(ngram_sizes=[8], max_document_share=1.0)) == 22


def test_a_short_run_is_evidence_only_with_a_share_of_the_item(world: _World) -> None:
    world.items(" ".join([*_MOON_WORDS[:13], *(f"w{i}" for i in range(60))]))
    world.build.prompt("short", " ".join(_MOON_WORDS[:9]))
    world.build.prompt("long", " ".join(_MOON_WORDS[:13]))
    assert {row[0] for row in world.found()} == {"long"}
    assert {row[0] for row in world.found(min_share=0)} == {"short", "long"}
    assert {row[0] for row in world.found(ngram_sizes=[8])} == {"short", "long"}


def test_repeats_of_one_text_are_no_boilerplate(world: _World) -> None:
    world.items(_MOONS)
    for number in range(30):
        world.build.prompt(f"p{number}", _MOONS)
    assert len(world.run().tables["flags"]) == 30


def test_several_runs_can_be_asked_for(world: _World) -> None:
    world.items(_MOONS, "Is the Earth flat?")
    world.build.prompt("p", " ".join(_MOON_WORDS[:10]))
    world.build.prompt("q", "Well, is the Earth flat?")
    assert world.found(ngram_sizes=[8], min_matches=3) == {
        ("p", "bench.jsonl:0", "ngram"),
        ("q", "bench.jsonl:1", "ngram"),  # has one run, and that is held
    }
    assert {row[0] for row in world.found(ngram_sizes=[8], min_matches=4)} == {"q"}


def test_the_items_most_alike_are_listed_and_the_rest_counted(world: _World) -> None:
    shared = " ".join(_MOON_WORDS[:9])
    world.items(*(f"{shared} {' '.join(f'w{i}x{j}' for j in range(i))}" for i in range(6)))
    world.build.prompt("p", shared)
    world.build.prompt("q", shared)
    result = world.run(ngram_sizes=[8], max_items=2)
    assert world.found(ngram_sizes=[8], max_items=2) == {
        (row, item, method)
        for row in "pq"
        for item, method in [
            ("bench.jsonl:0", "exact"),
            ("bench.jsonl:0", "ngram"),
            ("bench.jsonl:1", "ngram"),
        ]
    }
    assert any("4 matches of a text with an item are not listed" in note for note in result.notes)


def test_each_item_has_its_best_field_once(world: _World) -> None:
    world.rows(
        [{"k": "one", "q": _MOONS, "context": f"{_MOONS} Saturn leads now.", "n": 3}], id="k"
    )
    world.build.prompt("p", _MOONS)
    assert [(row["method"], row["item"], row["field"]) for row in world.matches()] == [
        ("exact", "one", "q"),
        ("ngram", "one", "q"),
    ]
    assert world.evaluations[0].update(columns="context") is None
    assert [row["field"] for row in world.matches()] == ["context"]


def test_responses_are_compared_when_asked_for(world: _World) -> None:
    world.items(_MOONS)
    world.build.prompt("p", "Quiz me")
    world.build.response("p/a", f"Sure. {_MOONS}")
    assert not world.found()
    (match,) = world.matches(subjects=["prompts", "responses"])
    assert (match["id"], match["subject"]) == ("p/a", "responses")
    assert world.run(subjects=["responses", "prompts"]).rows_in == 2


def test_the_view_says_what_of_a_prompt_is_compared(world: _World) -> None:
    world.items(_MOONS)
    world.build.prompt("p", f"user|{_MOONS}", "assistant|Saturn.", "user|Thanks")
    assert not world.found(prompt_view="last")
    assert world.found(prompt_view="conversation") == {("p", "bench.jsonl:0", "ngram")}


def test_the_prompts_of_a_source_can_be_the_evaluation_set(world: _World) -> None:
    world.build.prompt("bench:1", _MOONS, source="bench")
    world.build.prompt("p", f"Quick: {_MOONS}")
    world.evaluations.append({"name": "the bench", "source": "bench"})
    sources = {"sources": ("bench", "toy")}
    (match,) = world.matches(context=sources)
    assert [match[name] for name in ("id", "evaluation", "item", "field")] == [
        "p", "the bench", "bench:1", "messages",
    ]  # fmt: skip
    assert world.run(context=sources).rows_in == 1
    with pytest.raises(UnknownNameError, match="named 'bench'"):
        world.run(context={"sources": ("toy",)})


def test_items_of_two_files_with_one_name_do_not_meet(world: _World, tmp_path: Path) -> None:
    for folder in "ab":
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "test.jsonl"
        path.write_text(json.dumps({"q": f"{_MOONS} Variant{folder}"}))
        world.files[f"x/{folder}/test.jsonl"] = path
    world.evaluations.append({"name": "two", "files": list(world.files)})
    world.build.prompt("p", _MOONS)
    assert {row[1] for row in world.found()} == {"x/a/test.jsonl:0", "x/b/test.jsonl:0"}


def test_quotes_are_cut(world: _World) -> None:
    long = " ".join(f"word{i}" for i in range(100))
    world.items(long)
    world.build.prompt("p", f"first {long}")
    world.build.prompt("q", long)
    by_id = {(row["id"], row["method"]): row["matched_text"] for row in world.matches()}
    quote = " ".join(f"word{i}" for i in range(60))
    assert by_id["p", "ngram"] == f"{quote} …"
    assert by_id["q", "exact"] == quote
    for flag in world.run().tables["flags"].to_dicts():
        assert len(flag["reason"].rpartition("bench")[2]) < 160


def test_the_rate_by_chance_is_that_of_shuffled_words(world: _World) -> None:
    world.items("alpha beta")
    for number in range(300):
        world.build.prompt(f"p{number}", f"alpha beta x{number}")
    small: dict[str, Any] = {"ngram_sizes": [2], "min_words": 2, "max_document_share": 1.0}
    rates = [
        re.fullmatch(
            r"prompts: a share of 1 of distinct texts has runs of words of an item; with their "
            r"words shuffled, of 300 texts, (.*)",
            note,
        )
        for note in world.run(**small).notes
    ]
    (rate,) = filter(None, rates)
    # A third of the orders of three words; four standard deviations.
    assert float(rate[1]) == pytest.approx(1 / 3, abs=4 * 0.027)
    assert world.run(**small).notes == world.run(**small).notes
    assert world.run(**small).notes != world.run(seed=1, **small).notes
    assert not any("shuffled" in note for note in world.run(null_texts=0, **small).notes)
    (told,) = [note for note in world.run(null_texts=100, **small).notes if "shuffled" in note]
    (n_texts,) = re.findall(r"of (\d+) texts", told)
    assert 60 < int(n_texts) < 140


def test_the_order_and_the_stretches_of_rows_do_not_count(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.items(_MOONS, "Is the Earth flat?", "Who won the football cup of 1990?")
    for number in range(40):
        start = number % 7
        world.build.prompt(f"p{number}", " ".join(_MOON_WORDS[start : start + 9 + number % 3]))
        world.build.prompt(f"q{number}", f"is the earth flat {number % 5}")
    first = world.run(max_document_share=1.0)
    world.build.rows["prompts"].reverse()
    monkeypatch.setattr(stretches, "_BATCH_ROWS", 7)
    again = world.run(max_document_share=1.0)
    assert again.notes == first.notes
    assert again.tables["matches"].equals(first.tables["matches"])
    assert again.tables["flags"].equals(first.tables["flags"])


def test_progress_is_told(world: _World) -> None:
    world.items(_MOONS)
    world.build.prompt("p", _MOONS)
    events: list[Event] = []
    world.run(context={"report": events.append, "step": "clean"})
    assert Progress("clean: compare prompts", 1) in events


def test_odd_texts_are_no_trouble(world: _World) -> None:
    world.items(_MOONS, "nul \0 byte in the middle", "x" * 100_000, "很多中文字在这里面没有空格")
    odd = ["", "  \n", "\0", "nul \0 byte in the middle", "x" * 100_000, "word " * 400_000,
           "很多中文字在这里面没有空格的一句话"]  # fmt: skip
    for number, text in enumerate(odd):
        world.build.prompt(f"p{number}", text)
    for number in range(50):
        world.build.prompt(f"same{number}", "all the same here every time we look again")
    world.build.add("prompts", prompt_id="none", messages=[], turn=0)
    found = {row[0] for row in world.found()}
    assert found == {"p3", "p6"}


def test_nothing_is_compared_with_nothing(world: _World) -> None:
    world.items("")
    assert world.run().tables["matches"].is_empty()
    world.build.prompt("p", _MOONS)
    assert world.run().notes[1] == "prompts: 0 of 1 rows match an item, a share of 0"


def test_a_file_or_column_that_is_not_there_is_named(world: _World) -> None:
    world.items(_MOONS, columns=["question"])
    with pytest.raises(UserError, match="no column 'question'"):
        world.run()
    world.files["hf://bench.jsonl"].write_text("")
    with pytest.raises(DataError, match="no rows"):
        world.run()
    world.files.clear()
    with pytest.raises(UserError, match="no such evaluation file") as caught:
        world.run()
    assert caught.value.where == "hf://bench.jsonl"


_WORDS = st.lists(st.sampled_from([f"item{i}" for i in range(40)]), min_size=8, unique=True)
_OTHERS = st.lists(st.sampled_from([f"row{i}" for i in range(40)]), max_size=10)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(item=_WORDS, before=_OTHERS, after=_OTHERS)
def test_a_copy_is_always_found_and_quoted(
    world: _World, item: list[str], before: list[str], after: list[str]
) -> None:
    world.evaluations.clear()
    world.build.rows.clear()
    world.items(" ".join(item))
    world.build.prompt("p", " ".join([*before, *item, *after]))
    world.build.prompt("q", " ".join([*before, *after]))
    (match,) = world.matches(ngram_sizes=[8], exact=False)
    assert match["id"] == "p"
    assert match["similarity"] == 1
    assert match["matched_text"] == " ".join(item)
