from __future__ import annotations

import polars as pl

from prefdata.schema import conform, table_schema
from prefdata.stages._findings import FINDINGS, findings

__all__: list[str] = []


def test_findings_need_only_source_and_stage_to_be_flags() -> None:
    rows = pl.DataFrame({"prompt_id": ["p", "q"], "count": [1, 2]})
    found = findings(
        rows, key="prompt_id", subject="prompts", flag="odd", reason="It is.", value="count"
    )
    assert found.schema == FINDINGS
    whole = found.with_columns(source=pl.lit("toy"), stage=pl.lit("s"))
    assert conform(whole, table_schema("flags"))["value"].to_list() == [1.0, 2.0]


def test_no_rows_give_no_findings_of_the_same_form() -> None:
    rows = pl.DataFrame({"prompt_id": []}, schema={"prompt_id": pl.String})
    found = findings(
        rows, key="prompt_id", subject="prompts", flag="odd", reason=pl.col("prompt_id")
    )
    assert found.is_empty()
    assert found.schema == FINDINGS
