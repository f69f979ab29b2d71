"""Files that people write: recipes, settings of a workspace, cards, constitutions, lists."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import yaml

from prefdata.catalog.workspace import SETTINGS, Workspace
from prefdata.constitution.document.reading import read_document
from prefdata.core.errors import DataError, RecipeError, UnknownNameError, UserError, WorkspaceError
from prefdata.core.shipped import shipped_folder
from prefdata.core.strict_yaml import load_strict
from prefdata.fetch.cards import load_card
from prefdata.privacy.removals import read_removals
from prefdata.publishing.card.existing import Owned, begin_mark, end_mark, read_card
from prefdata.recipes import load_recipe, shipped_recipes
from tests.fuzz.damage import damage_text
from tests.fuzz.targets import Broken, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from prefdata.core.errors import PrefdataError

__all__ = ["YAML_WORDS", "family"]

YAML_WORDS = tuple(
    word.encode()
    for word in (
        "\n  ",
        "\n- ",
        ": ",
        "- ",
        "? ",
        "<<: ",
        "<<: *a",
        "&a ",
        "*a",
        "&a [*a]",
        "{",
        "}",
        "[",
        "[" * 300,
        "[[",
        "]",
        "- " * 300,
        "|\n",
        ">-\n",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "!!binary ",
        "!!bool ",
        "!!float ",
        "!!int ",
        "!!map ",
        "!!merge ",
        "!!null ",
        "!!omap ",
        "!!pairs ",
        "!!set ",
        "!!timestamp ",
        "!!python/name:os.system ",
        "!x ",
        "=",
        "~",
        "null",
        "true",
        "0x",
        "0b",
        "0o7",
        "1_0",
        "1:60",
        "-",
        ".inf",
        ".nan",
        "1e999",
        "9" * 5000,
        "2024-02-30",
        "0001-01-01 00:00:00 +23:59",
        "9999-12-31T23:59:59-23:59",
        "''",
        '"\\ud800"',
        '"\\x00"',
        "$model",
        "$x",
        "\t",
        "\x00",
        "\x85",
        "\u2028",
        "\ufeff",
        "#",
        "name",
        "steps",
        "stage",
        "params",
        "inputs",
        "make-pairs",
        "../..",
        "",
    )
)
_TOML_WORDS = tuple(
    word.encode()
    for word in (
        "[catalog]\n",
        "[[catalog]]\n",
        "[",
        "]",
        "=",
        '"""',
        "'''",
        '"',
        "uri",
        "warehouse",
        "catalog",
        "\\ud800",
        "\\u0000",
        '"\\u0000"',
        "{",
        "[" * 500,
        "a." * 1200,
        "inf",
        "9" * 5000,
        "1979-05-27T07:32:00Z",
        "0001-01-01T00:00:00+23:59",
        "true",
        "sqlite:///",
        "..",
        "\n",
        "\r",
        "\x00",
        "#",
    )
)
_GUIDED = (
    "prefdata.catalog.workspace",
    "prefdata.constitution.document",
    "prefdata.core",
    "prefdata.fetch.cards",
    "prefdata.privacy.removals",
    "prefdata.publishing.card",
    "prefdata.recipes",
)
_PLACE = re.compile(r":\d+")
_HEAD = b"name: x\nsteps: [flag-quality, {stage: make-pairs, params: {tie_band: 5}}]\n"


def family() -> Iterator[Target]:
    """Yield a target for each reader."""
    recipes = [path.read_bytes() for path in shipped_recipes().values()]
    overrides = [
        b"seed=7",
        b"make-pairs.params.tie_band=5",
        b"flag-quality.name=q",
        b"sources=[a, b]",
    ]
    cards = [
        path.read_bytes() for path in sorted((shipped_folder("catalog") / "sources").glob("*.yaml"))
    ]
    principles = [
        b"- Select the response that is shorter.\n- Select the response that is right.\n",
        b"principles:\n  - sentence: Be shorter.\n    weight: 0.5\nsource: hh-rlhf\n",
    ]
    pages = [
        b"---\nlicense: mit\ntags: [a]\n# kept\nconfigs:\n- config_name: x\n---\nText.\n",
        f"---\n{{a: 1}}\n---\n{begin_mark(Owned(('a',)))}\nours\n{end_mark()}\nafter\n".encode(),
    ]
    yield _target("recipe", _recipe, recipes, "a RecipeError or UnknownNameError with file:line")
    yield _target("recipe-set", _override, overrides, "a UserError that names --set or file:line")
    yield _target("workspace", _workspace, [_SETTINGS], "a WorkspaceError with the file", _TOML)
    yield _target("source-card", _card, cards, "a DataError with the file")
    yield _target("strict-yaml", _strict, [*principles, *pages[:1]], "a value or a YAMLError")
    yield _target("constitution-file", _document, principles, "a UserError with the file")
    yield _target("published-card", _page, pages, "a DataError, or all that is not ours is kept")
    removals = [
        b"\x00- {subject: prompts, id: 'hh-rlhf:1', reason: asked}\n",
        b'\x01{"subject": "annotators", "id": "a"}\n',
        b"\x02subject,id\nprompts,a\n",
    ]
    yield _target("removals", _removals, removals, "a UserError with the file")


_SETTINGS = b'[catalog]\nuri = "sqlite:///catalog.db"\nwarehouse = "warehouse"\n'
_TOML = _TOML_WORDS


def _target(
    name: str,
    check: Callable[[Path, bytes], None],
    seeds: Sequence[bytes],
    promise: str,
    words: Sequence[bytes] = YAML_WORDS,
) -> Target:
    return Target(
        name=name,
        open=lambda folder: functools.partial(check, folder),
        seeds=seeds,
        damage=functools.partial(damage_text, words=words, seeds=seeds),
        guided=_GUIDED,
        promise=promise,
    )


def _recipe(folder: Path, data: bytes) -> None:
    path = folder / "recipe.yaml"
    path.write_bytes(data)
    try:
        recipe = load_recipe(path)
    except (RecipeError, UnknownNameError) as error:
        _names(error, path)
        if not _PLACE.search(str(error.where).removeprefix(str(path))):
            message = f"the error does not say which line: {error}"
            raise Broken(message) from error
        return
    # What was read can be written into the ledger of a run.
    recipe.model_dump_json(by_alias=True)


def _override(folder: Path, data: bytes) -> None:
    path = folder / "recipe.yaml"
    path.write_bytes(_HEAD)
    try:
        # As the command line hands over bytes that are no text.
        load_recipe(path, overrides=[data.decode("utf-8", "surrogateescape")])
    except (RecipeError, UnknownNameError) as error:
        if not error.fix or not ("--set" in str(error.where) or str(path) in str(error.where)):
            message = f"the error does not say what was set wrong: {error}"
            raise Broken(message) from error


def _workspace(folder: Path, data: bytes) -> None:
    (folder / SETTINGS).write_bytes(data)
    before = sorted(folder.iterdir())
    try:
        found = Workspace.find(folder)
    except WorkspaceError as error:
        _names(error, folder / SETTINGS)
    else:
        if "\0" in f"{found.warehouse}{found.uri}":
            message = f"no folder has that name: {found}"
            raise Broken(message)
    if sorted(folder.iterdir()) != before:
        message = "reading settings wrote files"
        raise Broken(message)


def _card(folder: Path, data: bytes) -> None:
    path = folder / "hh-rlhf.yaml"
    path.write_bytes(data)
    try:
        load_card(path).model_dump_json()
    except DataError as error:
        _names(error, path)


def _strict(folder: Path, data: bytes) -> None:
    del folder
    try:
        load_strict(data.decode(errors="replace"))
    except yaml.YAMLError:
        return


def _document(folder: Path, data: bytes) -> None:
    path = folder / "constitution.yaml"
    path.write_bytes(data)
    try:
        read_document(path).model_dump_json()
    except UserError as error:
        _names(error, path)


def _page(folder: Path, data: bytes) -> None:
    del folder
    text = data.decode(errors="replace")
    try:
        found = read_card(text)
    except DataError as error:
        if not error.fix:
            raise Broken(str(error)) from error
        return
    shown = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not all(part in shown for part in (found.before, found.after)):
        message = "text of other people is changed"
        raise Broken(message)
    keys: list[Any] = [key for key, _ in found.blocks]
    if len(keys) != len(found.values):
        message = f"{len(keys)} keys are kept of {len(found.values)}"
        raise Broken(message)


def _removals(folder: Path, data: bytes) -> None:
    endings = ("yaml", "jsonl", "csv")
    path = folder / f"removals.{endings[data[0] % 3 if data else 0]}"
    path.write_bytes(data[1:])
    try:
        read_removals(path)
    except UserError as error:
        _names(error, path)


def _names(error: PrefdataError, path: Path) -> None:
    if not error.fix or not str(error.where).startswith((str(path), str(path.parent))):
        message = f"the error does not name {path.name}, or what to do: {error}"
        raise Broken(message) from error
