"""A trained policy as a plain checkpoint, which transformers, vLLM and llama.cpp's converter read: no value head, no critic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from transformers import GenerationConfig

from sandbox_rl.config import RunConfig
from sandbox_rl.decide.comparison import Comparison
from sandbox_rl.errors import UserError
from sandbox_rl.policy.loading import load_policy
from sandbox_rl.policy.model import Policy
from sandbox_rl.runs.run_folder import config_of, write_atomically


def export(run: Path, to: Path, *, merge: bool) -> Path:
    """Write the policy of a run (or of a policy's folder) to `to`; `merge`: an adapter is added to its base's weights.

    Raises `UserError` where there is no policy, or something is in `to`.
    """
    folder = run / "policy" if (run / "policy").is_dir() else run
    if not any((folder / name).exists() for name in ("config.json", "adapter_config.json")):
        raise UserError(f"{run} holds no policy; name the folder that `train` wrote, or one arm of a comparison's seed.")
    if to.exists() and any(to.iterdir()):
        raise UserError(f"{to} is not empty; name another folder.")
    config = config_of(folder.parent) if (folder.parent / "config.yaml").exists() else None
    policy = load_policy(folder, config.model if config else None)
    if merge and not policy.has_adapter:
        raise UserError(f"{folder} holds no adapter, so there is nothing to merge; leave --merge out.")
    policy.write_plain(to, merge=merge)
    _generation(policy, config).save_pretrained(to)
    write_atomically(to / "README.md", model_card(run, folder, config).encode())
    return to


def _generation(policy: Policy, config: RunConfig | None) -> GenerationConfig:
    """As the policy was trained and judged: plain sampling, ended by what ended its answers."""
    return GenerationConfig(
        do_sample=True, temperature=config.ppo.temperature if config else 1.0, top_k=0, top_p=1.0,
        eos_token_id=sorted(policy.chat.end_ids), pad_token_id=policy.tokenizer.pad_token_id,
    )  # type: ignore[no-untyped-call]  # fmt: skip


def model_card(run: Path, folder: Path, config: RunConfig | None) -> str:
    """What the checkpoint is: how it was trained, from what, and what a comparison that it belongs to found."""
    base, facts = _facts(folder.parent)
    header: dict[str, Any] = {"library_name": "transformers", "tags": ["sandbox-rl"]}
    if base and not Path(base).is_dir():
        header["base_model"] = base
    parts = [f"---\n{yaml.safe_dump(header)}---", f"# {config.title if config else folder.name}"]
    parts.append(f"A policy trained by sandbox-rl with rewards that are executed ({run.name}).")
    if facts:
        parts.append("\n".join(f"- {name}: {value}" for name, value in facts.items()))
    if found := _comparison(folder):
        rows = [f"| {a.name} | {a.pass_at_1.mean:.3f} | {a.pass_at_1.low:.3f} to {a.pass_at_1.high:.3f} |" for a in found.arms]
        head = f"pass@1 on {found.tasks} held-out tasks, seeds {', '.join(map(str, found.seeds))}:"
        parts += [head, "\n".join(["| arm | pass@1 | 95 % interval |", "|---|---|---|", *rows])]
        parts.append("\n".join(f"- {line}" for line in found.conclusion))
    if config:
        settings = yaml.safe_dump(config.model_dump(mode="json", exclude_defaults=True), sort_keys=False)
        parts += ["Settings that are not the defaults:", f"```yaml\n{settings}```"]
    return "\n\n".join(parts) + "\n"


def _facts(run: Path) -> tuple[str | None, dict[str, Any]]:
    """The base's name, and what the run's files say of it."""
    done, environment = (_read(run / name) for name in ("done.json", "environment.json"))
    names = ("best_step", "validation_pass_rate", "pairs", "steps", "model", "revision")
    facts = {name.replace("_", " "): done[name] for name in names if done.get(name) is not None}
    return environment.get("base"), facts | {name: environment[name] for name in ("sandbox_rl", "torch") if name in environment}


def _read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _comparison(folder: Path) -> Comparison | None:
    """The comparison that a policy belongs to: COMPARISON/seed-N/ARM/policy."""
    report = folder.resolve().parents[2] / "report.json" if len(folder.resolve().parents) > 2 else None
    return Comparison.model_validate_json(report.read_text()) if report and report.exists() else None
