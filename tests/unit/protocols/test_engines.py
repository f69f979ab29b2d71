from __future__ import annotations

from typing import TYPE_CHECKING

from prefdata.protocols import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable


def test_this_process_makes_the_function_once_and_keeps_the_order() -> None:
    made = []

    def make() -> Callable[[int], int]:
        made.append(1)
        return lambda item: item * item

    assert list(LOCAL.map(make, range(5))) == [0, 1, 4, 9, 16]
    assert len(made) == 1


def test_nothing_is_made_where_there_is_nothing_to_do() -> None:
    def make() -> Callable[[int], int]:
        raise AssertionError

    assert list(LOCAL.map(make, [])) == []
