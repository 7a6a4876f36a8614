"""What a run ran on, kept with its figures."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
import transformers


def environment() -> dict[str, Any]:
    """Machine, versions, and the commit where this package runs from its repository."""
    return {
        "machine": platform.platform(), "cpus": len(os.sched_getaffinity(0)), "python": sys.version.split()[0],
        "sandbox_rl": importlib.metadata.version("sandbox-rl"), "commit": _commit(),
        "torch": torch.__version__, "transformers": transformers.__version__,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }  # fmt: skip


def _commit() -> str | None:
    """None for an installed copy: the repository that its folder may lie in is someone else's."""
    here = Path(__file__)
    git = ["git", "-C", str(here.parent)]
    try:
        subprocess.run([*git, "ls-files", "--error-unmatch", here.name], check=True, capture_output=True)
        describe = [*git, "describe", "--always", "--dirty", "--exclude=*"]
        said = subprocess.run(describe, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.stdout.strip()
