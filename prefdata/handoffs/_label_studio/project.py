"""The files that make a project in Label Studio: interface, tasks, and how to load them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from prefdata.handoffs._scale import CONFIDENCES, LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefdata.handoffs._shown import Asked, Task

__all__ = ["COMMENT", "CONFIDENCE", "PREFERENCE", "interface", "readme", "task_data"]

PREFERENCE, COMMENT, CONFIDENCE = "preference", "comment", "confidence"
"""Names of the controls."""

# `Text` and `Paragraphs` show the characters of a text; `HyperText` and `Markdown` would run them.
# `Chat` would be the better tag for a prompt, but only the enterprise edition has it.
_INTERFACE = """\
<View>
  <Style>
    .htx-text {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
  </Style>
  <Header value="Prompt" size="4"/>
  <Paragraphs name="prompt" value="$prompt" valueType="json" layout="dialogue"\
 nameKey="role" textKey="content"/>
  <View style="display: flex; gap: 1em;">
    <View style="flex: 1 1 0; min-width: 0;">
      <Header value="A" size="4"/>
      <Text name="first" value="$first" valueType="text" granularity="word"/>
    </View>
    <View style="flex: 1 1 0; min-width: 0;">
      <Header value="B" size="4"/>
      <Text name="second" value="$second" valueType="text" granularity="word"/>
    </View>
  </View>
  <Header value="$question" size="4"/>
  <Choices name="preference" toName="first" choice="single-radio" showInline="false"\
 required="true" requiredMessage="Choose one, or skip the task.">
{choices}
  </Choices>
{more}</View>
"""
_CONFIDENCE = """\
  <Header value={text} size="5"/>
  <Rating name="confidence" toName="first" maxRating="{most}"/>
"""
_COMMENT = """\
  <TextArea name="comment" toName="first" rows="2" editable="true" maxSubmissions="1"\
 placeholder="Comment, only if there is something to say"/>
"""


def interface(asked: Asked) -> str:
    """Return the labelling interface as Label Studio's XML.

    Annotators see a sentence for each level, and the word of it (its alias) is what comes back.
    """
    choices = "\n".join(
        f"    <Choice value={quoteattr(level.text)} alias={quoteattr(level.value)}/>"
        for level in LEVELS
    )
    more = ""
    if asked.with_confidence:
        text = f"How sure are you? 1: a guess. {CONFIDENCES[-1]}: certain."
        more += _CONFIDENCE.format(text=quoteattr(text), most=CONFIDENCES[-1])
    if asked.with_comment:
        more += _COMMENT
    return _INTERFACE.format(choices=choices, more=more)


def task_data(task: Task) -> dict[str, Any]:
    """Return a task as Label Studio imports it; no predictions, which people would follow."""
    return {
        "data": {
            **task.ids(),
            "question": task.question,
            "prompt": [{"role": role, "content": content} for role, content in task.prompt],
            "first": task.first,
            "second": task.second,
        }
    }


def readme(name: str, tasks: Sequence[Task], asked: Asked) -> str:
    """Say how the files get into Label Studio, and the answers out of it."""
    n_votes = tasks[0].n_votes
    return f"""\
# {name}

{len(tasks):,} tasks for Label Studio, each for {n_votes} annotators. `config.xml` is the \
labelling interface, `tasks.json` are the tasks.

By hand: create a project, paste `config.xml` under Labeling Setup > Custom template, import
`tasks.json`, and paste this under Settings > Instructions:

> {asked.guidelines}

Or in Python:

```python
import json
from label_studio_sdk import LabelStudio
client = LabelStudio(base_url="http://localhost:8080", api_key="...")
project = client.projects.create(title="{name}", label_config=open("config.xml").read())
client.projects.import_tasks(id=project.id, request=json.load(open("tasks.json")))
client.projects.update(id=project.id, maximum_annotations={n_votes}, overlap_cohort_percentage=100)
```

The last line is the overlap: {n_votes} annotators for all tasks (in the enterprise edition it is
under Settings > Quality). Set it after the import: older versions take no notice of what a project
was created with. The overlap is one for a whole project, so each number of annotators is a project
of its own. Leave the Skip button on: a skipped task is no tie.

When the annotators are done, export as **JSON** and run `prefdata annotate import FILE`.

- JSON-MIN is read too, but skipped tasks are missing from it. CSV and TSV are not read.
- Export again at any time: the same annotation counts once, and its latest edit counts.
- Annotators are named by their numbers. Addresses that JSON-MIN has instead become digests, so
  stay with one of the two forms, or the same person is two.
"""
