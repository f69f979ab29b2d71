"""What the docs tell to type can be typed: every command, query, recipe and line of Python.

A comment on the line before a block says what cannot be seen from it:

- ``<!-- workspace: demo -->``: from here on, the folder is a workspace of the world of
  `prefdata demo`, ingested, deduplicated and cleaned; ``raw``: its raw files are in ``raw/`` and
  ``~/downloads/``; ``empty``: nothing, as at the top of each page that does not say otherwise.
- ``<!-- skip: reason -->``: the block is not run; its commands and options must still exist.
- ``<!-- fails: 2 -->``: the last command ends with that status.
- ``<!-- file: name -->``: the block is that file.
- ``<!-- output -->``: what is shown must be there, line by line; … stands for anything.
"""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pydantic import ValidationError

from prefdata.recipes import load_recipe
from prefdata.registry import plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefdata.protocols import Params
    from prefdata.recipes import Recipe

__all__: list[str] = []

ROOT = Path(__file__).resolve().parents[2]
_PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
_FENCE = re.compile(r"^( *)(`{3,})\s*([\w-]*)")
_MARK = re.compile(r"^ *<!-- (workspace|skip|fails|file|output|yaml):? ?(.*?) ?-->$")
_COMMAND = re.compile(r"^(\$ |prefdata |make |pip |python -m |uv )")
_ANY = "…"
_STUB = "a value that the user gives"
_FEWEST_RUN = 0.6


@dataclass(frozen=True)
class Block:
    """A fenced block, and what the comments before it say."""

    line: int
    language: str
    text: str
    marks: dict[str, str]

    def commands(self) -> list[tuple[str, list[str]]]:
        """Return the commands that are typed, each with the lines that stand below it."""
        is_typed = self.language in {"bash", "sh", "shell"}
        if not is_typed and self.language not in {"", "console"}:
            return []
        found: list[tuple[str, list[str]]] = []
        lines = iter(self.text.splitlines())
        for line in lines:
            if not is_typed and not _COMMAND.match(line):
                if found:
                    found[-1][1].append(line)
                continue
            whole = line.removeprefix("$ ")
            while whole.endswith("\\"):
                whole = whole[:-1] + next(lines).strip().removeprefix("> ")
            if end := re.search(r"<<'?(\w+)'?$", whole):
                for more in lines:
                    whole += f"\n{more}"
                    if more.strip() == end[1]:
                        break
            if whole.strip() and not whole.startswith("#"):
                found.append((whole, []))
        return found


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    marks: dict[str, str] = {}
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        if mark := _MARK.match(line):
            marks[mark[1]] = mark[2]
        elif fence := _FENCE.match(line):
            inside = []
            for _, more in lines:
                if more.strip() == fence[2]:
                    break
                inside.append(more[len(fence[1]) :])
            yield Block(number, fence[3], "\n".join(inside), marks)
            marks = {}
        elif line.strip():
            # A workspace may be named at the top of a page, all else right before its block.
            marks = {key: value for key, value in marks.items() if key == "workspace"}


def _kind(block: Block, line: str = "") -> str:
    """Return what is done with a command or block: it is run, checked or skipped."""
    if "skip" in block.marks:
        return "skipped"
    return "checked" if re.match(r"(make|pip|python -m|uv) ", line) else "run"


def _units(page: Path) -> Iterator[tuple[Block, str, list[str]]]:
    """Yield what is to be done on a page: commands, and blocks as a whole."""
    for block in blocks(page):
        if commands := block.commands():
            yield from ((block, line, shown) for line, shown in commands)
        else:
            yield block, "", []


_WITH_BLOCKS = [page for page in _PAGES if any(True for _ in blocks(page))]


@pytest.mark.parametrize(
    "page", _WITH_BLOCKS, ids=[page.relative_to(ROOT).as_posix() for page in _WITH_BLOCKS]
)
def test_what_a_page_tells_to_do_can_be_done(page: Path, desk: Any) -> None:
    is_laid = False
    shown = ""
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        if "workspace" in block.marks or not is_laid:
            desk.lay(block.marks.get("workspace", "empty"))
            is_laid = True
        if name := block.marks.get("file"):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(block.text + "\n", encoding="utf-8")
        try:
            if commands := block.commands():
                shown = _type(desk, block, commands)
            elif "output" in block.marks:
                _compare(block.text.splitlines(), shown)
            elif "skip" not in block.marks:
                shown = _whole(desk, block)
        except AssertionError as error:
            error.add_note(where)
            raise
        except Exception as error:
            error.add_note(f"{where}: {block.text[:300]}")
            raise


def _type(desk: Any, block: Block, commands: list[tuple[str, list[str]]]) -> str:
    """Type the commands of a block; return what the last one shows."""
    shown = ""
    for at, (line, below) in enumerate(commands, start=1):
        if _kind(block, line) != "run":
            _check(desk, line)
            continue
        wanted = int(block.marks.get("fails", 0)) if at == len(commands) else 0
        status, shown = desk.type(line)
        assert status == wanted, f"{line}\nstatus {status}, not {wanted}\n{shown}"
        if "output" in block.marks:
            _compare(below, shown)
    return shown


def _check(desk: Any, line: str) -> None:
    """Fail if a command that is not run cannot be right."""
    words = shlex.split(line, comments=True)
    if words[0] == "prefdata":
        desk.refuse_unknown(words[1:])
    elif words[0] == "make":
        targets = (ROOT / "Makefile").read_text(encoding="utf-8")
        goal = next(word for word in words[1:] if "=" not in word)
        assert re.search(rf"^{goal}:", targets, re.MULTILINE), f"there is no target {goal}"
    elif words[:2] == ["python", "-m"] and words[2].split(".")[0] in {"benchmarks", "prefdata"}:
        module = ROOT / words[2].replace(".", "/")
        assert module.is_dir() or module.with_suffix(".py").is_file(), f"no module {words[2]}"
    elif words[0] == "pip":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = set(project["optional-dependencies"])
        named = re.findall(r"(?:prefdata|\.)\[([\w,]+)\]", line)
        assert {extra for group in named for extra in group.split(",")} <= extras


def _whole(desk: Any, block: Block) -> str:
    """Run or read a block that holds no commands; return what it shows."""
    if block.language == "python":
        return str(desk.python(block.text))
    if block.language == "sql":
        return "".join(_ask(desk, query) for query in _queries(block.text))
    if block.language in {"json", "jsonl"}:
        for line in [block.text] if block.language == "json" else block.text.splitlines():
            _read_json(line)
    if block.language in {"yaml", "yml"}:
        for part in yaml.safe_load_all(block.text):
            _validate(part)
    return ""


def _read_json(text: str) -> None:
    """Read one value, or one in each line."""
    try:
        json.loads(text)
    except json.JSONDecodeError:
        for line in text.splitlines():
            json.loads(line)


def _queries(text: str) -> list[str]:
    """Return the statements of a block: they end with a semicolon at the end of a line."""
    bare = re.sub(r"--[^\n]*", "", text)
    return [part for part in re.split(r";\s*(?:\n|$)", bare) if part.strip()]


def _ask(desk: Any, query: str) -> str:
    status, shown = desk.type(f"prefdata sql {shlex.quote(query.strip())}")
    assert status == 0, f"{query}\n{shown}"
    return str(shown)


def _validate(part: Any) -> None:
    """Validate what is a recipe, or steps of one; other files are read by a command."""
    if isinstance(part, list) and part and all(_is_step(step) for step in part):
        part = {"steps": part}
    if not isinstance(part, dict) or "steps" not in part:
        return
    text = yaml.safe_dump({"name": "docs", **part})
    inputs = dict.fromkeys(re.findall(r"\$([a-z][a-z0-9_]*)", text), _STUB)
    whole = {"name": "docs", **part}
    whole["inputs"] = {
        **inputs,
        **{k: v for k, v in part.get("inputs", {}).items() if v is not None},
    }
    file = Path("docs-recipe.yaml")
    file.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    _validate_params(load_recipe(file))
    file.unlink()


def _is_step(step: Any) -> bool:
    return isinstance(step, str) or (isinstance(step, dict) and "stage" in step)


def _validate_params(recipe: Recipe) -> None:
    for step in recipe.steps:
        for params in (step.params, *step.per_source.values()):
            _fits(plugin("stage", step.stage).params, {**step.params, **params})
    for export in recipe.exports:
        _fits(plugin("exporter", export.exporter).params, export.params)
    for report in recipe.reports:
        _fits(plugin("report", report.of).params, report.params)


def _fits(model: type[Params], params: dict[str, Any]) -> None:
    """Validate parameters, those aside that only the user of a recipe knows."""
    try:
        model.model_validate(params)
    except ValidationError as error:
        wrong = [each for each in error.errors() if _STUB not in str(each["input"])]
        assert not wrong, wrong


def _compare(wanted: list[str], shown: str) -> None:
    """Fail unless the lines stand in what was shown, in this order."""
    lines = iter(" ".join(line.split()) for line in shown.splitlines())
    for line in wanted:
        words = " ".join(line.split())
        if words.strip(f"{_ANY}─- "):
            pattern = re.escape(words).replace(re.escape(_ANY), ".*")
            # How long it took is another story on another machine.
            pattern = re.sub(r"[\d\\.,]+\\ (s|ms|min)\b", r"[\\d.,]+ \1", pattern)
            assert any(re.fullmatch(pattern, each) for each in lines), f"{line!r} not in\n{shown}"


def test_most_of_what_the_docs_tell_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = {"run": 0, "checked": 0, "skipped": 0}
    reasons: dict[str, int] = {}
    for page in _WITH_BLOCKS:
        for block, line, _ in _units(page):
            if line or block.language in {"python", "sql", "yaml"}:
                kind = _kind(block, line)
                kinds[kind] += 1
                if kind == "skipped":
                    reason = block.marks["skip"]
                    reasons[reason] = reasons.get(reason, 0) + 1
    n = sum(kinds.values())
    with capsys.disabled():
        print(f"\ndocs: {kinds['run']} of {n} commands and blocks are run, {kinds}; {reasons}")  # noqa: T201
    assert "" not in reasons, "a reason is missing"
    assert kinds["run"] / (kinds["run"] + kinds["skipped"]) >= _FEWEST_RUN
