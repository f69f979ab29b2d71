"""Small catalogs: a clean one, and one whose rows break the contracts behind the runner's back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.fetch.cards import SourceCard
from prefdata.quality import validate
from prefdata.schema import conform, table_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefdata.quality import Validation

__all__: list[str] = []

Rows = dict[str, list[dict[str, Any]]]

SOURCE = "toy"
_MESSAGE = [{"role": "assistant", "content": "Yes."}]


def clean_rows(n: int = 4) -> Rows:
    """Return ``n`` prompts with two responses and one judgment each."""
    prompts = [f"toy:p{i}" for i in range(n)]
    return {
        "annotators": [{"annotator_id": "toy:ann", "source": SOURCE, "kind": "human", "row": 0}],
        "prompts": [
            {
                "prompt_id": prompt,
                "source": SOURCE,
                "turn": 0,
                "messages": [{"role": "user", "content": "Is it?"}],
                "content_hash": "0" * 32,
            }
            for prompt in prompts
        ],
        "responses": [
            {
                "response_id": f"{prompt}/{side}",
                "prompt_id": prompt,
                "source": SOURCE,
                "messages": _MESSAGE,
                "text": "Yes.",
                "content_hash": "1" * 32,
            }
            for prompt in prompts
            for side in "ab"
        ],
        "judgments": [
            {
                "judgment_id": f"{prompt}/j",
                "prompt_id": prompt,
                "source": SOURCE,
                "annotator_id": "toy:ann",
                "aspect": "overall",
                "protocol": "pairwise",
                "outcome": "chosen",
                "response_ids": [f"{prompt}/a", f"{prompt}/b"],
                "is_order_known": True,
                "chosen": [True, False],
                "seconds": 3.5,
            }
            for prompt in prompts
        ],
        "source_files": [
            {
                "source": SOURCE,
                "file": "votes.jsonl",
                "revision": "a" * 40,
                "digest": "b" * 64,
                "bytes": 10,
                "rows_in": n,
                "rows_out": n,
                "rows_rejected": 0,
            }
        ],
    }


def corrupt_rows() -> Rows:
    """Return the clean rows with one fault of each kind."""
    rows = clean_rows()
    rows["annotators"][0] |= {"kind": "<script>robot</script>", "row": -1}
    rows["prompts"].append(rows["prompts"][0])
    rows["responses"][0]["messages"] = []
    rows["responses"][2]["prompt_id"] = "toy:nowhere"
    rows["judgments"][1]["response_ids"] = ["toy:p1/a", "toy:gone"]
    rows["judgments"][2]["seconds"] = float("nan")
    rows["source_files"][0]["rows_out"] = 1
    return rows


def write_rows(catalog: Catalog, rows: Rows) -> None:
    """Commit rows as they are, whatever they break."""
    with catalog.write() as write:
        for table, items in rows.items():
            schema = table_schema(table)
            frame = conform(pl.DataFrame(items, infer_schema_length=None), schema)
            write.put(table, (SOURCE,), frame)
        write.commit("rows of a test")


def toy_card(**changes: Any) -> SourceCard:
    """Return a card that is right about the clean rows."""
    return SourceCard.model_validate(
        {
            "source": SOURCE,
            "title": "Toy",
            "homepage": "https://example.org/toy",
            "hub": {"repo": "example/toy", "revision": "a" * 40},
            "files": [{"path": "votes.jsonl", "rows": 4, "sha256": "b" * 64}],
            "licenses": dict.fromkeys(("prompts", "responses", "judgments"), "MIT"),
            "citation": "Nobody (2026). Toy.",
            "annotators": "One.",
            "expected": {
                "rows": {"prompts": 4},
                "statistics": [
                    {
                        "name": "mean_seconds",
                        "sql": "SELECT avg(seconds) FROM judgments WHERE NOT isnan(seconds)",
                        "value": 3.52,
                        "tolerance": 0.05,
                        "note": "From the paper.",
                    },
                ],
            },
        }
        | changes
    )


@pytest.fixture(scope="session")
def make_card() -> Callable[..., SourceCard]:
    """Return a function that makes the card of the toy source, with other fields if wanted."""
    return toy_card


@pytest.fixture(scope="session")
def make_catalog(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Rows], Catalog]:
    """Return a function that makes a catalog of rows."""

    def make(rows: Rows) -> Catalog:
        catalog = Catalog.create(tmp_path_factory.mktemp("workspace"))
        write_rows(catalog, rows)
        return catalog

    return make


@pytest.fixture(scope="session")
def toy_rows() -> Callable[..., Rows]:
    """Return a function that gives rows that break nothing."""
    return clean_rows


@pytest.fixture(scope="session")
def clean_catalog(make_catalog: Callable[[Rows], Catalog]) -> Catalog:
    """Return a catalog that breaks nothing."""
    return make_catalog(clean_rows())


@pytest.fixture(scope="session")
def corrupt_catalog(make_catalog: Callable[[Rows], Catalog]) -> Catalog:
    """Return a catalog with one fault of each kind."""
    return make_catalog(corrupt_rows())


@pytest.fixture(scope="session")
def corrupt_validation(
    corrupt_catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> Validation:
    """Return what comes of validating the faulty catalog."""
    docs = tmp_path_factory.mktemp("pages") / "data_docs"
    return validate(
        corrupt_catalog, at=None, sample=None, tables=None, docs=docs, cards={SOURCE: toy_card()}
    )
