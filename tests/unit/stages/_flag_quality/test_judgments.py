from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.protocols import Context, NoParams
from prefdata.stages.flag_quality import flag_quality

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

__all__: list[str] = []


def _found(tables: Mapping[str, pl.LazyFrame], flag: str) -> dict[str, float | None]:
    flags = flag_quality.run(tables, NoParams(), Context()).tables["flags"]
    return dict(flags.filter(flag=flag, subject="judgments").select("id", "value").iter_rows())


def _ask(build: Any, prompt: str, *texts: str) -> None:
    build.prompt(prompt, "Hi")
    for key, text in zip("abcd", texts, strict=False):
        build.response(f"{prompt}/{key}", text)


def test_candidates_with_the_same_words_are_counted(build: Any) -> None:
    _ask(build, "p", "one", "two", "one", "one")
    _ask(build, "q", "one", "two")
    build.choose("p/x/overall", "abcd", "a")
    build.choose("p/y/overall", "ab", "a")
    build.choose("q/x/overall", "ab", "a")
    assert _found(build.lazy(), "identical-responses") == {"p/x/overall": 3}


def test_choices_that_are_none_or_several(build: Any) -> None:
    _ask(build, "p", "one", "two", "three")
    build.choose("p/several/overall", "abc", "ab")
    build.choose("p/none/overall", "abc", "")
    build.choose("p/one/overall", "abc", "c")
    build.judge("p/tie/overall", "ab", outcome="tie")
    build.judge("p/bad/overall", "ab", outcome="both_bad")
    build.judge("p/silent/overall", "ab")
    build.rate("p/rated/overall", "ab", 1, 2)
    tables = build.lazy()
    assert _found(tables, "several-chosen") == {"p/several/overall": 2}
    assert list(_found(tables, "no-choice")) == ["p/none/overall", "p/silent/overall"]


def test_repeats_and_contradictions_of_one_annotator_are_found(build: Any) -> None:
    _ask(build, "p", "one", "two")
    _ask(build, "q", "two", "one")
    _ask(build, "r", "one", "three")
    build.choose("p/x/overall", "ab", "a")
    build.choose("q/x/overall", "ab", "b")  # the same choice, shown the other way round
    build.choose("r/x/overall", "ab", "b")
    build.choose("p/y/overall", "ab", "a")
    build.choose("q/y/overall", "ab", "a")
    build.choose("q/y/harmlessness", "ab", "a")
    tables = build.lazy()
    assert _found(tables, "same-judgment-again") == {"p/x/overall": 2, "q/x/overall": 2}
    assert _found(tables, "opposite-judgment") == {"p/y/overall": 1, "q/y/overall": 1}
