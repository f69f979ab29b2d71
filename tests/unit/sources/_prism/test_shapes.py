from __future__ import annotations

import pyarrow as pa

from prefdata.sources._prism.shapes import (
    CONVERSATION,
    CONVERSATION_REQUIRED,
    HISTORY_MODEL,
    MODERATION,
    SURVEY,
    UTTERANCE,
    UTTERANCE_REQUIRED,
    metadata_schema,
)

__all__: list[str] = []


def n_leaves(kind: pa.DataType) -> int:
    return sum(n_leaves(field.type) for field in kind) if pa.types.is_struct(kind) else 1


def test_the_survey_has_the_published_number_of_fields() -> None:
    n_nested = sum(field.type.num_fields for field in SURVEY if pa.types.is_struct(field.type))
    assert len(SURVEY) == 32
    assert len(SURVEY) + n_nested == 106
    assert sum(n_leaves(field.type) for field in SURVEY) == 106 - 7


def test_the_other_files_have_the_published_number_of_fields() -> None:
    assert (len(CONVERSATION), len(UTTERANCE), len(metadata_schema(MODERATION))) == (13, 14, 10)
    assert set(CONVERSATION_REQUIRED) <= set(CONVERSATION.names)
    assert set(UTTERANCE_REQUIRED) <= set(UTTERANCE.names)
    item = CONVERSATION.field("conversation_history").type.value_type
    assert tuple(field.name for field in item) == HISTORY_MODEL
