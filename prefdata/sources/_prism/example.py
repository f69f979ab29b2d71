"""Rows in the shape of PRISM, written by us, with the quirks of the published files.

Two participants and one who took the survey only and was not asked how they use models; a
conversation of two turns whose second turn has two chosen responses of equal text; a response
that is the sentinel for no text; a bare NaN; ratings that do not apply.
"""

from __future__ import annotations

import json
from typing import Any

from prefdata.sources._prism.shapes import ATTRIBUTES, MODERATION, PREFERENCES, SURVEY

__all__ = ["EXAMPLE"]

_COMMAND = ("command", "cohere")
_GPT = ("gpt-4", "openai")
_NAN = float("nan")


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def _person(number: int, **said: Any) -> dict[str, Any]:
    usecases = [f.name for f in SURVEY.field("lm_usecases").type if f.name != "other_text"]
    is_user = said.get("lm_frequency_use") is not None
    row = {
        "user_id": f"user{number}",
        "survey_only": False,
        "num_completed_conversations": 1,
        "consent": "Yes, I consent to take part",
        "consent_age": "I certify that I am 18 years of age or over",
        "lm_familiarity": "Somewhat familiar",
        "lm_indirect_use": "Yes",
        "lm_direct_use": "Yes" if is_user else "No",
        "lm_frequency_use": None,
        "self_description": "I care about my family, and about telling the truth.",
        "system_string": "You are helpful, and you say so when you do not know.",
        "age": "25-34 years old",
        "gender": "Female",
        "employment_status": "Unemployed, seeking work",
        "education": "Vocational",
        "marital_status": "Never been married",
        "english_proficiency": "Native speaker",
        "study_id": "study_a",
        "study_locale": "uk",
        "religion": {
            "self_described": "none",
            "categorised": "Non-religious",
            "simplified": "No Affiliation",
        },
        "ethnicity": {"self_described": "welsh", "categorised": "White", "simplified": "White"},
        "location": {
            "birth_country": "United Kingdom",
            "birth_countryISO": "GBR",
            "birth_region": "Europe",
            "birth_subregion": "Northern Europe",
            "reside_country": "Ireland",
            "reside_region": "Europe",
            "reside_subregion": "Northern Europe",
            "reside_countryISO": "IRL",
            "same_birth_reside_country": "No",
            "special_region": "UK",
        },
        "lm_usecases": {
            **{name: spot % 2 if is_user else None for spot, name in enumerate(usecases)},
            "other_text": None,
        },
        "stated_prefs": {
            **{name: 10 * spot for spot, name in enumerate(PREFERENCES)},
            "other_text": "that it is brief",
        },
        "order_lm_usecases": {
            name: spot + 1 if is_user else None for spot, name in enumerate(usecases)
        },
        "order_stated_prefs": {name: spot + 1 for spot, name in enumerate(PREFERENCES)},
        "generated_datetime": "2023-11-22 15:48:46",
        "timing_duration_s": 266,
        "timing_duration_mins": 4.43,
        "included_in_US_REP": False,
        "included_in_UK_REP": True,
        "included_in_balanced_subset": True,
    }
    return row | said


_SURVEY = [
    _person(0, lm_frequency_use="Less than one a year"),
    _person(
        1,
        lm_frequency_use="Every day",
        age="Prefer not to say",
        gender="Prefer not to say",
        religion={
            "self_described": "prefer not to say",
            "categorised": "Prefer not to say",
            "simplified": "Prefer not to say",
        },
    ),
    _person(2, survey_only=True, num_completed_conversations=0),
]


def _utterance(number: int, place: str, asked: str, answer: str, **said: Any) -> dict[str, Any]:
    interaction, conversation, user, turn, within = place.split()
    model, provider = said.pop("by")
    return {
        "utterance_id": f"ut{number}",
        "interaction_id": interaction,
        "conversation_id": conversation,
        "user_id": user,
        "turn": int(turn),
        "within_turn_id": int(within),
        "included_in_balanced_subset": conversation == "c0",
        "conversation_type": "unguided" if conversation == "c0" else "controversy guided",
        "user_prompt": asked,
        "model_response": answer,
        "model_name": model,
        "model_provider": provider,
        "score": said["score"],
        "if_chosen": said["chosen"],
    }


_TEA = "How do I make tea?"
_MILK = "And with milk?\n\nI like it “strong”."
_TAX = "Should a government tax sugar?"
_UTTERANCES = [
    _utterance(0, "int0 c0 user0 0 0", _TEA, "Boil water.", by=_COMMAND, score=40, chosen=False),
    _utterance(1, "int0 c0 user0 0 1", _TEA, "Steep it.", by=_GPT, score=90, chosen=True),
    _utterance(2, "int1 c0 user0 1 0", _MILK, "Milk last. 🍵", by=_GPT, score=77, chosen=True),
    _utterance(3, "int1 c0 user0 1 1", _MILK, "Milk last. 🍵", by=_GPT, score=75, chosen=True),
    _utterance(4, "int2 c1 user1 0 0", _TAX, "EMPTY STRING", by=_COMMAND, score=1, chosen=False),
    _utterance(5, "int2 c1 user1 0 1", _TAX, "People differ.", by=_GPT, score=100, chosen=True),
    _utterance(6, "int2 c1 user1 0 2", _TAX, "It should.", by=_COMMAND, score=100, chosen=False),
]


def _history(conversation: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for row in _UTTERANCES:
        if row["conversation_id"] != conversation:
            continue
        turn = row["turn"]
        if not items or items[-1]["turn"] != turn:
            items.append({"turn": turn, "role": "user", "content": row["user_prompt"]})
        rest = ("model_provider", "model_name", "score", "if_chosen", "within_turn_id")
        said = {"turn": turn, "role": "model", "content": row["model_response"]}
        items.append({**said, **{name: row[name] for name in rest}})
    return items


def _conversation(number: int, prompt: str, **said: Any) -> dict[str, Any]:
    history = _history(f"c{number}")
    row = {
        "conversation_id": f"c{number}",
        "user_id": f"user{number}",
        "included_in_balanced_subset": True,
        "generated_datetime": "2023-11-22 15:55:46",
        "timing_duration_s": 310.5,
        "timing_duration_mins": 5.17,
        "conversation_type": "unguided",
        "opening_prompt": prompt,
        "conversation_turns": history[-1]["turn"] + 1,
        "conversation_history": history,
        "performance_attributes": {name: 10 + spot for spot, name in enumerate(ATTRIBUTES)},
        "choice_attributes": {name: 100 - spot for spot, name in enumerate(ATTRIBUTES)},
        "open_feedback": "The answers were short, and that was fine.",
    }
    return row | said


_CONVERSATIONS = [
    _conversation(0, _TEA),
    _conversation(
        1,
        _TAX,
        included_in_balanced_subset=False,
        conversation_type="controversy guided",
        timing_duration_s=_NAN,
        timing_duration_mins=_NAN,
        performance_attributes=dict.fromkeys(ATTRIBUTES, 50) | {"safety": None},
    ),
]


def _found(column: str, user: str | None = None, **said: Any) -> dict[str, Any]:
    flagged = said.pop("flagged", None)
    return {
        "column_id": column,
        "user_id": user,
        "conversation_id": None,
        "interaction_id": None,
        "utterance_id": None,
        "pii_flag": False,
        "pii_manual_flag": _NAN,
        "language_flag": "en",
        "en_flag": True,
        "moderation_flag": {
            "flagged": flagged is not None,
            "categories": {name: name == flagged for name in MODERATION},
            "category_scores": {name: 0.87 if name == flagged else 0.0 for name in MODERATION},
        },
    } | said


_IDS = ("user_id", "conversation_id", "interaction_id", "utterance_id")
_METADATA = [
    *(_found("model_response", **{name: row[name] for name in _IDS}) for row in _UTTERANCES),
    *(
        _found("user_prompt", **{name: _UTTERANCES[spot][name] for name in _IDS[:3]})
        for spot in (0, 2)
    ),
    _found(
        "user_prompt",
        **{name: _UTTERANCES[4][name] for name in _IDS[:3]},
        language_flag="nl",
        en_flag=False,
        flagged="hate/threatening",
    ),
    *(
        _found("open_feedback", conversation_id=row["conversation_id"], user_id=row["user_id"])
        for row in _CONVERSATIONS
    ),
    _found("self_description", "user0", pii_flag=True, pii_manual_flag=0.0),
    _found("self_description", "user1"),
    _found("self_description", "user2", pii_flag=True, pii_manual_flag=None),
    _found("system_string", "user0", pii_flag=True),
    _found("system_string", "user1"),
    _found("system_string", "user2"),
]


def _model(name: str, family: str, **params: str) -> dict[str, Any]:
    return {
        "long_name": name,
        "short_name": name,
        "longcode": name[:3].upper(),
        "model_family": family,
        "model_provider": family,
        "model_provider_type": "Commerical",
        "model_type": "Chat",
        "default_params": {"temperature": "0.3"},
        "selected_params": {"temperature": "1.0", **params},
        "header": "You are a conversational assistant. Keep to around 50 words.",
        "link": "https://example.org/models",
        "in_yaml": "Yes",
        "params_tested": "Yes",
        "endpoint_live": "Yes",
        "status": "Deployed Successfully",
    }


EXAMPLE: dict[str, bytes] = {
    "survey.jsonl": _lines(_SURVEY),
    "conversations.jsonl": _lines(_CONVERSATIONS),
    "utterances.jsonl": _lines(_UTTERANCES),
    "metadata.jsonl": _lines(_METADATA),
    "models.jsonl": _lines(
        [_model("gpt-4", "OpenAI"), _model("command", "Cohere", top_k="5", top_p="0.9")]
    ),
}
"""Bytes of each file."""
