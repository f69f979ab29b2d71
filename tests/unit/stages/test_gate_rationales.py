"""The gate keeps what is sound, has the rest written anew, loses no pair, and knows its power."""

from __future__ import annotations

import math
import random
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from prefdata.catalog import Catalog
from prefdata.core.errors import InternalError
from prefdata.fetch.local import local_files
from prefdata.metrics.leak import leak_auc
from prefdata.protocols import Context
from prefdata.rationales.handles import find_handles, mask_handles
from prefdata.recipes import Recipe
from prefdata.runner import ingest, run
from prefdata.schema import check, conform, polars_schema, table_schema
from prefdata.stages.gate_rationales import GateRationales, gate_rationales
from prefdata.stages.write_rationales import WriteRationales, write_rationales
from prefdata.testing.scripted_chat import ScriptedChat, scripted_answer
from prefdata.testing.world import WorldSpec, write_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prefdata.protocols import ChatAnswer, ChatRequest, StageResult

    Say = Callable[[ChatRequest, str], str | ChatAnswer]

__all__: list[str] = []

_NOUNS = tuple(
    word
    for line in (
        "butter flour garlic onion pepper tomato basil cheese yogurt lemon ginger honey almond",
        "walnut pumpkin carrot potato spinach cabbage lettuce mustard vinegar olive sesame coconut",
        "banana cherry orange apricot cinnamon vanilla chocolate coffee pancake noodle dumpling",
        "lentil barley kettle skillet blender spatula napkin platter pitcher whisk colander grater",
    )
    for word in line.split()
)
_GENERAL = (
    "{better} meets the request with {a}, {b} and {c} and says what to do with the {d}, which "
    "makes {better} the more useful response, while {worse} only mentions {e} with {f} and {g}."
)
_SPECIFIC = (
    'On completeness, {better} says "{first}", which tells the reader how to use {a} and {b}, '
    'while {worse} says "{second}" and leaves open what becomes of {e} and {f}. On clarity, '
    "{better} covers {c} and also the {d}, and {worse} is missing any order of steps for {g}. "
    "{worse} has a real strength, because it is honest about {h}. All in all {better} is the more "
    "helpful response, because it does what the last message asks for."
)
_WRITER = {"model": "writer", "mode": "given", "kinds": ["general"]}


def _tables(n: int, *, seed: int = 0) -> dict[str, pl.LazyFrame]:
    """Return pairs whose two responses share no noun, in the form of their contracts."""
    rng = random.Random(seed)  # noqa: S311 - words of a toy
    rows: dict[str, list[dict[str, Any]]] = {"pairs": [], "prompts": [], "responses": []}
    for i in range(n):
        a, b, c, d, e, f, g, h = rng.sample(_NOUNS, 8)
        prompt = f"toy:p{i:04}"
        asked = f"How should I cook dinner with what I have at home on evening number {i}?"
        rows["prompts"].append(
            {"prompt_id": prompt, "messages": [{"role": "user", "content": asked}], "turn": 0}
        )
        for key, text in (
            ("c", f"Slice {a} with {b}, warm {c} slowly and serve everything beside {d} tonight."),
            ("r", f"Perhaps {e} with {f} would work, although {g} might taste better near {h}."),
        ):
            said = [{"role": "assistant", "content": text}]
            rows["responses"].append(
                {"response_id": f"{prompt}/{key}", "prompt_id": prompt, "text": text}
                | {"messages": said}
            )
        rows["pairs"].append(
            {"pair_id": f"pair{i:04}", "prompt_id": prompt, "chosen_id": f"{prompt}/c"}
            | {"rejected_id": f"{prompt}/r", "aspect": "overall", "rule": "choice"}
            | {"stage": "make-pairs"}
        )
    return {table: _frame(table, found).lazy() for table, found in rows.items()}


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = table_schema(table)
    types = polars_schema(schema)
    full = [{name: row.get(name) for name in types} | {"source": "toy"} for row in rows]
    return conform(pl.DataFrame(full, schema=types, orient="row"), schema)


def _part(request: ChatRequest, label: str) -> str:
    found = re.search(
        rf"^{re.escape(label)}:\n<<<begin \w+>>>\n(.*?)\n<<<end \w+>>>$",
        request.messages[-1]["content"],
        re.DOTALL | re.MULTILINE,
    )
    return found[1] if found else ""


def _nouns(text: str) -> list[str]:
    return [word for word in re.findall(r"[a-z]+", text) if word in _NOUNS]


def _content(text: str) -> list[str]:
    """Return the nouns of the toy, or any long words where there are none."""
    found = list(dict.fromkeys(_nouns(text)))
    return found if len(found) > 3 else [*re.findall(r"[a-z]{5,}", text), *["nothing"] * 4]


def _writes(request: ChatRequest, purpose: str) -> str:
    """Write for whom the request names, from what both responses hold."""
    asked = re.search(r"([XY]) is the better response", request.messages[-1]["content"])
    assert asked
    better, worse = asked[1], "XY".replace(asked[1], "")
    texts = {name: _part(request, name) for name in "XY"}
    form = _SPECIFIC if "specific" in purpose else _GENERAL
    words = dict(zip("abcd", _content(texts[better]), strict=False))
    words |= dict(zip("efgh", _content(texts[worse]), strict=False))
    first, second = (" ".join(texts[name].split()[:7]) for name in (better, worse))
    return form.format(better=better, worse=worse, first=first, second=second, **words)


def _favoured(note: str) -> str:
    """Return whom the texts of the scripted writer praise; nobody where nothing says so."""
    found = re.findall(r"(\w) (?:meets the request|is the more)|makes (\w) the more", note)
    return next((a or b for a, b in reversed(found)), "N")


def _fit(note: str, texts: dict[str, str]) -> int:
    """Count the nouns that stand after a handle and are in the text that it is said to be."""
    marks = re.split(r"\b([PQ])\b", note)
    said = zip(marks[1::2], marks[2::2], strict=True)
    return sum(word in texts[handle] for handle, words in said for word in _nouns(words))


def _understands(request: ChatRequest, purpose: str) -> str | ChatAnswer:
    """Judge by the truth of the toy: by who is praised, and by which nouns are where."""
    if purpose.removeprefix("control-") == "stance":
        return _favoured(_part(request, "Note"))
    a, b, note = (_part(request, name) for name in ("Response A", "Response B", "Note"))
    if purpose.removeprefix("control-") == "grounding":
        as_a, as_b = _fit(note, {"P": a, "Q": b}), _fit(note, {"P": b, "Q": a})
        share = (1 + as_a) / (2 + as_a + as_b)
        return _odds(A=share, B=1 - share)
    return _writes(request, purpose)


def _odds(**shares: float) -> ChatAnswer:
    likeliest = max(shares, key=lambda name: shares[name])
    alternatives = tuple((name, math.log(share)) for name, share in shares.items())
    return scripted_answer(likeliest, alternatives=(alternatives,))


def _write(
    tables: dict[str, pl.LazyFrame], say: Say = _understands, **params: Any
) -> dict[str, pl.LazyFrame]:
    """Return the tables with rationales as `write-rationales` writes them."""
    context = Context(source="toy", step="write-rationales", chat=ScriptedChat(say))
    done = write_rationales.run(tables, WriteRationales(**(_WRITER | params)), context)
    rows = done.tables["rationales"].with_columns(stage=pl.lit("write-rationales"))
    return tables | {"rationales": conform(rows, table_schema("rationales")).lazy()}


def _gate(tables: dict[str, pl.LazyFrame], say: Say = _understands, **params: Any) -> StageResult:
    """Run the stage; everything it writes keeps its contract, and the ledger adds up."""
    context = Context(source="toy", step="gate", chat=ScriptedChat(say))
    result = gate_rationales.run(tables, GateRationales(**params), context)
    for table, rows in result.tables.items():
        schema = table_schema(table)
        full = rows.with_columns(source=pl.lit("toy"), stage=pl.lit("gate"))
        found = check(conform(full, schema), schema)
        assert found.rejects.is_empty(), (table, found.rejects)
        assert full.select(schema.primary_key).is_unique().all(), table
    assert result.rows_in == result.rows_out
    return result


def _spoilt(change: Callable[[str, int], str | None]) -> Say:
    """Return a writer whose texts are changed, by their number."""
    seen: dict[str, int] = {}

    def say(request: ChatRequest, purpose: str) -> str | ChatAnswer:
        text = _understands(request, purpose)
        if not purpose.startswith("write") or not isinstance(text, str):
            return text
        number = seen.setdefault(request.messages[-1]["content"], len(seen))
        changed = change(text, number)
        return scripted_answer(None, status="filtered") if changed is None else changed

    return say


@pytest.fixture(scope="module")
def toy() -> dict[str, pl.LazyFrame]:
    """Forty pairs with a general rationale each."""
    return _write(_tables(40))


def test_sound_rationales_pass_without_a_judge(toy: dict[str, pl.LazyFrame]) -> None:
    result = _gate(toy, controls=0)
    gates = result.tables["rationale_gates"]
    assert gates.height == 40
    assert gates["is_kept"].all(), gates.filter(~pl.col("is_passed"))["failed"].to_list()
    assert result.rows_in == 40
    assert any(note.startswith("no judge:") for note in result.notes)
    assert any("general: pairs that keep a rationale: 40 of 40" in note for note in result.notes)


def test_sound_rationales_pass_a_judge_that_understands(toy: dict[str, pl.LazyFrame]) -> None:
    result = _gate(toy, judge="judge", controls=0)
    assert result.tables["rationale_gates"]["is_kept"].all()
    checks = result.tables["rationale_checks"]
    assert {"stance", "grounding", "order-gap", "length"} <= set(checks["check_name"])
    assert checks.filter(pl.col("check_name") == "grounding")["value"].min() > 0.7  # type: ignore[operator]


def test_a_judge_that_always_says_x_is_seen_in_the_power(toy: dict[str, pl.LazyFrame]) -> None:
    result = _gate(toy, lambda *_: "X", judge="judge", model_checks=["stance"], controls=30)
    power = {
        row["control"]: row
        for row in result.tables["gate_power"].filter(pl.col("check_name") == "any").to_dicts()
    }
    swapped = power["handle-swap"]
    assert swapped["n_rejected"] < 5
    assert (swapped["required"], swapped["is_met"]) == (0.9, False)
    assert power["clean"]["n_rejected"] > 10
    assert power["clean"]["is_met"] is False
    told = "\n".join(result.notes)
    assert "WARNING: general: the gate is weak against handle-swap" in told
    assert "WARNING: general: of rationales as they were written the gate rejects" in told
    # Only where the label is X does it pass: the order decides.
    assert re.search(r"WARNING: pass at first with the chosen response as X 1.000 .* Y 0.000", told)


def test_without_a_judge_nothing_is_required_where_only_a_judge_can_see(
    toy: dict[str, pl.LazyFrame],
) -> None:
    result = _gate(toy, controls=30)
    power = result.tables["gate_power"].filter(pl.col("check_name") == "any")
    required = dict(power.select("control", "required").iter_rows())
    assert required["handle-swap"] is None
    assert required["label-leak"] == 0.95
    (told,) = (note for note in result.notes if "nothing is required" in note)
    assert told.endswith("rejected: handle-swap 0 of 30, permuted 0 of 30")


def test_retries_do_not_count_against_the_checks_or_an_order(toy: dict[str, pl.LazyFrame]) -> None:
    bad = _spoilt(lambda text, _: "X is good." if "onion" in text else text)
    tables = _write(toy, bad)
    told = [_gate(tables, bad, rewrite=_WRITER, retries=n, controls=0).notes for n in (0, 2)]
    for start in ("failed at first", "pass at first", "WARNING: pass at first"):
        once, thrice = ([n for n in notes if n.startswith(start)] for notes in told)
        assert once == thrice


def test_what_failed_is_written_anew_in_the_other_order(toy: dict[str, pl.LazyFrame]) -> None:
    tables = _write(toy, _spoilt(lambda text, i: "X is good." if i % 4 == 0 else text))
    before = tables["rationales"].collect()
    result = _gate(tables, rewrite=_WRITER, controls=0)
    again = result.tables["rationales"]
    assert again.height == 10
    assert set(again["attempt"]) == {2}
    turned = again.join(before, on="pair_id", suffix="_before")
    assert (turned["preferred"] != turned["preferred_before"]).all()
    assert (turned["seed"] == turned["seed_before"]).all()
    gates = result.tables["rationale_gates"]
    assert gates.height == 50
    assert gates["is_kept"].sum() == gates["pair_id"].n_unique() == 40
    assert any("10 were written anew, of which 10 passed" in note for note in result.notes)


def test_after_the_last_attempt_the_pair_stays_without_a_rationale(
    toy: dict[str, pl.LazyFrame],
) -> None:
    bad = _spoilt(lambda *_: "X is good.")
    result = _gate(_write(toy, bad), bad, rewrite=_WRITER, retries=2, controls=20)
    gates = result.tables["rationale_gates"]
    assert gates.group_by("pair_id").len()["len"].to_list() == [3] * 40
    assert not gates["is_kept"].any()
    assert sorted(gates["attempt"].unique()) == [1, 2, 3]
    assert any("could not be measured" in note for note in result.notes)


def test_nothing_is_written_anew_where_one_sample_passed(toy: dict[str, pl.LazyFrame]) -> None:
    tables = _write(toy, _spoilt(lambda text, i: None if i % 2 else text), samples=2)
    result = _gate(tables, rewrite=_WRITER, controls=0)
    assert result.tables["rationales"].is_empty()
    gates = result.tables["rationale_gates"]
    assert gates.filter("is_kept").height == 40
    assert set(gates.filter(~pl.col("is_passed"))["failed"].explode()) == {"no-text"}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    fates=st.lists(
        st.sampled_from(["good", "short", "none", "cut", "leak"]), min_size=8, max_size=8
    ),
    retries=st.integers(0, 2),
)
def test_no_pair_is_lost_whatever_the_writer_does(fates: list[str], retries: int) -> None:
    def change(text: str, number: int) -> str | None:
        fate = fates[number % len(fates)]
        by_fate = {
            "short": "X is good.",
            "none": None,
            "cut": text[: len(text) // 2],
            "leak": f"{text} X is the chosen response.",
        }
        return by_fate.get(fate, text)

    tables = _write(_tables(8), _spoilt(change))
    result = _gate(tables, _spoilt(change), rewrite=_WRITER, retries=retries, controls=0)
    gates = result.tables["rationale_gates"]
    pairs = set(tables["pairs"].collect()["pair_id"])
    assert set(gates["pair_id"]) == pairs
    assert gates.group_by("pair_id").agg(pl.col("is_kept").sum())["is_kept"].max() <= 1  # type: ignore[operator]
    assert gates["rationale_id"].is_unique().all()
    # Rationales in: all are gated, and those that passed are the only ones that are kept.
    n_written = tables["rationales"].collect().height + result.tables["rationales"].height
    assert gates.height == n_written
    has_passed = gates.filter("is_passed")["pair_id"].n_unique()
    assert gates["is_kept"].sum() == has_passed


def test_the_order_of_rows_changes_nothing(toy: dict[str, pl.LazyFrame]) -> None:
    tables = _write(toy, _spoilt(lambda text, i: "X is good." if i % 3 == 0 else text))
    more: dict[str, Any] = {"judge": "judge", "rewrite": _WRITER, "controls": 10}
    backwards = {name: frame.collect().reverse().lazy() for name, frame in tables.items()}
    one, two = _gate(tables, **more), _gate(backwards, **more)
    assert one.notes == two.notes
    for table, frame in one.tables.items():
        assert frame.equals(two.tables[table]), table


def test_a_flipped_rationale_is_rejected_and_an_ambiguous_pair_flagged(
    toy: dict[str, pl.LazyFrame],
) -> None:
    def say(request: ChatRequest, purpose: str) -> str | ChatAnswer:
        if purpose != "preference":
            return _understands(request, purpose)
        # Believes whatever it is told where onions are involved, and else in what it sees.
        a, b, note = (_part(request, name) for name in ("Response A", "Response B", "Note"))
        truth = "A" if "Slice" in a else "B"
        if "onion" in a + b:
            told = _fit(note, {"P": a, "Q": b}) >= _fit(note, {"P": b, "Q": a})
            truth = "A" if told else "B"
        return _odds(A=0.9, B=0.1) if truth == "A" else _odds(A=0.1, B=0.9)

    checks = ["stance", "grounding", "order-gap", "flip"]
    result = _gate(toy, say, judge="judge", model_checks=checks, rewrite=_WRITER, controls=20)
    flags = result.tables["flags"]
    texts = toy["responses"].filter(pl.col("text").str.contains("onion")).collect()
    ambiguous = {f"pair{prompt[5:]}" for prompt in texts["prompt_id"]}
    assert set(flags["id"]) == ambiguous
    assert set(flags["flag"]) == {"ambiguous-preference"}
    gates = result.tables["rationale_gates"]
    kept = set(gates.filter("is_kept")["pair_id"])
    assert kept == set(toy["pairs"].collect()["pair_id"]) - ambiguous
    assert result.tables["rationales"].is_empty()  # Other words do not make the pair clear.
    power = result.tables["gate_power"].filter(pl.col("check_name") == "any")
    flipped = power.filter(pl.col("control") == "flipped").to_dicts()
    assert [(row["n"], row["n_rejected"], row["is_met"]) for row in flipped] == [(20, 20, True)]


def test_texts_that_are_not_of_a_pair_are_counted_and_not_checked(
    toy: dict[str, pl.LazyFrame],
) -> None:
    lone = pl.when(pl.col("pair_id").is_in(["pair0000", "pair0001"]))
    none = pl.lit(None, dtype=pl.String)
    tables = toy | {
        "rationales": toy["rationales"].with_columns(
            x_id=lone.then(none).otherwise("x_id"), y_id=lone.then(none).otherwise("y_id")
        )
    }
    result = _gate(tables, controls=0)
    assert result.rows_in == 40
    assert result.tables["rationale_gates"].height == 38
    assert any(note.startswith("2 rationales are not of the two") for note in result.notes)


def test_a_rationale_of_two_steps_is_checked_once(toy: dict[str, pl.LazyFrame]) -> None:
    rows = toy["rationales"].collect()
    both = pl.concat([rows.with_columns(stage=pl.lit("b"), text=pl.lit("X.")), rows])
    tables = toy | {"rationales": both.lazy()}
    first = _gate(tables, rationales=["write-rationales", "b"], controls=0)
    assert first.tables["rationale_gates"]["is_kept"].sum() == 40
    second = _gate(tables, rationales=["b", "write-rationales"], controls=0)
    assert second.tables["rationale_gates"]["is_kept"].sum() == 0
    assert _gate(tables, rationales="b", controls=0).rows_in == 40


def test_a_judge_of_its_own_words_is_told(toy: dict[str, pl.LazyFrame]) -> None:
    own = _gate(toy, judge="writer", controls=0)
    assert any("judges what it wrote itself" in note for note in own.notes)
    other = _gate(toy, judge="judge", controls=0)
    assert not any("judges what it wrote itself" in note for note in other.notes)


def test_nobody_vouches_for_what_the_judge_did_not_say(toy: dict[str, pl.LazyFrame]) -> None:
    def say(request: ChatRequest, purpose: str) -> str:
        return "I would rather not."

    strict = _gate(toy, say, judge="judge", controls=0)
    gates = strict.tables["rationale_gates"]
    assert not gates["is_passed"].any()
    assert gates["abstained"].list.contains("stance").all()
    assert any("of the judge could not tell" in note for note in strict.notes)
    lenient = _gate(toy, say, judge="judge", judge_limits={"unsure": "pass"}, controls=0)
    assert lenient.tables["rationale_gates"]["is_kept"].all()


def _params(**params: Any) -> GateRationales:
    return GateRationales.model_validate(params)


def test_parameters_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValidationError, match="need a judge"):
        _params(model_checks=["stance"])
    with pytest.raises(ValidationError, match="rewrite"):
        _params(judge="judge", model_checks=["flip"])
    assert _params().checks() == ()
    assert _params(judge="judge").checks() == ("stance", "grounding", "order-gap")
    params = _params(rationales="write", judge="judge", rewrite=_WRITER)
    assert params.outside().steps == ("write", "make-pairs")
    assert params.rewrite is not None
    assert params.outside().models == (params.judge, params.rewrite.model)


def test_without_a_place_for_answers_nothing_is_asked(toy: dict[str, pl.LazyFrame]) -> None:
    for params in (_params(judge="judge"), _params(rewrite=_WRITER)):
        with pytest.raises(InternalError):
            gate_rationales.run(toy, params, Context(source="toy", step="gate"))


def test_the_power_is_measured_on_two_hundred_rationales() -> None:
    tables = _write(_tables(220), kinds=["general", "specific"])
    result = _gate(tables, judge="judge", rewrite=_WRITER)
    power = result.tables["gate_power"]
    whole = power.filter(pl.col("check_name") == "any")
    unmet = whole.filter(pl.col("is_met").eq_missing(other=False))
    assert unmet.is_empty(), unmet
    assert whole.filter(pl.col("control") == "permuted")["n"].to_list() == [200, 200]
    assert whole["required"].is_not_null().all()
    assert {"flipped", "handle-swap", "permuted", "clean"} <= set(whole["control"])
    assert not any(note.startswith("WARNING") and "weak" in note for note in result.notes)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.LazyFrame]:
    """Tables of a synthetic world with more than a thousand pairs."""
    folder: Path = tmp_path_factory.mktemp("world")
    source = "hh-rlhf"
    write_world(folder / "raw", WorldSpec(scale=0.008, sources=(source,)))
    catalog = Catalog.create(folder / "w")
    ingest(catalog, source, local_files(folder / "raw" / source))
    run(catalog, Recipe.model_validate({"name": "before", "steps": ["make-pairs"]}))
    return {
        name: catalog.scan(name, (source,)).collect().lazy()
        for name in ("pairs", "prompts", "responses")
    }


def test_kept_rationales_without_handles_do_not_tell_which_response_is_x(
    world: dict[str, pl.LazyFrame],
) -> None:
    tables = _write(world)
    result = _gate(tables, controls=0)
    kept = result.tables["rationale_gates"].filter("is_kept").select("rationale_id")
    rows = tables["rationales"].collect().join(kept, on="rationale_id", how="semi")
    assert rows.height > 300
    masked = mask_handles(rows["text"])
    assert not any(find_handles(text) for text in masked.head(20))
    assert leak_auc(masked, rows["preferred"] == "x", seed=0).auc <= 0.55
    assert any("a probe tells whether" in note for note in result.notes)
