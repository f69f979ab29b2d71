"""What an audit finds is what is counted by hand, with one token for each word.

``<u>`` + words + ``</s>`` + ``<a>`` is a prompt, words + ``</s>`` a response: the prompt ``p q``
has five tokens, the response ``a b`` three.
"""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from prefdata.core.errors import BackendError, MissingExtraError, UserError
from prefdata.protocols import Trainability
from prefdata.trainability import FATAL, FLAGS, Auditor

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

__all__: list[str] = []


class Frame(Protocol):
    """The fixture `frame`."""

    def __call__(self, *rows: tuple[str, str, str]) -> pl.DataFrame: ...


class Audit(Protocol):
    """The fixture `audit`."""

    def __call__(
        self, *rows: tuple[str, str, str], template: str | None = None, **params: Any
    ) -> list[dict[str, float | None]]: ...


_SAY = "{% for m in messages %}{{ '<' + m.role[0] + '> ' + m.content + ' </s> ' }}{% endfor %}"
_OPEN = "{% if add_generation_prompt %}{{ '<a> ' }}{% endif %}"
_ALTERNATING = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate.') }}{% endif %}{% endfor %}"
)


@pytest.mark.parametrize(
    ("chosen", "rejected", "max_length", "flags"),
    [
        ("a", "b", 8, {}),
        ("a b c d", "x b c d", 10, {}),
        ("a b c d", "x b c d", 9, {"truncated": 2}),
        ("a b c d", "x b", 8, {"truncated": 2}),
        ("a b c d", "a b c e", 9, {"truncated": 2}),
        ("a b c d", "a b c e", 8, {"untrainable-identical": 3}),
        ("a b c d", "a b", 7, {"untrainable-identical": 2}),
        ("a b c d", "a b", 8, {"truncated": 2}),
        ("a b", "x y", 5, {"prompt-over-limit": 5}),
        ("a b", "x y", 6, {"truncated": 4}),
        ("a b", "a b", 99, {"identical-tokens": 3}),
        ("a b", "a b", 4, {"prompt-over-limit": 5, "identical-tokens": 3}),
        ("unknown", "words", 99, {"identical-tokens": 2}),
    ],
)
def test_of_a_pair_whose_start_is_kept(
    audit: Audit, chosen: str, rejected: str, max_length: int, flags: dict[str, float]
) -> None:
    assert audit(("p q", chosen, rejected), max_length=max_length) == [flags]


@pytest.mark.parametrize(
    ("chosen", "rejected", "max_length", "flags"),
    [
        ("a", "b", 7, {}),
        ("a", "b", 5, {"prompt-cut": 2}),
        ("a b c d", "x", 8, {"prompt-cut": 2}),
        ("x a b", "y a b", 4, {"prompt-cut": 5}),
        ("x a b", "y a b", 3, {"untrainable-identical": 3}),
        ("a b", "z a b", 3, {"untrainable-identical": 3}),
        ("a b", "z a b", 4, {"prompt-cut": 5}),
        ("a", "b", 2, {"prompt-cut": 5}),
        ("a b", "x y", 2, {"truncated": 2, "prompt-cut": 5}),
        # The same tokens, but one of them is the prompt's on one side: it is not trained on.
        ("a", "<a> a", 3, {"prompt-cut": 5}),
        ("a b", "a b", 99, {"identical-tokens": 3}),
    ],
)
def test_of_a_pair_whose_end_is_kept(
    audit: Audit, chosen: str, rejected: str, max_length: int, flags: dict[str, float]
) -> None:
    row = ("p q", chosen, rejected)
    assert audit(row, max_length=max_length, truncation="keep-end") == [flags]


def test_a_prompt_has_a_limit_of_its_own(audit: Audit) -> None:
    rows = [("p q", "a b", "x y"), ("p q p", "a b", "x y")]
    for truncation in ("keep-start", "keep-end"):
        found = audit(*rows, max_prompt_length=5, truncation=truncation)
        assert found == [{}, {"prompt-over-limit": 6}]
    assert audit(*rows, max_prompt_length=4, max_length=8) == [
        {"prompt-over-limit": 5},
        {"prompt-over-limit": 6},
    ]


def test_a_template_that_fails_on_a_row_fails_on_no_other(audit: Audit) -> None:
    fails = "{% if 'x' in messages[-1].content %}{{ 1 / 0 }}{% endif %}" + _SAY + _OPEN
    rows = [("p", "a", "b"), ("x", "a", "b"), ("p", "x", "b"), ("p", "a", "x"), ("q", "a", "b")]
    failed = {"template-failed": None}
    assert audit(*rows, template=fails) == [{}, failed, failed, failed, {}]


def test_roles_in_an_order_that_the_template_refuses_are_told_apart(
    audit: Audit, frame: Frame, words: Path, tmp_path: Path
) -> None:
    rows = [("p", "a", "b"), ("p|q", "a", "b"), ("p|q|p", "a", "b")]
    strict = _ALTERNATING + _SAY + _OPEN
    assert audit(*rows, template=strict) == [{}, {"role-order": None}, {}]
    file = tmp_path / "strict.jinja"
    file.write_text(strict)
    found = Auditor(Trainability(tokenizer=str(words), template=str(file))).audit(frame(*rows))
    assert found["reason"].to_list() == ["The template refused the messages: Roles must alternate."]
    refuses_all = "{{ raise_exception('No.') }}"
    assert audit(rows[1], template=refuses_all) == [{"template-failed": None}]


def test_a_prompt_that_is_rendered_otherwise_alone_loses_its_end(audit: Audit) -> None:
    thinks = _SAY + "{% if add_generation_prompt %}{{ '<a> ? ? ' }}{% endif %}"
    assert audit(("p q", "a", "b"), template=thinks) == [{"prompt-not-prefix": 2}]
    # What the prompt loses makes room: without it five tokens stand before the responses.
    assert audit(("p q", "a", "b"), template=thinks, max_length=7) == [{"prompt-not-prefix": 2}]
    # The prompt ends where the first of the two responses leaves it.
    assert audit(("p q", "? a", "b"), template=thinks) == [{"prompt-not-prefix": 2}]
    other = _SAY + "{% if add_generation_prompt %}{{ '</s> ' }}{% endif %}"
    assert audit(("p q", "a", "b"), template=other) == [{"prompt-not-prefix": 1}]


def test_a_response_without_an_end_is_told(audit: Audit, endless: Path) -> None:
    bare = "{% for m in messages %}{{ '<' + m.role[0] + '> ' + m.content }}{% endfor %}" + _OPEN
    assert audit(("p", "a", "b"), template=bare) == [{"no-end-token": None}]
    found = audit(("p ", "a", "b"), template="plain", tokenizer=str(endless))
    assert found == [{"no-end-token": None}]


def test_a_response_without_tokens_is_told(audit: Audit) -> None:
    mute = (
        "{% for m in messages if m.role == 'user' %}{{ '<u> ' + m.content }}{% endfor %}"
        "{% for m in messages if m.role != 'user' and m.content == 'a' %} a </s>{% endfor %}"
    )
    assert audit(("p", "a", "b"), template=mute) == [{"untrainable-empty": 0}]


def test_plain_texts_are_put_together_as_strings(audit: Audit) -> None:
    # "p q " + "a b</s>": the end token stands by itself, and no other is added.
    assert audit(("p q ", "a b", "x"), template="plain", max_length=5) == [{}]
    assert audit(("p q ", "a b", "x"), template="plain", max_length=4) == [{"truncated": 1}]
    assert audit(("p q ", "a b", "a b</s>"), template="plain") == [{"identical-tokens": 3}]
    # Nothing stands between "q" and "a", so they are one unknown word.
    assert audit(("p q", "a b", "x"), template="plain") == [{"prompt-not-prefix": 1}]


def test_messages_that_are_not_there_fail_where_a_template_reads_the_first(
    words: Path, frame: Frame
) -> None:
    whole = frame(("p", "a", "b"))
    rows = [whole.with_columns(whole[n].list.head(0)) for n in ("prompt", "chosen", "rejected")]
    auditor = Auditor(Trainability(tokenizer=str(words)))
    for row in rows:
        found = auditor.audit(row)
        assert found["flag"].to_list() == ["template-failed"]
        assert "has no message" in found["reason"][0]
    assert (auditor.n_pairs, auditor.n_lost, auditor.counts) == (3, 3, {"template-failed": 3})


def test_findings_do_not_depend_on_the_other_pairs(words: Path, frame: Frame) -> None:
    said = ["", "a b", "a b y x", "a b x x y"]
    prompts = ["p", "p q", "p|q|p p p"]
    rows = list(itertools.product(prompts, said, said))
    params = Trainability(tokenizer=str(words), max_length=9)
    pairs = frame(*rows)
    at_once = Auditor(params).audit(pairs)
    one_by_one = Auditor(params)
    parts = [one_by_one.audit(part) for part in pairs.reverse().iter_slices(1)]
    apart = [row for part in reversed(parts) for row in part.iter_rows()]
    assert at_once.rows() == apart
    assert at_once["flag"].is_in(list(FLAGS)).all()
    lost = {pair for pair, flag, *_ in apart if flag in FATAL}
    assert one_by_one.n_lost == len(lost) > 0
    # A pair that is lost has no flag of what is done to the others.
    assert all(flag in FATAL for pair, flag, *_ in apart if pair in lost)


def test_swapping_the_responses_changes_no_flag(words: Path, frame: Frame) -> None:
    rows = [("p q", "a b c", "a b d"), ("p", "a", "x y"), ("p|q|p q p", "a", "b")]
    for truncation in ("keep-start", "keep-end"):
        params = Trainability(tokenizer=str(words), max_length=7, truncation=truncation)
        straight = Auditor(params).audit(frame(*rows))
        swapped = Auditor(params).audit(frame(*((p, r, c) for p, c, r in rows)))
        assert straight.drop("reason").equals(swapped.drop("reason"))


def test_an_audit_of_nothing_finds_nothing(words: Path, frame: Frame) -> None:
    auditor = Auditor(Trainability(tokenizer=str(words)))
    assert auditor.audit(frame()).columns == ["pair_id", "flag", "value", "reason"]
    assert (auditor.counts, auditor.n_pairs, auditor.n_lost) == ({}, 0, 0)


def test_what_cannot_be_opened_is_told(
    words: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BackendError, match="holds no tokenizer"):
        Auditor(Trainability(tokenizer=str(tmp_path)))
    with pytest.raises(UserError, match="cannot be read"):
        Auditor(Trainability(tokenizer=str(words), template="chat"))
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match="A tokenizer needs packages"):
        Auditor(Trainability(tokenizer=str(words)))
