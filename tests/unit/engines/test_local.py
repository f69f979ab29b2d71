"""The engine of this process keeps the contract, and takes nothing that it does not have."""

from __future__ import annotations

import pytest

from prefdata.core.errors import UserError
from prefdata.engines.local import local
from prefdata.protocols import LOCAL
from prefdata.testing.engines import assert_engine_contract

__all__: list[str] = []


def test_it_is_the_engine_of_this_process() -> None:
    with local.open(None, None) as engine:
        assert engine is LOCAL
        assert_engine_contract(engine)


@pytest.mark.parametrize(
    ("address", "workers", "said"), [("here:1", None, "no address"), (None, 3, "no number")]
)
def test_an_address_or_workers_are_refused(
    address: str | None, workers: int | None, said: str
) -> None:
    with pytest.raises(UserError, match=said), local.open(address, workers):
        raise AssertionError
