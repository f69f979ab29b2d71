"""An AnnotatedPairs file and a table of pairs, written for this project."""

from __future__ import annotations

import json

__all__ = ["EXAMPLE"]

_DOCUMENT = {
    "metadata": {
        "version": "2.0",
        "description": "Three comparisons.",
        "created_at": "2026-01-02T03:04:05Z",
        "dataset_name": "example",
        "default_annotator": "f3d1c0aa",
        "available_metadata_keys_per_comparison": ["topic"],
    },
    "annotators": {
        "f3d1c0aa": {
            "name": "preferred_text",
            "description": "Column of labels",
            "type": "unknown",
        },
        "0b5e11aa": {"description": "Ana", "type": "human"},
        "77aa00bb": {"description": "Select the response that is brief.", "type": "principle"},
        "77aa00cc": {"description": "Is it a list?", "type": "non_preference_principle"},
    },
    "comparisons": [
        {
            "id": "aa000001",
            "prompt": "Name a fruit.",
            "response_a": {"text": "A pear.", "model": "small"},
            "response_b": {"text": "Fruits are many, among them the pear.", "model": "large"},
            "annotations": {
                "f3d1c0aa": {"pref": "a"},
                "0b5e11aa": {"pref": "b", "no_pref_reason": None},
                "77aa00bb": {"pref": "a"},
                "77aa00cc": {
                    "pref": None,
                    "no_pref_reason": "non_preference_annotation",
                    "value": "no",
                },
            },
            "metadata": {"topic": "food"},
        },
        {
            "id": "aa000002",
            "prompt": None,
            "response_a": {"text": ""},
            "response_b": {"text": "Good evening.", "model": None},
            "annotations": {
                "f3d1c0aa": {"pref": None, "no_pref_reason": "both"},
                "0b5e11aa": {"pref": None, "no_pref_reason": "neither"},
                "77aa00bb": {"pref": None, "no_pref_reason": "not_applicable"},
                "77aa00cc": {"pref": None, "no_pref_reason": "invalid"},
            },
            "metadata": {},
        },
        {
            "id": "aa000003",
            "prompt": "Say nothing.",
            "response_a": {"text": "…"},
            "response_b": {"text": "Nothing."},
            "annotations": {"f3d1c0aa": {"pref": None}},
        },
    ],
}

_TABLE = (
    b"text_a,text_b,preferred_text,input,model_a,model_b,seconds\n"
    b'"Yes, of course.",No.,text_a,May I?,small,large,3\n'
    b"Left.,Right.,,Which way?,small,large,\n"
    b"One.,Two.,text_b,,,,5\n"
)

EXAMPLE = {
    "pairs.json": json.dumps(_DOCUMENT, ensure_ascii=False, indent=1).encode(),
    "pairs.csv": _TABLE,
}
"""Raw files by name."""
