"""Small rows keep the contract of their table, so that tests may store them."""

from __future__ import annotations

import pytest

from prefdata.schema import check, table_schema
from prefdata.testing.rows import prompt_rows

__all__: list[str] = []


@pytest.mark.parametrize("n", [0, 1, 5])
def test_prompts_keep_their_contract(n: int) -> None:
    frame = prompt_rows("toy", n, text="Hi")
    assert frame["prompt_id"].to_list() == [f"toy:{i}" for i in range(n)]
    checked = check(frame, table_schema("prompts"))
    assert checked.rejects.is_empty()
    assert checked.good.equals(frame)
    assert set(frame["source"]) <= {"toy"}
    assert frame["messages"].to_list() == [[{"role": "user", "content": "Hi"}]] * n
