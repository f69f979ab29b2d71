"""Plan, execute, resume, report. The runner knows plugins by name only."""

from __future__ import annotations

from prefdata.runner.decisions import decisions
from prefdata.runner.export import export_pairs
from prefdata.runner.ingest import IngestResult, ingest
from prefdata.runner.plan import PlannedStep, plan
from prefdata.runner.price import price
from prefdata.runner.rebuild import rebuild
from prefdata.runner.report import ReportResult, make_report
from prefdata.runner.run import RunResult, StepSummary, run
from prefdata.runner.why import Why, why

__all__ = [
    "IngestResult",
    "PlannedStep",
    "ReportResult",
    "RunResult",
    "StepSummary",
    "Why",
    "decisions",
    "export_pairs",
    "ingest",
    "make_report",
    "plan",
    "price",
    "rebuild",
    "run",
    "why",
]
