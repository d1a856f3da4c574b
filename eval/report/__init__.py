"""A run as one self-contained page, and as tables for other programs."""

from eval.report.page import write_report

__all__ = ["write_report"]
