from __future__ import annotations

import pytest
from pydantic import ValidationError

from prefdata.protocols import Policies, Trainability

__all__: list[str] = []


def test_by_default_ties_and_what_does_not_fit_are_left_out_and_people_may_disagree() -> None:
    assert Policies().model_dump() == {
        "ties": "leave-out",
        "disagreement": "keep",
        "repeats": "keep",
        "several_chosen": "keep",
        "unfit": "leave-out",
    }


def test_an_audit_needs_a_tokenizer_and_drops_nothing_by_itself() -> None:
    with pytest.raises(ValidationError, match="tokenizer"):
        Trainability.model_validate({})
    assert not Trainability(tokenizer="folder").drop
