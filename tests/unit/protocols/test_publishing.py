from __future__ import annotations

from prefdata.protocols import Remote

__all__: list[str] = []


def test_a_place_with_nothing_in_it_has_no_commit_files_or_tags() -> None:
    remote = Remote("org/name", exists=False)
    assert (remote.commit, dict(remote.files), dict(remote.tags)) == (None, {}, {})
