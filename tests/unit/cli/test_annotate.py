"""The commands around annotation tools: tasks out, answers in, how far it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from prefdata.catalog import Catalog
from prefdata.testing.labelling import put_plan

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Run

__all__: list[str] = []


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a plan."""
    root = tmp_path_factory.mktemp("annotate") / "w"
    put_plan(Catalog.create(root), n=6, n_batches=1)
    return root


def test_the_loop_is_told_in_lines_of_80_and_in_json(run: Run, place: Path, tmp_path: Path) -> None:
    where = ("-w", place)
    dry = run("annotate", "export", "--as", "csv", *where, "--budget", "1.5", "--dry-run")
    assert dry.status == 0
    assert "4 tasks, 8 judgments for 2.00 EUR" in dry.stdout
    assert "after it 0.50 are missing of the budget of 1.50" in dry.stdout
    assert dry.stdout.endswith("dry run: nothing was reserved or written\n")
    refused = run("annotate", "export", "--as", "csv", *where, "--budget", "1.5")
    assert (refused.status, refused.stdout) == (4, "")
    assert refused.stderr.startswith("error[budget]: The batch asks for 8 judgments at 2.00 EUR")
    sent = run("annotate", "export", "--as", "csv", *where, "--budget", "2", "--to", tmp_path / "o")
    lines = sent.stdout.splitlines()
    assert str(tmp_path / "o" / "sheet-1.csv") in lines
    again = run("annotate", "export", "--as", "csv", *where, "--batch", "0", "--json")
    assert json.loads(again.stdout)["is_again"] is True
    rows = pl.read_csv(tmp_path / "o" / "sheet-1.csv")
    words = pl.Series(["a_much", "skip", "tie", None], dtype=pl.String)
    rows.with_columns(choice=words, annotator=pl.lit("ann")).write_csv(tmp_path / "ann.csv")
    came = run("annotate", "import", tmp_path / "ann.csv", *where, "--expert", "ann")
    assert came.status == 0, came.stderr
    assert came.stdout.startswith("1 file: ")
    assert "settled now: 2 done, 0 failed, 1 refunded" in came.stdout
    known = run("annotate", "import", tmp_path / "ann.csv", *where, "--json")
    told = json.loads(known.stdout)
    assert (told["known_files"], told["judgments"], told["settled"]["done"]) == (1, 2, 0)
    assert told["rejected"]["skipped"] == 1
    state = run("annotate", "status", *where)
    assert ", batch 0: out at csv" in state.stdout
    assert "  reserved 2.00, done 0.50, refunded 0.25, left 1.25 EUR" in state.stdout
    shown = [*lines, *(line for one in (dry, came, state) for line in one.stdout.splitlines())]
    assert all(len(line) <= 80 or line.startswith(str(tmp_path)) for line in shown)
    [batch] = map(json.loads, run("annotate", "status", *where, "--json").stdout.splitlines())
    assert (batch["back"], batch["asked"], batch["left"]) == (2, 8, 1.25)


def test_answers_to_nothing_of_ours_are_told(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "w"
    put_plan(Catalog.create(root), n=3)
    assert run("annotate", "status", "-w", root).stdout.startswith("plan ")
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("comparison_id,plan_id,choice,annotator,is_swapped\nx,y,a_much,ann,false\n")
    assert run("annotate", "import", foreign, "-w", root, "--as", "csv").status == 0
    assert "answers to no task of ours: foreign 1" in run("annotate", "status", "-w", root).stdout


def test_nothing_is_told_as_such(run: Run, tmp_path: Path) -> None:
    Catalog.create(tmp_path / "w")
    state = run("annotate", "status", "-w", tmp_path / "w")
    assert (state.status, state.stdout) == (0, "")
    assert "nothing is planned" in state.stderr


def test_tools_and_their_parameters_are_listed(run: Run) -> None:
    listed = run("annotate", "export", "--list", "--json")
    tools = {json.loads(line)["tool"] for line in listed.stdout.splitlines()}
    assert {"argilla", "csv", "label-studio"} <= tools
    assert "separator" in run("annotate", "export", "--as", "csv", "--list").stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("export",), "A hand-off needs a tool"),
        (("export", "--as", "argila"), "Did you mean 'argilla'?"),
        (("export", "--as", "csv", "--step", "rout"), "Did you mean 'route'?"),
        (("export", "--as", "csv", "--set", "separater=;"), "Did you mean 'separator'?"),
        (("import", "nowhere.csv"), "There is no such file"),
    ],
)
def test_a_wrong_command_is_answered_with_what_to_do(
    run: Run, place: Path, args: tuple[str, ...], says: str
) -> None:
    done = run("annotate", *args, "-w", place)
    assert (done.status, done.stdout) == (2, "")
    assert says in done.stderr
