"""Errors say what, where and what to do, in one format, and survive a trip between processes."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING

import pytest

from prefdata.core import errors
from prefdata.core.errors import (
    ConflictError,
    DataError,
    FetchError,
    InternalError,
    MissingExtraError,
    PrefdataError,
    RecipeError,
    SetupError,
    UnknownNameError,
    UserError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []

_KINDS = [getattr(errors, name) for name in errors.__all__]
_PLAIN = [kind for kind in _KINDS if kind not in {UnknownNameError, MissingExtraError}]


@pytest.mark.parametrize("kind", _PLAIN)
@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
def test_an_error_survives_pickling(
    kind: type[PrefdataError], copied: Callable[[PrefdataError], PrefdataError]
) -> None:
    error = copied(kind("It broke.", where="f.jsonl: row 3", fix="Mend it."))
    assert type(error) is kind
    assert (error.what, error.where, error.fix) == ("It broke.", "f.jsonl: row 3", "Mend it.")
    assert (error.code, error.exit_status) == (kind.code, kind.exit_status)
    assert error.args == ("It broke.",)
    assert (
        str(error) == f"error[{kind.code}]: It broke.\n  where: f.jsonl: row 3\n  fix:   Mend it."
    )


@pytest.mark.parametrize(
    "error",
    [
        UnknownNameError("stage", "drop-tie", known=["drop-ties"], where="p.yaml:5"),
        MissingExtraError("The embedder", extra="embed"),
    ],
)
def test_an_error_with_a_constructor_of_its_own_survives_pickling(error: PrefdataError) -> None:
    back = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.where == error.where


def test_what_a_subclass_adds_survives_pickling() -> None:
    error = FetchError("The server is busy.", where="https://example.org")
    error.retryable = True
    error.add_note("third attempt")
    back = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert back.retryable
    assert back.__notes__ == ["third attempt"]
    assert not FetchError.retryable


@pytest.mark.parametrize(
    ("branch", "status"), [(UserError, 2), (DataError, 3), (SetupError, 4), (InternalError, 70)]
)
def test_the_exit_status_follows_from_the_branch(branch: type[PrefdataError], status: int) -> None:
    members = [kind for kind in _KINDS if issubclass(kind, branch)]
    assert branch in members
    assert {kind.exit_status for kind in members} == {status}


def test_every_error_has_one_branch() -> None:
    branches = (UserError, DataError, SetupError, InternalError)
    for kind in _KINDS:
        if kind is not PrefdataError:
            assert sum(issubclass(kind, branch) for branch in branches) == 1


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    lines = (errors.__doc__ or "").splitlines()
    for kind in _KINDS:
        line = next(line for line in lines if kind.__name__ in line.split("─")[-1].split())
        if kind not in {PrefdataError, UserError, DataError, SetupError}:
            assert f" {kind.code} " in line


def test_the_message_leaves_out_what_is_not_known() -> None:
    assert str(RecipeError("The recipe is empty.")) == "error[recipe]: The recipe is empty."
    assert str(RecipeError("No.", fix="Yes.")) == "error[recipe]: No.\n  fix:   Yes."


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    error = UnknownNameError("stage", "drop-tie", known={"make-pairs", "drop-ties"})
    assert error.what == "There is no stage named 'drop-tie'."
    assert error.fix == "Did you mean 'drop-ties'? Known: drop-ties, make-pairs."


@pytest.mark.parametrize(
    ("known", "fix"), [(["make-pairs"], "Known: make-pairs."), ([], "Known: none.")]
)
def test_an_unknown_name_without_a_neighbour_is_answered_with_all(
    known: list[str], fix: str
) -> None:
    assert UnknownNameError("stage", "zzz", known=known).fix == fix


def test_a_missing_extra_is_answered_with_the_command() -> None:
    error = MissingExtraError("The embedder", extra="embed")
    assert error.what == "The embedder needs packages that are not installed."
    assert error.fix == "pip install 'prefdata[embed]'"


def test_only_a_lost_race_is_worth_repeating_as_it_is() -> None:
    assert ConflictError("x").retryable
    assert [k for k in _KINDS if issubclass(k, SetupError) and k.retryable] == [ConflictError]
