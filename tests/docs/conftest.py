"""A desk to try the docs on: a folder, and the commands that a page tells to type there."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from typer.testing import CliRunner

import prefdata as pf
from prefdata.cli import app
from prefdata.recipes import load_recipe, shipped_recipes
from prefdata.testing.world import DEMO, write_world

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []

ROOT = Path(__file__).resolve().parents[2]

# Programs of every machine that the docs may use between our commands.
_SHELL = {
    "cat",
    "cp",
    "diff",
    "echo",
    "export",
    "head",
    "ls",
    "mkdir",
    "mv",
    "printf",
    "rm",
    "sort",
}
_SHELL |= {"sed", "tail", "test", "wc", "zcat"}
_SETTING = re.compile(r"^([A-Z_]+)=(.*)$")
_HEREDOC = re.compile(r"^cat > ?(\S+) <<'?(\w+)'?$")


@dataclass
class Desk:
    """One folder that every page finds as if it were the first: always at the same place.

    A workspace cannot be copied elsewhere, because its metadata hold absolute paths; it can be put
    back to where it was made.
    """

    place: Path
    kept: Path
    names: dict[str, Any] = field(default_factory=dict)
    """What the Python blocks of a page have defined so far."""

    def lay(self, kind: str) -> None:
        """Lay the desk anew: `empty`, with `raw` files, or with the workspace `demo` of them."""
        os.chdir(self.kept)
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        os.chdir(self.place)
        self.names.clear()
        home = self.kept / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        os.environ["HOME"] = str(home)
        os.environ.pop("PREFDATA_HOME", None)
        # What comes with the checkout, for `prefdata sql catalog/queries/…`.
        (self.place / "catalog").symlink_to(ROOT / "catalog")
        (self.place / "pipelines").symlink_to(ROOT / "pipelines")
        if kind == "empty":
            return
        (home / "downloads").symlink_to(self._raw())
        (self.place / "raw").symlink_to(home / "downloads")
        if kind == "demo":
            shutil.copytree(self._demo(), self.place, dirs_exist_ok=True)
        elif kind != "raw":
            message = f"there is no workspace {kind!r}: empty, raw or demo"
            raise ValueError(message)

    def _raw(self) -> Path:
        raw = self.kept / "raw"
        if not raw.exists():
            write_world(raw, DEMO)
        return raw

    def _demo(self) -> Path:
        """Return a copy of a workspace that was made on the desk: all sources, clean, and more."""
        kept = self.kept / "demo"
        if not kept.exists():
            pf.init(self.place)
            for source in DEMO.sources:
                pf.ingest(source, self._raw() / source, workspace=self.place)
            pf.run("deduplicate", workspace=self.place)
            pf.run("clean", workspace=self.place)
            keep = shutil.ignore_patterns("raw", "catalog", "pipelines")
            shutil.copytree(self.place, kept, ignore=keep)
        return kept

    def type(self, line: str) -> tuple[int, str]:
        """Type a line, and return the status and what is shown; `&&` and `|` as in a shell."""
        if match := _HEREDOC.match(line.partition("\n")[0]):
            text = line.partition("\n")[2].rsplit(match[2], 1)[0]
            Path(match[1]).write_text(text, encoding="utf-8")
            return 0, ""
        shown = ""
        for part in re.split(r"\s+&&\s+", line):
            status, said = self._pipe(part)
            shown += said
            if status:
                return status, shown
        return 0, shown

    def _pipe(self, line: str) -> tuple[int, str]:
        words = shlex.split(line, comments=True)
        words = [os.path.expanduser(word) for word in words]  # noqa: PTH111 - part of a word
        if match := _SETTING.match(words[0]):
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(match[1], match[2])
                return self._pipe(line.split(maxsplit=1)[1])
        if words[0] == "cd":
            os.chdir(words[1])
            return 0, ""
        if words[0] == "prefdata":
            cut = next((i for i, word in enumerate(words) if word in {"|", ">", ">>"}), None)
            status, shown = _ours(words[1:cut])
            if status or cut is None:
                return status, shown
            rest = line[re.search(r"\s(\||>>?)\s", line).end() :]  # type: ignore[union-attr]
            if words[cut] != "|":
                Path(rest.split()[0]).write_text(shown, encoding="utf-8")
                return 0, ""
            return self._shell(rest, shown)
        return self._shell(line, "")

    @staticmethod
    def _shell(line: str, given: str) -> tuple[int, str]:
        program = shlex.split(line, comments=True)[0]
        if program not in _SHELL:
            return 127, f"the test does not know {program!r}: say why it is not run"
        done = subprocess.run(  # noqa: S602 - our own docs
            line, shell=True, input=given, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def python(self, text: str) -> str:
        """Run Python as the page has it so far, and return what it prints."""
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            exec(compile(text, "<docs>", "exec"), self.names)  # noqa: S102 - our own docs
        return shown.getvalue()

    @staticmethod
    def refuse_unknown(words: list[str]) -> None:
        """Fail if a command that is not run names an option or an input that there is not."""
        command: Any = typer.main.get_command(app)
        rest = words
        while hasattr(command, "commands"):
            assert rest, f"no command in {words}"
            assert rest[0] in command.commands, f"there is no command {rest[0]!r}"
            command, rest = command.commands[rest[0]], rest[1:]
        known = {
            name: param for param in command.params for name in (*param.opts, *param.secondary_opts)
        }
        unknown = [
            word for word in rest if re.match(r"--?[a-z]", word) and word.split("=")[0] not in known
        ]
        assert not unknown, f"unknown options {unknown}"
        if command.name in {"run", "plan", "publish"} and rest and rest[0] in shipped_recipes():
            values = [after for word, after in itertools.pairwise(rest) if word == "--set"]
            load_recipe(rest[0], overrides=values)


def _ours(words: list[str]) -> tuple[int, str]:
    done = CliRunner().invoke(app, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


@pytest.fixture(scope="session")
def _desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("docs")
    (folder / "kept").mkdir()
    return Desk(folder / "desk", folder / "kept")


@pytest.fixture
def desk(_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return the desk; the folder and the environment of the process are put back afterwards."""
    before = Path.cwd()
    for name in ("HOME", "PREFDATA_HOME"):
        monkeypatch.setenv(name, os.environ[name])
    # Wide enough that no table of the docs is broken, whatever the terminal.
    monkeypatch.setenv("COLUMNS", "120")
    yield _desk
    os.chdir(before)
