"""The contract of engines holds for those that keep it, and tells those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prefdata.protocols import LOCAL, LocalEngine
from prefdata.testing.engines import PickledEngine, assert_engine_contract

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []


@pytest.mark.parametrize("engine", [LOCAL, PickledEngine()])
def test_engines_that_keep_the_contract_pass(engine: Any) -> None:
    assert_engine_contract(engine)


class _Turned(LocalEngine):
    def map(self, *given: Any, **more: Any) -> Iterator[Any]:
        return iter(list(super().map(*given, **more))[::-1])


class _Greedy(LocalEngine):
    def map(self, make: Any, items: Any, **more: Any) -> Iterator[Any]:
        kept = [item for _, item in zip(range(100), items, strict=False)]
        return super().map(make, kept, **more)


class _Wrapping(LocalEngine):
    def map(self, *given: Any, **more: Any) -> Iterator[Any]:
        try:
            yield from super().map(*given, **more)
        except Exception as error:
            raise RuntimeError("something failed") from error


@pytest.mark.parametrize(
    ("engine", "said"),
    [(_Turned(), "in the order"), (_Greedy(), "were read"), (_Wrapping(), "is the one")],
)
def test_engines_that_break_it_are_told(engine: Any, said: str) -> None:
    with pytest.raises((AssertionError, LookupError), match=f"{said}|no more"):
        assert_engine_contract(engine)


def test_what_cannot_be_sent_is_found_without_a_cluster() -> None:
    engine = PickledEngine()
    with pytest.raises(AttributeError, match="pickle"):
        list(engine.map(lambda: str, [1], label="work"))
    assert engine.labels == ["work"]
