"""The report of a run: one HTML file with its charts inside, which opens offline."""

from clv.evaluation.report.findings import Findings
from clv.evaluation.report.page import render

__all__ = ["Findings", "render"]
