"""What refuses gives a reason, and stays as it was made."""

from __future__ import annotations

import dataclasses

import pytest

from prefdata.protocols import Refusal

__all__: list[str] = []


def test_a_refusal_stays_as_it_was_made() -> None:
    refusal = Refusal("The roles do not alternate.")
    assert refusal == Refusal("The roles do not alternate.")
    with pytest.raises(dataclasses.FrozenInstanceError):
        refusal.reason = ""  # type: ignore[misc]
