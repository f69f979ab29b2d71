from __future__ import annotations

from prefdata.publishing.findings import Finding, ordered

__all__: list[str] = []


def _finding(code: str, level: str) -> Finding:
    return Finding(code, level, "What.", "where", "Fix.")  # type: ignore[arg-type]


def test_the_worst_comes_first_and_repetitions_go() -> None:
    refused, warned, noticed = (
        _finding("P001", "refuse"),
        _finding("L010", "warn"),
        _finding("L006", "notice"),
    )
    assert ordered([noticed, warned, refused, warned]) == [refused, warned, noticed]


def test_a_finding_is_plain_values_for_json() -> None:
    assert _finding("L001", "warn").to_dict() == {
        "code": "L001",
        "level": "warn",
        "what": "What.",
        "where": "where",
        "fix": "Fix.",
        "n": 0,
    }
