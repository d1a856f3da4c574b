"""What a time was measured on, and how times are summed up."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

CPUINFO = Path("/proc/cpuinfo")
STATUS = Path("/proc/self/status")


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, system, and how busy it is now (the one-minute load)."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _cpu() -> str:
    if CPUINFO.is_file():
        for line in CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory_mb() -> dict[str, float]:
    """What this process holds now: memory of its own, and pages of mapped files, which the system may take back."""
    if not STATUS.is_file():
        return {"own": float("nan"), "mapped": float("nan")}
    lines = (line.partition(":") for line in STATUS.read_text(encoding="utf-8").splitlines())
    found = {key: int(value.split()[0]) * 1024 / 1e6 for key, _, value in lines if value.endswith("kB")}
    return {"own": found.get("RssAnon", 0.0), "mapped": found.get("RssFile", 0.0)}


def quantiles(milliseconds: Sequence[float]) -> dict[str, float | int]:
    """`n`, p50, p95 and the longest, rounded to hundredths."""
    p50, p95 = np.quantile(milliseconds, [0.5, 0.95]).tolist()
    return {"n": len(milliseconds), "p50": round(p50, 2), "p95": round(p95, 2), "max": round(max(milliseconds), 2)}


def describe(facts: dict[str, Any]) -> str:
    """The machine in a line."""
    return f"{facts['cpu']}, {facts['cores']} cores, {facts['system']}, Python {facts['python']}, load {facts['load']}"
