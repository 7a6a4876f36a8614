"""`sandbox-rl export`: a trained policy for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sandbox_rl.cli.options import said


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a run of `train`, of one arm of a comparison's seed, or of a policy.")],
    to: Annotated[Path, typer.Option(help="Folder of the checkpoint to write.")],
    merge: Annotated[bool, typer.Option("--merge", help="Add an adapter to its base's weights.")] = False,
) -> None:
    """Write a plain checkpoint with a model card, which transformers, vLLM and llama.cpp's converter read."""
    from sandbox_rl.decide.export import export as write

    said(write(run, to, merge=merge))
