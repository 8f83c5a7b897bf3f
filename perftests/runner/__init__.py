"""unittest's side: which tests run, in which order and processes, and what each came to."""

from .runner import PerformanceTestRunner

__all__ = ["PerformanceTestRunner"]
