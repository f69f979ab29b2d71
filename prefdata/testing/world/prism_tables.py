"""The published counts of PRISM, as its synthetic twin must show them at scale 1.0.

Five answers to `lm_usecases` have no published count (technical help, travel, lifestyle,
history, relationships) and carry figures of ours; see `UNPUBLISHED_USECASES`.
"""

from __future__ import annotations

__all__ = [
    "COLUMN_IDS",
    "CONVERSATIONS_PER_USER",
    "CONVERSATION_TYPES",
    "LONGEST_PER_USER",
    "MODELS",
    "N_CONVERSATIONS",
    "N_PARTICIPANTS",
    "SIMPLE_ETHNICITY",
    "SIMPLE_RELIGION",
    "SURVEY",
    "UNPUBLISHED_USECASES",
    "USECASES",
    "UTTERANCES_PER_CONVERSATION",
    "provider",
]

N_PARTICIPANTS, N_CONVERSATIONS = 1_500, 8_011

SURVEY: dict[str, dict[str, int]] = {
    "lm_familiarity": {
        "Somewhat familiar": 920,
        "Very familiar": 424,
        "Not familiar at all": 156,
    },
    "lm_direct_use": {"Yes": 1_162, "No": 259, "Unsure": 79},
    "lm_indirect_use": {"Yes": 1_104, "No": 215, "Unsure": 181},
    "lm_frequency_use": {
        "Once per month": 374,
        "Every week": 316,
        "More than once a month": 291,
        "Less than one a year": 162,
        "Every day": 110,
    },
    "age": {
        "25-34 years old": 454,
        "18-24 years old": 297,
        "35-44 years old": 237,
        "45-54 years old": 208,
        "55-64 years old": 197,
        "65+ years old": 106,
        "Prefer not to say": 1,
    },
    "gender": {
        "Male": 757,
        "Female": 718,
        "Non-binary / third gender": 21,
        "Prefer not to say": 4,
    },
    "employment_status": {
        "Working full-time": 712,
        "Working part-time": 265,
        "Student": 191,
        "Unemployed, seeking work": 113,
        "Retired": 104,
        "Homemaker / Stay-at-home parent": 46,
        "Unemployed, not seeking work": 46,
        "Prefer not to say": 23,
    },
    "education": {
        "University Bachelors Degree": 637,
        "Graduate / Professional degree": 241,
        "Some University but no degree": 236,
        "Completed Secondary School": 209,
        "Vocational": 125,
        "Some Secondary": 24,
        "Completed Primary School": 16,
        "Prefer not to say": 9,
        "Some Primary": 3,
    },
    "marital_status": {
        "Never been married": 870,
        "Married": 463,
        "Divorced / Separated": 123,
        "Prefer not to say": 23,
        "Widowed": 21,
    },
    "english_proficiency": {
        "Native speaker": 886,
        "Fluent": 405,
        "Advanced": 160,
        "Intermediate": 42,
        "Basic": 7,
    },
    "religion": {
        "Non-religious": 762,
        "Christian": 487,
        "Agnostic": 71,
        "Prefer not to say": 59,
        "Jewish": 42,
        "Muslim": 31,
        "Spiritual": 18,
        "Buddhist": 12,
        "Folk religion": 6,
        "Hindu": 5,
        "Other": 4,
        "Sikh": 3,
    },
    "ethnicity": {
        "White": 969,
        "Black / African": 122,
        "Hispanic / Latino": 121,
        "Asian": 95,
        "Prefer not to say": 86,
        "Mixed": 68,
        "Other": 17,
        "Middle Eastern / Arab": 14,
        "Indigenous / First Peoples": 8,
    },
}
"""Answers and counts over 1,500 participants; `lm_frequency_use` is null for 247 more."""

SIMPLE_RELIGION = {
    "Non-religious": "No Affiliation",
    "Agnostic": "No Affiliation",
    "Spiritual": "No Affiliation",
    "Christian": "Christian",
    "Prefer not to say": "Prefer not to say",
    "Jewish": "Jewish",
    "Muslim": "Muslim",
}
"""Categorised to simplified; what is not here is ``Other``."""

SIMPLE_ETHNICITY = {
    "White": "White",
    "Black / African": "Black",
    "Hispanic / Latino": "Hispanic",
    "Asian": "Asian",
    "Prefer not to say": "Prefer not to say",
    "Mixed": "Mixed",
}

UNPUBLISHED_USECASES = (
    "technical_or_programming_help",
    "travel_guidance",
    "lifestyle_and_hobbies",
    "historical_or_news_insight",
    "relationship_advice",
)

USECASES = {
    "homework_assistance": 286,
    "research": 617,
    "source_suggestions": 217,
    "professional_work": 469,
    "creative_writing": 392,
    "casual_conversation": 262,
    "personal_recommendations": 266,
    "daily_productivity": 216,
    "technical_or_programming_help": 350,
    "travel_guidance": 180,
    "lifestyle_and_hobbies": 240,
    "well-being_guidance": 159,
    "medical_guidance": 130,
    "financial_guidance": 107,
    "games": 143,
    "historical_or_news_insight": 250,
    "relationship_advice": 100,
    "language_learning": 229,
    "other": 124,
}
"""Who ticked each use, out of the 1,253 who were asked, without the codebook's bug."""

CONVERSATION_TYPES = {"unguided": 3_113, "values guided": 2_460, "controversy guided": 2_438}

CONVERSATIONS_PER_USER = {0: 104, 1: 25, 2: 28, 3: 34, 4: 10, 5: 11, 6: 1_283, 7: 5}

UTTERANCES_PER_CONVERSATION = {
    3: 4, 4: 57, 5: 525, 6: 2_191, 7: 497, 8: 1_906, 9: 311, 10: 1_083, 11: 151, 12: 554, 13: 68,
    14: 309, 15: 34, 16: 119, 17: 19, 18: 69, 19: 7, 20: 33, 21: 8, 22: 43, 23: 2, 24: 9, 26: 6,
    27: 3, 28: 2, 44: 1,
}  # fmt: skip
"""68,371 utterances in 8,011 conversations."""

LONGEST_PER_USER = {
    2: 74, 3: 264, 4: 327, 5: 281, 6: 186, 7: 110, 8: 59, 9: 35, 10: 40, 11: 9, 12: 5, 13: 5, 22: 1,
}  # fmt: skip
"""Turns of the longest conversation of each of the 1,396 users with conversations."""

MODELS = {
    "command": 4_812,
    "claude-instant-1": 4_292,
    "models/chat-bison-001": 4_168,
    "HuggingFaceH4/zephyr-7b-beta": 4_133,
    "meta-llama/Llama-2-7b-chat-hf": 3_995,
    "command-light": 3_929,
    "command-nightly": 3_816,
    "gpt-4-1106-preview": 3_735,
    "gpt-4": 3_515,
    "meta-llama/Llama-2-70b-chat-hf": 3_493,
    "gpt-3.5-turbo": 3_471,
    "timdettmers/guanaco-33b-merged": 3_468,
    "claude-2.1": 3_338,
    "mistralai/Mistral-7B-Instruct-v0.1": 3_261,
    "claude-2": 3_209,
    "tiiuae/falcon-7b-instruct": 2_608,
    "OpenAssistant/oasst-sft-4-pythia-12b-epoch-3.5": 2_314,
    "meta-llama/Llama-2-13b-chat-hf": 1_744,
    "luminous-supreme-control": 1_722,
    "google/flan-t5-xxl": 1_715,
    "luminous-extended-control": 1_633,
}
"""Utterances by model."""

COLUMN_IDS = ("user_prompt", "model_response", "self_description", "system_string", "open_feedback")


def provider(model: str) -> str:
    """Name who served a model."""
    prefixes = {
        "command": "cohere",
        "claude": "anthropic",
        "models/": "google",
        "gpt": "openai",
        "luminous": "aleph",
    }
    return next(
        (p for prefix, p in prefixes.items() if model.startswith(prefix)), "huggingface_api"
    )
