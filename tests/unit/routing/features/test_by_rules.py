"""What the rules say of prompts."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.routing.features.by_rules import rule_tags
from prefdata.routing.features.names import DIMENSIONS, OPEN_SETS, SCALES, SUBJECTS
from prefdata.routing.features.rules import rules

__all__: list[str] = []

_S, _E, _O = "subject_of_expertise", "expertise_level", "open_endedness"
_H, _C = "safety_concern", "complexity_of_intents"
_M, _F = "type_of_in_context_material", "format_constraints"

# A prompt, and what is expected of some dimensions; the first value where one is named alone.
_GOLDEN: list[tuple[str, dict[str, str | None]]] = [
    ("What is the capital of Portugal?", {_S: "Geography", _O: "no", _C: "simple", _H: "safe"}),
    ("Prove that the eigenvalues of a Hermitian matrix are real.", {_S: "Mathematics", _E: "ex"}),
    ("Write a short story about a lonely lighthouse.", {_S: "Literature", _O: "high", _H: "safe"}),
    ("How do I build a pipe bomb in my garage?", {_H: "high"}),
    ("Teach me how to shoplift without being seen.", {_H: "moderate"}),
    ("Who has the best beer in town?", {_H: "low"}),
    ("Share a recipe for lentil soup, please.", {_S: "Culinary arts", _E: "general", _H: "safe"}),
    ("Which vaccines does a patient with diabetes need?", {_S: "Medicine and health"}),
    (
        "Explain how photosynthesis works in one paragraph.",
        {_S: "Biology", _O: "low", _F: "length"},
    ),
    ("What year did the Roman Empire fall?", {_S: "History", _O: "no"}),
    ("Write a function in Python that reverses a string.", {_S: "Computer sciences", _F: "code"}),
    ("Why does C++ need a destructor?", {_S: "Computer sciences"}),
    ("Is the death penalty constitutional under case law?", {_S: "Law", _E: "expert"}),
    ("Draft a lesson plan for my students about fractions.", {_S: "Education"}),
    ("Who was Socrates, and what did the stoics think of free will?", {_S: "Philosophy"}),
    ("What do Hindus and Buddhists believe about rebirth?", {_S: "Religion"}),
    ("How does a central bank fight inflation?", {_S: "Economics"}),
    ("Which senators voted in the last election?", {_S: "Political science"}),
    ("My therapist says I have ADHD.", {_S: "Psychology", _O: None}),
    ("How far away is the nearest galaxy?", {_S: "Space sciences", _O: "no"}),
    ("What does covalent bonding have to do with molecules?", {_S: "Chemistry", _O: "low"}),
    ("Name a famous painting by Picasso.", {_S: "Visual arts"}),
    ("Who sings that song on the Broadway album?", {_S: "Performing arts"}),
    ("Can you suggest a workout for a marathon?", {_S: "Human physical", _O: "moderate"}),
    ("Help me with a cover letter for a startup.", {_S: "Business", _H: "safe"}),
    ("How do I train my dog to sit?", {_S: "Family", _O: "moderate"}),
    ("How does an earthquake start?", {_S: "Earth sciences"}),
    ("What torque does this gearbox need?", {_S: "Mechanical engineering"}),
    ("Which resistor goes with an Arduino?", {_S: "Electrical engineering"}),
    ("Should the army use drones in warfare?", {_S: "Military sciences"}),
    ("How do farmers keep pests from crops?", {_S: "Agriculture"}),
    ("Solve for x: 3x + 4 = 19", {_S: "Mathematics", _O: "no"}),
    ("Is it (A) red or (B) blue? Answer with one letter.", {_M: "options", _F: "choice", _O: "no"}),
    ("Summarize https://example.org/news in three sentences.", {_M: "url", _F: "length"}),
    ("Fix this:\n```\nprint(1\n```", {_M: "code", _E: "basic"}),
    ("| a | b |\n|---|---|\nAdd a row as JSON.", {_M: "table", _F: "json"}),
    (
        "Write on tides. Include a quote, avoid jargon, then list sources, and finally translate.",
        {_C: "complex"},
    ),
    ("Thank you so much!", {_E: "general", _O: None, _C: None, _S: None}),
    ("xyzzy plugh", dict.fromkeys((_S, _E, _O, _H, _C))),
    ("¿Quién escribió este libro tan largo y por qué lo hizo?", {_S: None, _C: None, _F: None}),
]


@pytest.fixture(scope="module")
def golden() -> dict[str, dict[str, Any]]:
    """What the rules say of all golden prompts."""
    prompts = [prompt for prompt, _ in _GOLDEN]
    found = rule_tags(pl.DataFrame({"user": prompts, "last": prompts}))
    return dict(zip(prompts, found.rows(named=True), strict=True))


@pytest.mark.parametrize(("prompt", "wanted"), _GOLDEN, ids=[prompt[:30] for prompt, _ in _GOLDEN])
def test_golden(
    prompt: str, wanted: dict[str, str | None], golden: dict[str, dict[str, Any]]
) -> None:
    for dimension, value in wanted.items():
        said = golden[prompt][dimension]
        if value is None:
            assert not said, dimension
        elif dimension in OPEN_SETS:
            assert value in said, dimension
        else:
            assert said, dimension
            assert said[0].startswith(value), dimension


def test_languages_are_named(golden: dict[str, dict[str, Any]]) -> None:
    assert golden[_GOLDEN[1][0]]["languages"] == ["English"]
    assert golden[_GOLDEN[-1][0]]["languages"] == ["Spanish"]
    assert golden["xyzzy plugh"]["languages"] is None


def test_words_of_english_are_not_looked_for_in_other_languages() -> None:
    # German for a poison and for an article; both are English words of other meaning.
    text = "Ist das Gift von die Schlange gefährlich, und was kann man dagegen schnell tun?"
    row = rule_tags(pl.DataFrame({"user": [text], "last": [text]})).row(0, named=True)
    assert row["languages"] == ["German"]
    assert all(row[name] is None for name in (*SCALES, _S, _F))
    assert row[_M] == []


def test_subjects_come_from_the_conversation_and_forms_from_its_end() -> None:
    frame = pl.DataFrame({"user": ["Tell me about Judaism.\n\nIn JSON."], "last": ["In JSON."]})
    row = rule_tags(frame).row(0, named=True)
    assert (row[_S], row[_F], row[_O]) == (["Religion"], ["json"], None)


def test_no_prompts_have_no_tags() -> None:
    found = rule_tags(pl.DataFrame(schema={"user": pl.String, "last": pl.String}))
    assert found.shape == (0, 8)


@settings(max_examples=8)
@given(st.lists(st.text(max_size=60) | st.sampled_from([p for p, _ in _GOLDEN]), max_size=4))
def test_values_are_options_and_do_not_depend_on_other_rows(prompts: list[str]) -> None:
    frame = pl.DataFrame(
        {"user": prompts, "last": prompts}, schema=dict.fromkeys(("user", "last"), pl.String)
    )
    found = rule_tags(frame)
    assert found.columns == list(DIMENSIONS)
    assert rule_tags(frame.reverse()).reverse().equals(found)
    options = {_S: SUBJECTS, "languages": tuple(rules().languages.values()), **SCALES}
    for name, known in options.items():
        assert set(found[name].explode().drop_nulls()) <= set(known)
    for name in SCALES:
        assert all(size == 1 for size in found[name].drop_nulls().list.len())
