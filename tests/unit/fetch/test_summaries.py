"""Every adapter is listed, with what its card tells."""

from __future__ import annotations

from prefdata.fetch import source_summaries
from prefdata.registry import names


def test_every_adapter_is_listed_once_with_its_licence() -> None:
    listed = {row["source"]: row for row in source_summaries()}
    assert sorted(listed) == list(names("source"))
    assert listed["hh-rlhf"]["hub"] == "Anthropic/hh-rlhf"
    assert listed["prism"]["license"] == "CC-BY-4.0 + CC-BY-NC-4.0"
    assert listed["trl"]["hub"] is None
