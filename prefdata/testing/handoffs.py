"""What every hand-off format promises, as a function that its author calls from a test.

from prefdata.testing.handoffs import assert_handoff_contract

def test_my_tool(tmp_path):
    assert_handoff_contract(my_tool, tmp_path, answer=answer, seen=seen, known_as=str)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from prefdata.core.errors import DataError
from prefdata.protocols import ANSWERS, TASKS
from prefdata.registry import names, plugin
from prefdata.testing.annotators import ScriptedVote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from prefdata.protocols import Handoff, Params
    from prefdata.testing.annotators import Seen

__all__ = ["assert_handoff_contract", "example_tasks", "newest", "scripted_votes"]

_SECRETS = {
    "source": "secret-source",
    "prompt_id": "secret-prompt",
    "response_a_id": "secret-response-a",
    "response_b_id": "secret-response-b",
    "arm": "secret-arm",
}
_SHOWN_NUL = "␀"
_TEXTS = (
    "A short answer.",
    "=SUM(A1:A9)",
    "-3",
    "@everyone +1",
    "3/4",
    "'quoted'",
    'Several\nlines,\r\n\twith "quotes"; semicolons | bars.',
    "<b>bold</b> <script>alert('x')</script> &amp; $question {{first}}",
    "# Heading\n\n| a | b |\n|---|---|\n\n```python\nprint(1)\n```",
    "مرحبا بالعالم \u202eright to left\u202c",
    "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-5}",
    "a NUL \x00 in the middle",
    "long " * 9_000,
    "",
    "line\u2028separator\u0085 and \x0b odd \x1b controls",
)
_WRONG_FILES = {
    "empty.json": b"",
    "page.html": b"<!doctype html><html><body>Sign in</body></html>",
    "broken.json": b'[{"id": "1", "data": {"compari',
    "bytes.bin": bytes(range(256)) * 4,
    "other.json": b'{"name": "something else", "values": [1, 2, 3]}',
    "other.csv": b"name,value\r\nx,1\r\n",
}
_PEOPLE = ("ann", "bob", "cyd")


def example_tasks(*, seed: int = 0) -> pl.DataFrame:
    """Return tasks whose texts tools stumble over; columns of `TASKS`.

    Args:
        seed: Makes the ids.
    """
    n_tasks = len(_TEXTS)
    rows = [
        {
            "comparison_id": f"{seed:08x}{place:024x}",
            "plan_id": f"{seed + 1:032x}",
            "batch": 2,
            "aspect": "overall" if place % 3 else "helpfulness",
            "question": f"Which is better in respect {place % 3}?",
            "n_votes": 1 + 2 * (place % 2),
            "prompt": _prompt(place),
            "first": text,
            "second": _TEXTS[(place + 1) % n_tasks],
            "is_swapped": bool(place // 2 % 2),
            **{name: f"{secret}-{place}" for name, secret in _SECRETS.items()},
        }
        for place, text in enumerate(_TEXTS)
    ]
    return pl.DataFrame(rows, schema=dict(TASKS))


def _prompt(place: int) -> list[dict[str, str]]:
    """Return a conversation, one message, or now and then none at all."""
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": _TEXTS[place]},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "Go on."},
    ]
    return [said[1:2], said, []][min(place % 5, 2)]


def scripted_votes(tasks: pl.DataFrame) -> list[ScriptedVote]:
    """Return what people do with tasks: choose, edit, draft, skip, and answer foreign tasks too."""
    votes = []
    # Row by row: it is a script.
    for place, comparison in enumerate(tasks["comparison_id"]):
        for seat, person in enumerate(_PEOPLE):
            turn = place + 2 * seat
            status = {3: "draft", 7: "skipped"}.get(turn % 11, "submitted")
            comment = f'because {place}\nand, "so"; on =1' if turn % 2 else None
            choice = 2 - turn % 5
            votes.append(ScriptedVote(comparison, person, choice, status, comment))  # type: ignore[arg-type]
            if turn % 4 == 0:
                votes.append(ScriptedVote(comparison, person, -choice, comment=comment, edit=1))
    twice = next(vote for vote in votes if vote.status == "submitted" and vote.annotator == "bob")
    return [*votes, twice, ScriptedVote("f" * 32, "ann", 1)]


def assert_handoff_contract(
    handoff: Handoff,
    folder: Path,
    *,
    answer: Callable[[Path, Sequence[ScriptedVote]], Path],
    seen: Callable[[Path], dict[str, Seen]],
    known_as: Callable[[str], str],
    params: Params | None = None,
) -> None:
    """Check what every hand-off format promises.

    Args:
        handoff: The format.
        folder: An empty folder to work in.
        answer: Works through the files in a folder as a script says, and writes the tool's export.
        seen: Returns what people see of each task in the files of a folder.
        known_as: The name by which the tool exports a person of a script.
        params: Parameters, for formats that need some.

    Raises:
        AssertionError: If a promise is broken; the message says which.
    """
    settings = params if params is not None else handoff.params()
    tasks = example_tasks()
    out = _write(handoff, tasks, folder / "out", settings)
    _assert_writes_the_same(handoff, tasks, folder, settings)
    _assert_keeps_secrets(out)
    _assert_shows(tasks, seen(out))
    _assert_claims(
        handoff, sorted(path for path in out.rglob("*") if path.is_file()), answered=False
    )
    votes = scripted_votes(tasks)
    first = answer(out, [vote for vote in votes if vote.edit == 0])
    early = first.rename(first.with_stem("early"))
    late = answer(out, votes)
    _assert_claims(handoff, [early, late], answered=True)
    read = handoff.read([early, late], settings)
    again = handoff.read([early, late], settings)
    assert read.equals(again, null_equal=True), "two reads differ"
    _assert_answers(read, {early.name, late.name})
    _assert_choices(read, votes, known_as)
    _assert_refuses_wrong_files(handoff, folder / "wrong", settings)
    nothing = handoff.read([], settings)
    assert nothing.schema == pl.Schema(ANSWERS), "no files give other columns than those of ANSWERS"
    assert not nothing.height, "no files give answers"


def newest(answers: pl.DataFrame) -> dict[tuple[str, str], tuple[str, int | None]]:
    """Return what counts of each person on each comparison: the status and choice said last.

    Args:
        answers: Columns of `ANSWERS`, of one tool.
    """
    named = answers.filter(pl.col("annotator").is_not_null() & (pl.col("status") != "unreadable"))
    last = named.sort("version", "row").group_by("comparison_id", "annotator").last()
    keys = last.select("comparison_id", "annotator").rows()
    said = last.select(pl.col("status").cast(pl.String), "choice").rows()
    return dict(zip(keys, said, strict=True))


def _write(handoff: Handoff, tasks: pl.DataFrame, out: Path, params: Any) -> Path:
    out.mkdir(parents=True)
    paths = handoff.write(tasks, out, params)
    there = {path for path in out.rglob("*") if path.is_file()}
    assert set(paths) == there, f"it returned {sorted(paths)}, and wrote {sorted(there)}"
    return out


def _assert_writes_the_same(
    handoff: Handoff, tasks: pl.DataFrame, folder: Path, params: Any
) -> None:
    first, again = (_bytes(_write(handoff, tasks, folder / name, params)) for name in ("1", "2"))
    assert first == again, "the same tasks gave other bytes"
    none = folder / "none"
    none.mkdir()
    assert handoff.write(tasks.clear(), none, params) == [], "no tasks gave files"


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _assert_keeps_secrets(out: Path) -> None:
    for name, data in _bytes(out).items():
        for column, secret in _SECRETS.items():
            assert secret.encode() not in data, f"{name} holds {column}"
        for word in (b'"gain', b'"arm', b'"source', b'"aspect'):
            assert word not in data, f"{name} holds {word.decode()}"


def _assert_shows(tasks: pl.DataFrame, seen: dict[str, Seen]) -> None:
    assert set(seen) == set(tasks["comparison_id"]), "the files hold other comparisons"
    for row in tasks.iter_rows(named=True):
        shown = seen[row["comparison_id"]]
        where = f"comparison {row['comparison_id']}"
        for side in ("first", "second", "question"):
            wanted = row[side].replace("\x00", _SHOWN_NUL)
            assert getattr(shown, side) == wanted, f"{where}: {side} is not shown as it is"
        for message in row["prompt"]:
            wanted = message["content"].replace("\x00", _SHOWN_NUL)
            assert wanted in shown.prompt, f"{where}: the prompt is not shown as it is"


def _assert_claims(handoff: Handoff, paths: Sequence[Path], *, answered: bool) -> None:
    """Check that files with answers are this tool's alone, and files without are nobody's."""
    tools = {name: plugin("handoff", name) for name in names("handoff")} | {handoff.name: handoff}
    for path in paths:
        claims = [name for name, tool in tools.items() if tool.is_answered(path)]
        wanted = [handoff.name] if answered else []
        assert claims == wanted, f"{path.name} is claimed by {claims or 'nobody'}"


def _assert_answers(read: pl.DataFrame, files: set[str]) -> None:
    assert read.schema == pl.Schema(ANSWERS), "the columns are not those of ANSWERS"
    is_submitted = pl.col("status") == "submitted"
    broken = read.filter(is_submitted != pl.col("choice").is_not_null())
    assert not broken.height, "a choice is null, or set where nothing was submitted"
    silent = read.filter((pl.col("status") == "unreadable") & pl.col("detail").is_null())
    assert not silent.height, "an unreadable answer does not say why"
    assert not read["answer_id"].null_count(), "an answer has no id"
    assert set(read["file"]) == files, "an answer does not say which file it is from"
    mails = read.filter(pl.any_horizontal(pl.col(pl.String).str.contains("@example.org")))
    assert not mails.height, "an e-mail address is kept"


def _assert_choices(
    read: pl.DataFrame, votes: Sequence[ScriptedVote], known_as: Callable[[str], str]
) -> None:
    said = newest(read)
    wanted: dict[tuple[str, str], ScriptedVote] = {}
    for vote in votes:
        key = (vote.comparison_id, known_as(vote.annotator))
        if key not in wanted or vote.edit >= wanted[key].edit:
            wanted[key] = vote
    assert set(said) == set(wanted), "answers are missing, or there are more than were given"
    for key, vote in wanted.items():
        choice = vote.choice if vote.status == "submitted" else None
        assert said[key] == (vote.status, choice), f"{key}: {said[key]} came back of {vote}"


def _assert_refuses_wrong_files(handoff: Handoff, folder: Path, params: Any) -> None:
    folder.mkdir()
    for name, data in _WRONG_FILES.items():
        path = folder / name
        path.write_bytes(data)
        assert not handoff.is_answered(path), f"{name} is claimed"
        error = _error_of(handoff, path, params)
        assert error is not None, f"{name}: no error"
        assert error.where, f"{name}: the error does not say where"
        assert error.fix, f"{name}: the error does not say what to do"


def _error_of(handoff: Handoff, path: Path, params: Any) -> DataError | None:
    try:
        handoff.read([path], params)
    except DataError as error:
        return error
    return None
