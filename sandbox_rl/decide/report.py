"""The report: one page that needs no network, the same in Markdown, and the figures as JSON."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Literal

import jinja2
from markupsafe import Markup

from sandbox_rl.decide.comparison import Comparison, checkpoints
from sandbox_rl.numerics.calibration import HeldOut
from sandbox_rl.runs.run_folder import write_atomically

COLOURS = {"base": "#767676", "dpo": "#0072B2", "ppo": "#D55E00", "ppo_learned": "#009E73"}
"""Okabe and Ito's palette, told apart by colour-blind readers too."""
PPO_ARMS = ("ppo", "ppo_learned")


def write_report(comparison: Comparison, folder: Path) -> Path:
    """Write report.json, report.md and report.html; gives the page's path."""
    pages = _pages()
    plots = {
        "arms": plot_arms(comparison),
        "reward": plot_curve(comparison, ["ppo"], "pass_rate", "pass rate of training answers"),
        "validation": plot_curve(comparison, COLOURS, "validation_pass_rate", "validation pass rate"),
        "kl": plot_curve(comparison, PPO_ARMS, "kl", "KL to base (nats)"),
    }
    if comparison.scorers:
        plots |= {
            "proxy": plot_proxy(comparison, "step", "step"),
            "over_optimisation": plot_proxy(comparison, "distance", "√KL to base (√nats)"),
            "reliability": plot_reliability(comparison.scorers),
        }
    html = pages.get_template("report.html").render(c=comparison, plots=plots, colours=COLOURS)
    markdown = pages.get_template("report.md").render(c=comparison, fence=fence, checkpoints=checkpoints)
    write_atomically(folder / "report.json", comparison.model_dump_json(indent=1).encode())
    write_atomically(folder / "report.md", markdown.encode())
    write_atomically(folder / "report.html", html.encode())
    return folder / "report.html"


def write_scorer_report(figures: HeldOut, folder: Path) -> Path:
    """A reward model's page; gives its path."""
    html = _pages().get_template("scorer.html").render(scorers=[figures], plot=plot_reliability([figures]))
    write_atomically(folder / "report.html", html.encode())
    return folder / "report.html"


def _pages() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("sandbox_rl.decide"),
        autoescape=jinja2.select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )


def load_report(folder: Path) -> Comparison:
    return Comparison.model_validate_json((folder / "report.json").read_text())


def fence(text: str) -> str:
    """`text` as a Markdown code block that nothing in it can close."""
    ticks = "```"
    while ticks in text:
        ticks += "`"
    return f"{ticks}python\n{text}\n{ticks}"


def plot_arms(comparison: Comparison) -> Markup:
    """pass@1 of each arm with its interval, and each seed as a dot."""
    figure, axes = _figure(1.9)
    for row, arm in enumerate(reversed(comparison.arms)):
        colour, value = COLOURS[arm.name], arm.pass_at_1
        axes.plot([value.low, value.high], [row, row], color=colour, linewidth=6, alpha=0.35, solid_capstyle="round")
        axes.plot(arm.per_seed, [row] * len(arm.per_seed), "o", color=colour, markersize=4, alpha=0.7)
        axes.plot([value.mean], [row], "D", color=colour, markersize=7)
        axes.annotate(
            f"{value.mean:.3f}",
            (value.mean, row),
            xytext=(0, 9),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    axes.set_yticks(range(len(comparison.arms)), [arm.name for arm in reversed(comparison.arms)])
    axes.set_ylim(-0.6, len(comparison.arms) - 0.3)
    axes.set_xlim(0, 1)
    axes.set_xlabel("pass@1 on held-out tasks, with 95 % interval")
    return _svg(figure)


def plot_curve(comparison: Comparison, arms: Collection[str], key: str, label: str) -> Markup:
    """One line a seed over the share of training done, for each of `arms` that there is; dots where settings were changed."""
    figure, axes = _figure(2.6)
    for name, seeds in comparison.curves.items():
        if name in arms:
            for number, lines in enumerate(seeds):
                points = [(line["step"] / lines[-1]["step"], line[key]) for line in lines if line.get(key) is not None]
                for line in lines:
                    if line.get("changed"):
                        axes.axvline(line["step"] / lines[-1]["step"], color=COLOURS[name], linewidth=1, linestyle=":")
                marker = "o" if key.startswith("validation") else None
                axes.plot(*zip(*points, strict=True), color=COLOURS[name], marker=marker, markersize=4, alpha=0.8,
                          label=name if number == 0 else None)  # fmt: skip
    axes.set_xlabel("share of training")
    axes.set_ylabel(label)
    axes.legend(frameon=False)
    return _svg(figure)


def plot_proxy(comparison: Comparison, across: Literal["step", "distance"], label: str) -> Markup:
    """Executed pass rate (solid, left) of both PPO arms and proxy reward (dashed, right) of the learned one, on the same
    validation answers, one line a seed; against KL as in Gao et al. 2022 (arXiv:2210.10760, figure 1)."""
    figure, axes = _figure(3.0)
    right = axes.twinx()
    right.spines[["top"]].set_visible(False)
    drawn = [(axes, "ppo", "executed", "executed reward: pass rate", "o-"),
             (axes, "ppo_learned", "executed", "learned reward: pass rate", "o-"),
             (right, "ppo_learned", "proxy", "learned reward: proxy", "s--")]  # fmt: skip
    for place, arm, key, name, style in drawn:
        for number, seed in enumerate(checkpoints(comparison.curves, arm)):
            points = [(getattr(point, across), getattr(point, key)) for point in seed]
            place.plot(*zip(*points, strict=True), style, color=COLOURS[arm], markersize=4, alpha=0.8,
                       label=name if number == 0 else None)  # fmt: skip
    axes.set_xlabel(label)
    axes.set_ylabel("executed pass rate")
    right.set_ylabel("proxy reward (deviations)")
    figure.legend(frameon=False, fontsize=8, ncols=3, loc="outside upper center")
    return _svg(figure)


def plot_reliability(scorers: Sequence[HeldOut]) -> Markup:
    """How often reward models are right against how sure they are, one line a model; marks are as large as their bins."""
    figure, axes = _figure(2.6)
    axes.plot([0.5, 1], [0.5, 1], color="#767676", linewidth=1, linestyle=":")
    for scorer in scorers:
        sure, right, size = zip(*[(bin.sure, bin.right, 20 + 200 * bin.share) for bin in scorer.reliability], strict=True)
        axes.plot(sure, right, color=COLOURS["ppo_learned"], alpha=0.8)
        axes.scatter(sure, right, size, color=COLOURS["ppo_learned"], alpha=0.5)
    axes.set_xlabel("how sure of the better answer")
    axes.set_ylabel("how often right")
    return _svg(figure)


def _figure(height: float) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return figure, axes


def _svg(figure: Any) -> Markup:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True)
    text = buffer.getvalue()
    return Markup(text[text.index("<svg") :])
