"""Constitutions as files: what is written is read back, and what is wrong is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefdata.constitution.document import (
    Document,
    DocumentPrinciple,
    Reconstruction,
    documents,
    read_document,
    write_markdown,
    write_yaml,
)
from prefdata.constitution.names import principle_id
from prefdata.core.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

__all__: list[str] = []

_LONG, _SHORT = "Select the response that is longer", "Select the response that is shorter"
_LIMITS = "Select the response that admits its limits"


def _id(sentence: str) -> str:
    return str(principle_id(pl.Series([sentence]))[0])


def _tables() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return constitutions, principles and reconstructions: one of all labels, one of a group."""
    principles = pl.DataFrame(
        {
            "principle_id": [_id(_LONG), _id(_LIMITS), _id(_LIMITS)],
            "source": "toy",
            "origin": ["catalogue", "model", "model"],
            "name": ["length", None, None],
            "sentence": [_LONG, _LIMITS, _LIMITS],
            "opposite": [_SHORT, None, None],
            "stage": ["factors", "vote-principles", "pilot-votes"],
        }
    )
    constitutions = pl.DataFrame(
        {
            "source": "toy",
            "group_by": "all",
            "group_value": "all",
            "rank": pl.Series([1, 2], dtype=pl.Int32),
            "principle_id": [_id(_LONG), _id(_LIMITS)],
            "is_opposite": [True, False],
            "sentence": [_SHORT, _LIMITS],
            "weight": [0.51234567, 0.2],
            "gain": [0.01, 0.002],
            "frequency": [0.97, None],
            "strength": [0.12, float("nan")],
            "strength_low": [0.08, None],
            "strength_high": [0.16, None],
            "accuracy": [0.58, None],
            "n_labels": [900, 900],
            "stage": "constitution",
        }
    )
    reconstructions = pl.DataFrame(
        {
            "source": "toy",
            "group_by": ["all", "all", "country"],
            "group_value": ["all", "all", "Chile"],
            "predictor": ["length", "constitution", "constitution"],
            "scheme": "held-out",
            "n_principles": pl.Series([1, 2, 0], dtype=pl.Int32),
            "n_labels": [900, 900, 40],
            "accuracy": [0.55, 0.61, 0.5],
            "low": [0.52, 0.58, 0.4],
            "high": [0.58, 0.64, 0.6],
            "log_loss": [0.68, 0.66, None],
            "auc": [0.56, 0.65, None],
            "verdict": [None, "holds", "nothing-holds"],
            "why": [None, "It does better than a coin (p = .0001).", "It does no better."],
            "stage": "constitution",
        }
    )
    return constitutions, principles, reconstructions


def _made() -> list[Document]:
    return documents(*_tables(), snapshot="s1")


def _read(text: str, folder: Path) -> Document:
    path = folder / "constitution.yaml"
    path.write_text(text, encoding="utf-8")
    return read_document(path)


def test_each_group_has_a_document_and_that_of_all_labels_is_first() -> None:
    first, group = _made()
    assert (first.group_by, group.group_value) == ("all", "Chile")
    assert [one.predictor for one in first.reconstruction] == ["constitution", "length"]
    assert first.verdict == "holds"
    assert group.verdict == "nothing-holds"
    assert group.principles == ()


def test_a_principle_is_worded_as_it_holds_and_keeps_its_other_end() -> None:
    turned, plain = _made()[0].principles
    assert (turned.sentence, turned.opposite, turned.is_opposite) == (_SHORT, _LONG, True)
    assert turned.principle_id == _id(_LONG)
    assert (turned.name, turned.origin, turned.weight) == ("length", "catalogue", 0.512346)
    assert (plain.sentence, plain.opposite, plain.strength) == (_LIMITS, None, None)


def test_documents_do_not_depend_on_the_order_of_rows() -> None:
    shuffled = [frame.sample(fraction=1, shuffle=True, seed=3) for frame in _tables()]
    assert documents(*shuffled, snapshot="s1") == _made()


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    for document in _made():
        assert _read(write_yaml(document), tmp_path) == document


_WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip())
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(_WORDS, min_size=1, max_size=3, unique_by=lambda text: _id(text.strip())),
    st.floats(-1, 1),
    st.one_of(st.none(), _WORDS),
)
def test_any_words_are_read_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[str], figure: float, why: str | None
) -> None:
    given_ones: Any = [{"sentence": text, "strength": figure} for text in sentences]
    document = Document(source="toy", why=why, verdict="holds", principles=given_ones)
    assert _read(write_yaml(document), tmp_path_factory.mktemp("d")) == document


@pytest.mark.parametrize(
    "text",
    [
        f"- {_SHORT}\n- {_LIMITS}.\n",
        f"principles:\n  - {_SHORT}\n  - sentence: {_LIMITS}\n",
        f"\ufeffprinciples: ['{_SHORT}', {{sentence: '{_LIMITS}', rank: 2}}]\n",
    ],
)
def test_sentences_alone_are_a_constitution(text: str, tmp_path: Path) -> None:
    one, other = _read(text, tmp_path).principles
    assert (one.rank, one.principle_id, one.origin) == (1, _id(_SHORT), "given")
    assert (other.rank, other.principle_id, other.is_opposite) == (2, _id(_LIMITS), False)


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("", "holds no constitution", 1),
        ("# Nothing\n", "holds no constitution", 1),
        ("Be kind.\n", "holds no constitution", 1),
        ("[]\n", "There are no principles", 1),
        ("source: toy\n", "There are no principles", 1),
        ("principles: {a: b}\n", "principles: Input should be a valid tuple", 1),
        ("- Be kind\n- 3\n", "principles 2: Input should be", 2),
        ("- Be kind\n- Select: this one\n", "principles 2, Select: Extra inputs", 2),
        ("- Be kind\n- ''\n", "principles 2, sentence: String should have at least 1", 2),
        ("- {rank: 1}\n", "principles 1, sentence: Field required", 1),
        ("- Be kind\n- be  KIND.\n", "stands there twice", 1),
        ("version: 2\nprinciples: [a]\n", "version: Input should be 1", 1),
        ("principles: [a]\nverdict: maybe\n", "verdict: Input should be", 2),
        ("principles: [a]\nverdict: nothing-holds\n", "and yet there are principles", 1),
        ("principles: [a]\nsources: toy\n", "sources: Extra inputs", 2),
        ("principles: [a]\nprinciples: [b]\n", "The key principles stands twice", 2),
        ("principles:\n- sentence: a\n  weight: .nan\n", "principles 1, weight: ", 3),
        ("principles:\n- sentence: a\n  strength: 1.5\n", "principles 1, strength: ", 3),
        ("principles:\n- sentence: a\n  rank: '1'\n", "principles 1, rank: ", 3),
        (f"principles:\n- sentence: a\n  principle_id: {'a' * 32}\n", "words of principle 1", 1),
        ("principles: [{sentence: a, rank: 2}, {sentence: b, rank: 1}]\n", "do not rise", 1),
        ("principles: [a\nb: }\n", "is not YAML", 2),
        ("a: &a [*a]\n", "refers to itself", 1),
        ("!!python/object:os.system {}\n", "is not YAML", 1),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    text: str, what: str, line: int, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as caught:
        _read(text, tmp_path)
    assert what in caught.value.what
    assert caught.value.where == f"{tmp_path / 'constitution.yaml'}:{line}"
    assert caught.value.fix


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "nowhere.yaml", tmp_path, binary):
        with pytest.raises(UserError) as caught:
            read_document(path)
        assert caught.value.where == str(path)


def test_changed_words_beside_an_old_id_are_refused(tmp_path: Path) -> None:
    text = write_yaml(_made()[0]).replace("admits its limits", "admits its faults")
    with pytest.raises(UserError, match="words of principle 2 were changed"):
        _read(text, tmp_path)


def _evidence(**texts: str) -> pl.DataFrame:
    rows = [
        {
            "source": "toy",
            "principle_id": _id(_LONG),
            "basis": basis,
            "side": side,
            "rank": rank,
            "prompt": f"prompt of {side} {rank} by {basis}",
            "chosen": "the one",
            "rejected": "the other",
            **texts,
        }
        for basis in ("meaning", "votes")
        for side in ("for", "against")
        for rank in (2, 1)
    ]
    return pl.DataFrame(rows)


def test_the_page_tells_the_verdict_before_anything_else() -> None:
    page = write_markdown(_made())
    held, group = page.split("## ")[1:]
    assert held.splitlines()[2].startswith("**The principles hold.** It does better than a coin")
    assert group.splitlines()[2] == "**Nothing holds.** It does no better."
    assert "descriptive, not causal" in page
    assert f"| 1 | {_SHORT} (length) | +0.120 | +0.080 to +0.160 | 0.580 | 900 | +0.51 |" in page
    assert "| this constitution | 0.610 | 0.580 to 0.640 | 900 |" in page
    assert "| length alone | 0.550 | 0.520 to 0.580 | 900 |" in page


def test_the_page_shows_a_pair_for_and_one_against_by_votes_where_there_are() -> None:
    page = write_markdown(_made(), _evidence())
    agrees, disagrees = page.index("Agrees:"), page.index("Disagrees:")
    assert agrees < disagrees
    # The constitution holds the other end, so what spoke against the principle speaks for it.
    assert page[agrees:disagrees].count("prompt of against 1 by votes") == 1
    assert "prompt of for 1 by votes" in page[disagrees:]
    assert page.count("**Prompt**") == 2


def test_texts_cannot_break_the_page() -> None:
    hostile = "# Heading\n```\n<script>alert(1)</script> | [x](y) ![z](z)\n1. one"
    page = write_markdown(_made(), _evidence(prompt=hostile, chosen="", rejected="x" * 5000))
    told = [line for line in page.splitlines() if line.startswith("> **Prompt**")]
    assert len(told) == 2
    assert "\\<script\\>" in told[0]
    assert "(nothing)" in page
    assert max(map(len, page.splitlines())) < 1000


def test_a_page_without_constitutions_says_so() -> None:
    assert "There is no constitution" in write_markdown([])
    by_hand = Document(principles=("- be: kind",))  # type: ignore[arg-type]
    assert "Nobody has measured it." in write_markdown([by_hand])


def test_parts_can_be_made_alone() -> None:
    part = DocumentPrinciple(rank=1, principle_id=_id(_LONG), sentence=_LONG)
    figures = Reconstruction(predictor="constitution", accuracy=0.6)
    made = Document(verdict="holds", reconstruction=(figures,), principles=(part,))
    assert made.principles == (part,)
