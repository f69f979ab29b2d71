from __future__ import annotations

import pytest

from prefdata.core.errors import UserError
from prefdata.core.memory import MEMORY, sql_memory_bytes


@pytest.mark.parametrize(
    ("given", "n_bytes"),
    [("2GB", 2_000_000_000), ("512 MiB", 1 << 29), ("1.5g", 1_500_000_000), ("1000000", 1_000_000)],
)
def test_the_variable_names_the_bytes(
    given: str, n_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MEMORY, given)
    assert sql_memory_bytes() == n_bytes


@pytest.mark.parametrize("given", ["much", "GB", "-1GB", "0", "1 XB"])
def test_what_is_no_size_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY, given)
    with pytest.raises(UserError, match="PREFDATA_MEMORY"):
        sql_memory_bytes()


def test_without_it_a_share_of_the_machine_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MEMORY, raising=False)
    assert 1 << 29 <= sql_memory_bytes() <= 1 << 34
