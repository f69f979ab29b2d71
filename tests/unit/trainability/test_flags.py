"""Flags have names that recipes can write, and a sentence each."""

from __future__ import annotations

import re

from prefdata.trainability.flags import FATAL, FLAGS

__all__: list[str] = []


def test_flags_are_in_kebab_case_and_explained() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", flag) for flag in FLAGS)
    assert all(text.endswith(".") for text in FLAGS.values())


def test_what_is_fatal_stands_first() -> None:
    assert set(list(FLAGS)[: len(FATAL)]) == FATAL
