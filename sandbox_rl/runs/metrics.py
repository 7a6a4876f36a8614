"""Metrics as a run wrote them, also a run of before its numbers had the field's names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RENAMED = {
    "moved": "approx_kl", "gradient_norm": "grad_norm", "answer_tokens": "response_length", "unfinished": "truncated_fraction",
    "chosen_moved": "chosen_log_ratio", "rejected_moved": "rejected_log_ratio",
}  # fmt: skip
"""What metrics were called until version 0.1, and are called now."""


def renamed(metrics: dict[str, Any]) -> dict[str, Any]:
    """A line of metrics by its names of now."""
    return {RENAMED.get(name, name): value for name, value in metrics.items()}


def read_metrics(file: Path) -> list[dict[str, Any]]:
    """The lines of a metrics.jsonl; none where there is no such file."""
    return [renamed(json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []
