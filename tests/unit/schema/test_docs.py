from __future__ import annotations

from pathlib import Path

from prefdata.schema import shipped_schemas
from prefdata.schema.docs import tables_markdown

__all__: list[str] = []

_PAGE = Path(__file__).parents[3] / "docs" / "tables.md"


def test_the_page_of_tables_is_up_to_date() -> None:
    assert _PAGE.read_text(encoding="utf-8") == tables_markdown(), (
        "run `python -m prefdata.schema.docs docs/tables.md`"
    )


def test_the_page_names_every_table_column_unit_and_rule() -> None:
    page = tables_markdown()
    for schema in shipped_schemas():
        assert f"\n### {schema.table}\n" in page
        for column in schema.columns.values():
            assert f"| `{column.name}` | `{column.type}` |" in page
            assert column.description in page
        for rule in schema.rules:
            assert f"**{rule.name}**" in page
            assert rule.why in page
