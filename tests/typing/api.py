"""What users write; it is never run, but must pass the type checker as it stands."""

from __future__ import annotations

from pathlib import Path

import prefdata as pf

__all__: list[str] = []


def build(raw: Path) -> str:
    """Make a workspace, fill it, clean it, and write what a trainer reads."""
    catalog = pf.init("workspace")
    told: list[str] = []
    done = pf.ingest(
        "trl",
        raw,
        workspace=Path("workspace"),
        params={"name": "mine"},
        max_rejects=0.01,
        is_offline=True,
        report=lambda event: told.append(repr(event)),
    )
    n_rows: int = done.rows_in + done.rejected
    assert n_rows == sum(catalog.sql("SELECT count(*) FROM judgments").fetchall()[0])
    for step in pf.plan("clean", workspace="workspace", overrides=["seed=1"]):
        status: str = step.status
        told.append(f"{step.step}: {status}")
    for line in pf.price("rationales", overrides=["writer=m", "judge=none"]):
        cost: float | None = line.cost
        told.append(f"{line.purpose}: {line.n_requests} requests, {cost}")
    run = pf.run("clean", workspace="workspace", overrides=("seed=1",))
    written = pf.export("trl", "out", ref=run.snapshot.name, decisions="select-pairs")
    sent = pf.publish("publish", "org/name", overrides=["title=T"], is_dry=True, is_strict=True)
    told += [f"{finding.code}: {finding.fix}" for finding in sent.findings]
    made = pf.report("displacement", "page", sources=["mine"], params={"k": 5})
    told.append(f"{made.rows} in {made.folder / 'index.html'}: {made.summary}")
    digests: dict[str, str] = dict(written.digests) | made.digests
    return digests["train.jsonl"]


def look() -> list[str]:
    """Query the catalog and hold it against its contracts."""
    catalog = pf.open()
    frame = catalog.sql("SELECT * FROM pair_summary", at="#1").pl()
    held = pf.validate(sample=100, tables=["pairs"], docs="docs")
    failed = [str(check.as_row()["rule"]) for check in held.results if check.is_passed is False]
    return [*frame.columns, *failed, pf.__version__]


def compare() -> list[str]:
    """Search by a sentence, by meaning or by wording."""
    done = pf.embed(["prompts"], model="lexical", prompt_view="last", workspace="workspace")
    n_rows: int = done.steps[0].rows_out
    found = pf.search("pick a lock", within="pairs", where="source = 'mine'", k=5)
    best = found.hits[0]
    opposite = [hit.id for hit in pf.alike(best.id, k=3).hits if hit.score < 0]
    score: float = best.score
    frame = found.pl()
    return [best.text, *opposite, *best.pairs, f"{score:.2f} of {n_rows}", *frame["id"]]


def label(answered: Path) -> list[str]:
    """Hand a batch of a plan off, take the answers back, and see what is still out."""
    sent = pf.hand_off("csv", "out", batch=0, budget=250.0, params={}, is_dry=True)
    price: float = sent.cost
    back = pf.take_back([answered], tool="csv", experts=["ann"], workspace="workspace")
    left: float = sum(batch.left for batch in pf.label_status())
    freed: float = pf.close_batch(0, plan="3fb2").cost
    reasons: dict[str, int] = back.rejected
    told = f"{sent.n_votes} for {price} {sent.currency}, {back.settled['done']} done, {left} left"
    told += f", {freed} free"
    return [told, *sent.digests, *reasons, back.run.snapshot.name]
