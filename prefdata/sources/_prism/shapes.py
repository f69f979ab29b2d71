"""Shapes of the five PRISM files: fields, types, and what a row cannot do without.

Numbers that may be missing inside an object are floats where a file is large: a bare NaN token
then passes the fast reader.
"""

from __future__ import annotations

import pyarrow as pa

__all__ = [
    "ATTRIBUTES",
    "CONVERSATION",
    "CONVERSATION_REQUIRED",
    "HISTORY_MODEL",
    "HISTORY_USER",
    "METADATA_IDS",
    "METADATA_REQUIRED",
    "MODEL",
    "MODEL_REQUIRED",
    "MODERATION",
    "PREFERENCES",
    "SURVEY",
    "SURVEY_REQUIRED",
    "UTTERANCE",
    "UTTERANCE_REQUIRED",
    "metadata_schema",
]

_TEXT, _INT, _FLOAT, _BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()

PREFERENCES = (
    "values",
    "creativity",
    "fluency",
    "factuality",
    "diversity",
    "safety",
    "personalisation",
    "helpfulness",
    "other",
)
"""Items of ``stated_prefs`` that are rated from 0 to 100."""

ATTRIBUTES = (
    "values",
    "fluency",
    "factuality",
    "safety",
    "diversity",
    "creativity",
    "helpfulness",
)
"""Items of both blocks of ratings of a conversation, 1 to 100."""

_USECASES = (
    "homework_assistance",
    "research",
    "source_suggestions",
    "professional_work",
    "creative_writing",
    "casual_conversation",
    "personal_recommendations",
    "daily_productivity",
    "technical_or_programming_help",
    "travel_guidance",
    "lifestyle_and_hobbies",
    "well-being_guidance",
    "medical_guidance",
    "financial_guidance",
    "games",
    "historical_or_news_insight",
    "relationship_advice",
    "language_learning",
    "other",
)
_LOCATION = (
    "birth_country",
    "birth_countryISO",
    "birth_region",
    "birth_subregion",
    "reside_country",
    "reside_region",
    "reside_subregion",
    "reside_countryISO",
    "same_birth_reside_country",
    "special_region",
)


def _struct(names: tuple[str, ...], kind: pa.DataType) -> pa.DataType:
    return pa.struct([(name, kind) for name in names])


_CODED = _struct(("self_described", "categorised", "simplified"), _TEXT)

SURVEY = pa.schema(
    [
        ("user_id", _TEXT),
        ("survey_only", _BOOL),
        ("num_completed_conversations", _INT),
        ("consent", _TEXT),
        ("consent_age", _TEXT),
        ("lm_familiarity", _TEXT),
        ("lm_indirect_use", _TEXT),
        ("lm_direct_use", _TEXT),
        ("lm_frequency_use", _TEXT),
        ("self_description", _TEXT),
        ("system_string", _TEXT),
        ("age", _TEXT),
        ("gender", _TEXT),
        ("employment_status", _TEXT),
        ("education", _TEXT),
        ("marital_status", _TEXT),
        ("english_proficiency", _TEXT),
        ("study_id", _TEXT),
        ("study_locale", _TEXT),
        ("religion", _CODED),
        ("ethnicity", _CODED),
        ("location", _struct(_LOCATION, _TEXT)),
        ("lm_usecases", pa.struct([*((n, _INT) for n in _USECASES), ("other_text", _TEXT)])),
        ("stated_prefs", pa.struct([*((n, _INT) for n in PREFERENCES), ("other_text", _TEXT)])),
        ("order_lm_usecases", _struct(_USECASES, _INT)),
        ("order_stated_prefs", _struct(PREFERENCES, _INT)),
        ("generated_datetime", _TEXT),
        ("timing_duration_s", _FLOAT),
        ("timing_duration_mins", _FLOAT),
        ("included_in_US_REP", _BOOL),
        ("included_in_UK_REP", _BOOL),
        ("included_in_balanced_subset", _BOOL),
    ]
)
SURVEY_REQUIRED = ("user_id",)

HISTORY_USER = ("turn", "role", "content")
"""Fields of what the annotator wrote."""
HISTORY_MODEL = (
    *HISTORY_USER,
    "model_provider",
    "model_name",
    "score",
    "if_chosen",
    "within_turn_id",
)
"""Fields of what a model wrote."""

CONVERSATION = pa.schema(
    [
        ("conversation_id", _TEXT),
        ("user_id", _TEXT),
        ("included_in_balanced_subset", _BOOL),
        ("generated_datetime", _TEXT),
        ("timing_duration_s", _FLOAT),
        ("timing_duration_mins", _FLOAT),
        ("conversation_type", _TEXT),
        ("opening_prompt", _TEXT),
        ("conversation_turns", _INT),
        (
            "conversation_history",
            pa.list_(
                pa.struct(
                    [
                        ("turn", _INT),
                        ("role", _TEXT),
                        ("content", _TEXT),
                        ("model_provider", _TEXT),
                        ("model_name", _TEXT),
                        ("score", _INT),
                        ("if_chosen", _BOOL),
                        ("within_turn_id", _INT),
                    ]
                )
            ),
        ),
        ("performance_attributes", _struct(ATTRIBUTES, _FLOAT)),
        ("choice_attributes", _struct(ATTRIBUTES, _FLOAT)),
        ("open_feedback", _TEXT),
    ]
)
CONVERSATION_REQUIRED = ("conversation_id", "user_id")

UTTERANCE = pa.schema(
    [
        ("utterance_id", _TEXT),
        ("interaction_id", _TEXT),
        ("conversation_id", _TEXT),
        ("user_id", _TEXT),
        ("turn", _INT),
        ("within_turn_id", _INT),
        ("included_in_balanced_subset", _BOOL),
        ("conversation_type", _TEXT),
        ("user_prompt", _TEXT),
        ("model_response", _TEXT),
        ("model_name", _TEXT),
        ("model_provider", _TEXT),
        ("score", _INT),
        ("if_chosen", _BOOL),
    ]
)
UTTERANCE_REQUIRED = (
    "utterance_id",
    "interaction_id",
    "conversation_id",
    "user_id",
    "turn",
    "user_prompt",
    "model_response",
    "if_chosen",
)

METADATA_IDS = ("user_id", "conversation_id", "interaction_id", "utterance_id")
METADATA_REQUIRED = ("column_id",)
MODERATION = (
    "sexual",
    "hate",
    "harassment",
    "self-harm",
    "sexual/minors",
    "hate/threatening",
    "violence/graphic",
    "self-harm/intent",
    "self-harm/instructions",
    "harassment/threatening",
    "violence",
)
"""Moderation categories, for a file whose first rows do not show them."""


def metadata_schema(categories: tuple[str, ...]) -> pa.Schema:
    """Return the shape of ``metadata.jsonl`` with these moderation categories."""
    moderation = pa.struct(
        [
            ("flagged", _BOOL),
            ("categories", _struct(categories, _BOOL)),
            ("category_scores", _struct(categories, _FLOAT)),
        ]
    )
    return pa.schema(
        [
            ("column_id", _TEXT),
            *((name, _TEXT) for name in METADATA_IDS),
            ("pii_flag", _BOOL),
            ("pii_manual_flag", _FLOAT),
            ("language_flag", _TEXT),
            ("en_flag", _BOOL),
            ("moderation_flag", moderation),
        ]
    )


MODEL = pa.schema([("long_name", _TEXT), ("header", _TEXT), ("entry", _TEXT)])
"""``entry`` is the JSON of the whole row: its parameters have other keys for each model."""
MODEL_REQUIRED = ("long_name",)
