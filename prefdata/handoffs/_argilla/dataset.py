"""The files that make a data set in Argilla: settings, records, and how to load them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefdata.handoffs._scale import CONFIDENCES, LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.handoffs._shown import Asked, Task

__all__ = ["COMMENT", "CONFIDENCE", "PREFERENCE", "readme", "record", "settings"]

PREFERENCE, COMMENT, CONFIDENCE = "preference", "comment", "confidence"
"""Names of the questions."""

_EMPTY = "(empty)"
# What Argilla's server takes of a message: ARGILLA_MAX_MESSAGE_LENGTH, ARGILLA_MAX_ROLE_LENGTH.
_LONGEST_MESSAGE, _LONGEST_ROLE = 20_000, 20


def settings(asked: Asked, n_votes: int) -> dict[str, Any]:
    """Return what `Settings.from_json` reads.

    Nothing is shown as Markdown: annotators see the characters of the texts.

    Args:
        asked: What is asked.
        n_votes: A record is complete when so many people have submitted a response.
    """
    return {
        "guidelines": asked.guidelines,
        "questions": _questions(asked),
        "fields": [
            _field("question", "What to judge"),
            _field("prompt", "Prompt", kind="chat"),
            _field("first", "A"),
            _field("second", "B"),
        ],
        "vectors": [],
        "metadata": [
            _metadata("comparison_id", "terms"),
            _metadata("plan_id", "terms"),
            _metadata("batch", "integer"),
            _metadata("is_swapped", "terms"),
        ],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": n_votes},
        "mapping": None,
    }


def _questions(asked: Asked) -> list[dict[str, Any]]:
    options = [{"value": level.value, "text": level.text} for level in LEVELS]
    questions: list[dict[str, Any]] = [
        {
            "name": PREFERENCE,
            "title": "Which response is better?",
            "description": "In the respect that is named above.",
            "required": True,
            "settings": {
                "type": "label_selection",
                "options": options,
                "visible_options": len(options),
            },
        }
    ]
    if asked.with_confidence:
        questions.append(
            {
                "name": CONFIDENCE,
                "title": "How sure are you?",
                "description": f"{CONFIDENCES[0]}: a guess. {CONFIDENCES[-1]}: certain.",
                "required": False,
                "settings": {
                    "type": "rating",
                    "options": [{"value": value} for value in CONFIDENCES],
                },
            }
        )
    if asked.with_comment:
        questions.append(
            {
                "name": COMMENT,
                "title": "Comment",
                "description": "Only if there is something to say.",
                "required": False,
                "settings": {"type": "text", "use_markdown": False},
            }
        )
    return questions


def _field(name: str, title: str, *, kind: str = "text") -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "required": True,
        "settings": {"type": kind, "use_markdown": False},
    }


def _metadata(name: str, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "settings": {"type": kind, "visible_for_annotators": False},
        "visible_for_annotators": False,
    }


def record(task: Task) -> dict[str, Any]:
    """Return a record as `Record.to_dict` writes it; no suggestions, which people would follow."""
    return {
        "id": task.comparison_id,
        "fields": {
            "question": task.question,
            "prompt": [message for pair in task.prompt for message in _messages(*pair)],
            "first": task.first,
            "second": task.second,
        },
        # Metadata of the type `terms` are texts.
        "metadata": {**task.ids(), "is_swapped": "true" if task.is_swapped else "false"},
        "suggestions": {},
        "responses": {},
        "vectors": {},
        "status": "pending",
        "_server_id": None,
    }


def _messages(role: str, content: str) -> list[dict[str, str]]:
    """Write a message as the server takes it: never empty, and a long one in pieces."""
    starts = range(0, max(1, len(content)), _LONGEST_MESSAGE)
    pieces = [content[start : start + _LONGEST_MESSAGE] or _EMPTY for start in starts]
    return [{"role": role[:_LONGEST_ROLE], "content": piece} for piece in pieces]


def readme(name: str, tasks: Sequence[Task]) -> str:
    """Say how the files get into Argilla, and the answers out of it."""
    return f"""\
# {name}

{len(tasks):,} tasks for Argilla 2, each for {tasks[0].n_votes} annotators. `settings.json` makes \
the data set, `records.json` fills it (`pip install argilla requests`; the client needs both):

```python
import argilla as rg
client = rg.Argilla(api_url="http://localhost:6900", api_key="...")
settings = rg.Settings.from_json("settings.json")
dataset = rg.Dataset(name="{name}", settings=settings, client=client)
dataset.create()
dataset.records.from_json("records.json")
```

Each number of annotators is a data set of its own, because Argilla has one `min_submitted` for all
records of a data set. Give each batch a new data set: records with a known id are overwritten.

When the annotators are done:

```python
import datetime, json
rows = client.datasets("{name}").records.to_list(flatten=True)
now = datetime.datetime.now(datetime.timezone.utc).isoformat()
with open("answers-{name}.json", "w") as file:
    json.dump({{"exported_at": now, "records": rows}}, file)
```

and `prefdata annotate import answers-{name}.json`.

- `flatten=True` matters: the nested export (`to_json`) does not say which responses were submitted,
  and drafts would count.
- `exported_at` matters when you export twice: Argilla does not say when a response was changed, so
  the later export is taken to be the newer word of an annotator.
- A record that somebody discarded without choosing anything is not in Argilla's export.
- Annotators are named by the ids of their accounts. Keep the list of who that is to yourself.
"""
