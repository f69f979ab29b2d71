"""The settings of a data set in Argilla that asks which of two responses is better."""

from __future__ import annotations

from typing import Any, Literal

__all__ = ["COMMENT", "METADATA", "PREFERENCE", "SIDES", "TIE", "dataset_model", "settings"]

PREFERENCE, COMMENT = "preference", "comment"
"""Names of the questions."""

SIDES = ("response_a", "response_b")
"""Names of the fields of responses, and the values of the question of preference."""

TIE = "tie"
"""A third value, where labels are asked for."""

METADATA = {
    "pair_id": "terms",
    "source": "terms",
    "subset": "terms",
    "split": "terms",
    "language": "terms",
    "aspect": "terms",
    "model_a": "terms",
    "model_b": "terms",
    "margin": "float",
    "margin_unit": "terms",
    "strength": "terms",
    "n_votes": "integer",
}
"""What stands beside the texts of a record, and its type in Argilla."""


def settings(
    *, question: Literal["label", "ranking"], guidelines: str, n_submitted: int
) -> dict[str, Any]:
    """Return what `Settings.from_json` of the client 2.8.0 reads.

    Nothing is shown as Markdown: annotators see the characters of the texts.

    Args:
        question: How the preference is asked for.
        guidelines: What annotators are told.
        n_submitted: A record is complete when so many people have submitted a response.
    """
    return {
        "guidelines": guidelines,
        "questions": [
            {
                "name": PREFERENCE,
                "title": "Which response is better?",
                "description": None,
                "required": True,
                "settings": _options(question),
            },
            {
                "name": COMMENT,
                "title": "Why?",
                "description": None,
                "required": False,
                "settings": {"type": "text", "use_markdown": False},
            },
        ],
        "fields": [
            _field("prompt", "Prompt", kind="chat"),
            _field(SIDES[0], "Response A"),
            _field(SIDES[1], "Response B"),
        ],
        "vectors": [],
        "metadata": [
            {
                "name": name,
                "title": name,
                "settings": {"type": kind, "visible_for_annotators": False},
                "visible_for_annotators": False,
            }
            for name, kind in METADATA.items()
        ],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": n_submitted},
        "mapping": None,
    }


def dataset_model(name: str, *, guidelines: str, n_submitted: int) -> dict[str, Any]:
    """Return what `Dataset.from_disk` of the client 2.8.0 reads beside the settings.

    Ids and times are those of a server, which gives its own.

    Args:
        name: Of the data set.
        guidelines: As in the settings.
        n_submitted: As in the settings.
    """
    return {
        "id": None,
        "inserted_at": None,
        "updated_at": None,
        "name": name,
        "status": "draft",
        "guidelines": guidelines,
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": n_submitted},
        "workspace_id": None,
        "last_activity_at": None,
    }


def _options(question: Literal["label", "ranking"]) -> dict[str, Any]:
    sides = [
        {"value": SIDES[0], "text": "Response A"},
        {"value": SIDES[1], "text": "Response B"},
    ]
    if question == "ranking":
        return {"type": "ranking", "options": sides}
    options = [*sides, {"value": TIE, "text": "Neither is better"}]
    return {"type": "label_selection", "options": options, "visible_options": len(options)}


def _field(name: str, title: str, *, kind: str = "text") -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "required": True,
        "settings": {"type": kind, "use_markdown": False},
    }
