"""How a family of models is read: which of its modules gives the states that its logits are made of, and whether our own loop may
sample from it. Nothing is known by a family's name: all is found by asking the model itself for a few tokens.

Whatever a model does between its trunk and its logits (a scale, a cap, another layer) is its own: `logits` runs the model's own
forward pass with the trunk's states given. What is covered: any causal LM of transformers whose logits are a function of one
module's states. What is not, is refused: a model that looks ahead, or that gives other logits beside others than alone.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sandbox_rl.errors import UserError
from sandbox_rl.policy.cache import roomy_cache, select_rows

LENGTHS, NEW = (7, 4, 5), 3
"""Tokens of the prompts that a model is asked about, and how many are sampled after them."""
TOLERANCE = 3e-3
"""Of logits, in their standard deviations: float32 sums in another order are off by 1e-5, a factor that is forgotten by 0.1."""
REFUSALS = (
    TypeError, ValueError, AttributeError, RuntimeError, LookupError, AssertionError, NotImplementedError, ImportError,
)  # fmt: skip
"""What models raise when they are asked for what they can't do."""
log = logging.getLogger("sandbox_rl")


Cache = Literal["padded", "unpadded", "none"]


@dataclass(frozen=True)
class Reading:
    """How a model is read."""

    trunk: str
    """Name of the module whose last states the logits are made of."""
    width: int
    """Of these states."""
    cache: Cache
    """How sampling keeps what it has read: `padded`, with prompts of all lengths together, padded on the left; `unpadded`, with
    those of one length together; `none`, which reads whole sequences again for each token."""


def reading_of(lm: Any) -> Reading:
    """How a causal LM is read; looked for once for each configuration. Raises `UserError` for one that can't be read rightly."""
    lm.eval()  # nothing drops out
    return _found(_Model(lm))


class _Model:
    """A model, equal to others of its class and settings."""

    def __init__(self, lm: Any) -> None:
        self.lm = lm
        self._key = type(lm), lm.config.to_json_string(use_diff=False)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Model) and self._key == other._key


@functools.lru_cache(maxsize=8)
@torch.no_grad()
def _found(model: _Model) -> Reading:
    lm = model.lm
    ids = _few_tokens(lm)
    try:
        wanted = _own_logits(lm, ids, torch.ones_like(ids))
    except REFUSALS as error:
        raise _refused(lm, f"it can't read text alone ({_first_line(error)})") from None
    _check(lm, ids, wanted)
    name = next((name for name in _candidates(lm) if _is_trunk(lm, name, ids, wanted)), None)
    if name is None:
        raise _refused(lm, "its logits are a function of no one module's states")
    width = states(lm.get_submodule(name), ids, torch.ones_like(ids)).shape[-1]
    _check_gradient(lm, name, ids)
    padded, unpadded = [ids[0, :length] for length in LENGTHS], [ids[0, row : row + LENGTHS[1]] for row in range(len(LENGTHS))]
    cache: Cache = "padded" if _caches(lm, name, padded) else "unpadded" if _caches(lm, name, unpadded) else "none"
    if cache == "none":
        log.warning(
            "%s gives other logits with a cache than without: sampling reads whole sequences again for each token, which is "
            "right and slow.", type(lm).__name__,
        )  # fmt: skip
    return Reading(name, width, cache)


def states(trunk: Any, ids: Tensor, attention: Tensor | None, **options: Any) -> Tensor:
    """A trunk's last states (b, t, h); without `attention` nothing is padding."""
    accepted, others = _arguments(trunk.__class__.forward)
    options = {name: value for name, value in {"use_cache": False, **options}.items() if others or name in accepted}
    out = trunk(input_ids=ids, attention_mask=attention, **options)
    found: Tensor = out[0] if isinstance(out, tuple) else out.last_hidden_state
    return found


def logits(lm: Any, trunk: nn.Module, given: Tensor) -> Tensor:
    """Logits (n, v) of a trunk's states (n, h), by the model's own forward pass, in which the trunk gives these."""
    before = trunk.__dict__.get("forward")
    trunk.forward = lambda *_, **__: _Given(given[None])
    try:
        out = lm(input_ids=torch.zeros(1, len(given), dtype=torch.long, device=given.device), use_cache=False)
    finally:
        if before is None:
            del trunk.forward
        else:
            trunk.forward = before
    found: Tensor = out.logits[0]
    return found


class _Given(tuple):  # type: ignore[type-arg]
    """States as a trunk's output, by name and by place; nothing else is there."""

    def __new__(cls, states: Tensor) -> _Given:
        return super().__new__(cls, (states,))

    @property
    def last_hidden_state(self) -> Any:
        return self[0]

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def cache_argument(trunk: Any) -> str:
    """Name of a trunk's cache argument: transformers 5.24 renamed `past_key_values` to `cache`; Mamba has `cache_params`."""
    accepted, _ = _arguments(trunk.__class__.forward)
    return next((name for name in ("cache", "past_key_values", "cache_params") if name in accepted), "past_key_values")


@functools.cache
def _arguments(forward: Callable[..., Any]) -> tuple[frozenset[str], bool]:
    """Names of the arguments that a function takes, and whether it takes any other."""
    parameters = inspect.signature(forward).parameters
    others = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    return frozenset(parameters), others


def _few_tokens(lm: Any) -> Tensor:
    """Ids (1, t) that every vocabulary has, none of them the first few, which are special in most."""
    size = _embedded(lm)
    return (torch.arange(max(LENGTHS) + NEW, device=lm.device) * 7 % max(1, size - 10) + min(9, size - 1))[None]


def _embedded(lm: Any) -> int:
    """How many tokens a model can read."""
    weight = getattr(lm.get_input_embeddings(), "weight", None)
    if weight is None:
        raise _refused(lm, "it has not one embedding for each token")
    return int(weight.shape[0])


def _own_logits(lm: Any, ids: Tensor, attention: Tensor) -> Tensor:
    found: Tensor = lm(input_ids=ids, attention_mask=attention, use_cache=False).logits
    return found


def _check(lm: Any, ids: Tensor, wanted: Tensor) -> None:
    """Raise `UserError` where a token's logits depend on what comes after it, or on what stands beside its row."""
    if wanted.shape[:2] != ids.shape or not torch.isfinite(wanted).all():
        raise _refused(lm, "its logits are not one finite number for each token and entry of the vocabulary")
    if wanted.shape[-1] > (embedded := _embedded(lm)):
        raise _refused(lm, f"it may say {wanted.shape[-1]} tokens and can read {embedded}")
    short = ids[:, : min(LENGTHS)]
    if not _close(_own_logits(lm, short, torch.ones_like(short)), wanted[:, : short.shape[1]]):
        raise _refused(lm, "its logits depend on what comes after a token, so it is no causal model as it is configured")
    rows = ids.repeat(2, 1)
    attention = torch.ones_like(rows)
    attention[1, short.shape[1] :] = 0
    beside = _own_logits(lm, torch.where(attention > 0, rows, ids[0, 0]), attention)
    if not (_close(beside[:1], wanted) and _close(beside[1:, : short.shape[1]], wanted[:, : short.shape[1]])):
        raise _refused(lm, "a sequence has other logits beside a longer one than alone")


def _candidates(lm: Any) -> Iterator[str]:
    """Names of modules that may be the trunk, the likeliest first: the outer ones first."""
    names = {id(module): name for name, module in lm.named_modules() if name}
    for module in (lm.base_model, lm.get_decoder()):
        if id(module) in names:
            yield names[id(module)]
    yield from (name for name in names.values() if name.count(".") <= 2 and hasattr(lm.get_submodule(name), "config"))


def _is_trunk(lm: Any, name: str, ids: Tensor, wanted: Tensor) -> bool:
    trunk = lm.get_submodule(name)
    try:
        found = logits(lm, trunk, states(trunk, ids, torch.ones_like(ids))[0])
    except REFUSALS:
        return False
    return found.shape == wanted.shape[1:] and _close(found, wanted[0])


def _check_gradient(lm: Any, name: str, ids: Tensor) -> None:
    """Raise `UserError` where no gradient comes back from the logits to the embedded tokens, dropout being off."""
    embedded: list[Tensor] = []

    def leaf(module: nn.Module, given: Any, out: Tensor) -> Tensor:
        embedded.append(out.detach().requires_grad_())
        return embedded[-1]

    handle = lm.get_input_embeddings().register_forward_hook(leaf)
    trunk = lm.get_submodule(name)
    try:
        with torch.enable_grad():
            found = logits(lm, trunk, states(trunk, ids, torch.ones_like(ids))[0])
            if embedded:
                torch.autograd.grad(found.sum(), embedded[0])
    except REFUSALS as error:
        raise _refused(lm, f"no gradient comes back through it ({_first_line(error)})") from None
    finally:
        handle.remove()


def _caches(lm: Any, name: str, prompts: list[Tensor]) -> bool:
    """Whether prompts, padded on the left and read with a cache, give the logits that they have alone."""
    trunk, long, device, fill = lm.get_submodule(name), max(map(len, prompts)), prompts[0].device, prompts[0][:1]
    padded = len({len(prompt) for prompt in prompts}) > 1
    rows = torch.stack([torch.cat([fill.repeat(long - len(prompt)), prompt]) for prompt in prompts])
    attention = torch.stack([(torch.arange(long, device=device) >= long - len(prompt)).long() for prompt in prompts])
    try:
        cache = roomy_cache(lm.config, long + NEW)
        state = read(trunk, rows, attention, cache, padded=padded)
        left = torch.tensor([2, 1], device=device)  # rows that have ended leave the cache
        select_rows(cache, left)
        prompts, attention, found = [prompts[row] for row in left], attention[left], [state[left]]
        for _ in range(NEW - 1):
            attention = torch.cat([attention, attention.new_ones(2, 1)], dim=1)
            found.append(read(trunk, fill.expand(2, 1), attention, cache, padded=padded))
        for row, prompt in enumerate(prompts):
            whole = torch.cat([prompt, fill.repeat(NEW - 1)])[None]
            alone = _own_logits(lm, whole, torch.ones_like(whole))[0, len(prompt) - 1 :]
            if not _close(logits(lm, trunk, torch.stack([step[row] for step in found])), alone):
                return False
    except REFUSALS:
        return False
    return True


def read(trunk: Any, ids: Tensor, attention: Tensor, cache: Any, *, padded: bool) -> Tensor:
    """The last token's state (b, h), of sequences that may be `padded` on the left; what was read is added to the cache."""
    positions = (attention.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    given = {cache_argument(trunk): cache, "position_ids": positions, "use_cache": True}
    found: Tensor = states(trunk, ids, attention if padded else None, **given)[:, -1]
    return found


def _close(found: Tensor, wanted: Tensor) -> bool:
    spread = float(wanted.float().std())
    return bool((found.float() - wanted.float()).abs().max() <= TOLERANCE * spread + 1e-6)


def _refused(lm: Any, why: str) -> UserError:
    name = f"{type(lm).__name__} ({lm.config.model_type})"
    return UserError(f"{name} can't be trained here: {why}; take a model of another family.")


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no reason given'}"
