"""A table, a list of votes and the mapping of both, written for this project."""

from __future__ import annotations

import json

__all__ = ["EXAMPLE"]

_MAPPING = b"""\
id: case
prompt: question
language: lang
license: CC0-1.0
is_order_known: true
responses:
  left: {text: answer_a, model: model_a}
  right: {text: answer_b, model: model_b}
annotator:
  id: rater
  kind: human
  country: rater_country
judgments:
  - aspect: overall
    choice:
      column: winner
      values: {A: left, B: right, tie: tie, neither: both_bad, skipped: not_given}
    strength: how_much
    comment: why
  - aspect: helpfulness
    rating:
      columns: {left: help_a, right: help_b}
      min: 1
      max: 5
  - aspect: style
    each: style_votes
    annotator: {id: worker}
    choice: {column: vote, values: {A: left, B: right}}
"""

_ROWS = [
    {
        "case": 1,
        "question": "Which metal is liquid?",
        "lang": "en",
        "answer_a": "Mercury.",
        "answer_b": "Iron.",
        "model_a": "small",
        "model_b": "large",
        "rater": "r1",
        "rater_country": "Portugal",
        "winner": "A",
        "how_much": "clearly",
        "why": "Iron is solid.",
        "help_a": 5,
        "help_b": 1.5,
        "style_votes": [{"worker": "w1", "vote": "A"}, {"worker": "w2", "vote": "B", "x": None}],
        "batch": {"day": "Monday", "tags": []},
    },
    {
        "case": 2,
        "question": [{"role": "user", "content": "Hi."}, {"role": "system", "content": "Rhyme."}],
        "lang": None,
        "answer_a": [{"role": "assistant", "content": "Hi, sky.", "name": "poet"}],
        "answer_b": "",
        "rater": "r2",
        "winner": "neither",
        "help_a": "none",
        "help_b": None,
        "style_votes": [],
    },
    {
        "case": 3,
        "question": "Ok?",
        "answer_a": "Yes",
        "answer_b": "Yes",
        "rater": None,
        "winner": "tie",
    },
]

EXAMPLE = {
    "mapping.yaml": _MAPPING,
    "table.jsonl": "".join(json.dumps(row) + "\n" for row in _ROWS).encode(),
}
"""Raw files by name."""
