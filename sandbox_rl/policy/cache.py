"""The cache that sampling keeps of what it has read."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class _RoomyLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values of one layer, in a room that grows by half when it is full: most tokens copy nothing."""

    keys: Tensor
    values: Tensor

    def __init__(self, capacity: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._capacity = capacity

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._rooms = [self._room(states, key_states.shape[-2]) for states in (key_states, value_states)]
            start = 0
        else:
            start = self.keys.shape[-2]
        end = start + key_states.shape[-2]
        if end > self._rooms[0].shape[-2]:
            self._rooms = [self._grown(room, start, end) for room in self._rooms]
        for room, states in zip(self._rooms, (key_states, value_states), strict=True):
            room[:, :, start:end] = states
        self.keys, self.values = (room[:, :, :end] for room in self._rooms)
        return self.keys, self.values

    def reorder_cache(self, beam_idx: Tensor) -> None:
        length = self.keys.shape[-2]
        chosen = [states[beam_idx] for states in (self.keys, self.values)]
        self._rooms = [self._grown(states, length, length) for states in chosen]
        self.keys, self.values = (room[:, :, :length] for room in self._rooms)

    def _grown(self, room: Tensor, length: int, wanted: int) -> Tensor:
        """A room for at least `wanted` tokens, with the first `length` of another."""
        larger = self._room(room, wanted)
        larger[:, :, :length] = room[:, :, :length]
        return larger

    def _room(self, states: Tensor, wanted: int) -> Tensor:
        """For half as many tokens again as are wanted, but not more than will ever come."""
        batch, heads, _, size = states.shape
        return states.new_empty(batch, heads, max(wanted, min(self._capacity, wanted + wanted // 2 + 16)), size)


def roomy_cache(config: Any, capacity: int) -> DynamicCache:
    """A cache for `capacity` tokens; layers that only look back through a window keep their own kind."""
    cache = DynamicCache(config=config)
    cache.layers = [_RoomyLayer(capacity) if type(layer) is DynamicLayer else layer for layer in cache.layers]
    return cache


def select_rows(cache: DynamicCache, rows: Tensor) -> None:
    """Leave a cache some of its rows. Of layers of every kind only this method's name is the same in transformers."""
    for layer in cache.layers:
        layer.reorder_cache(rows)  # type: ignore[arg-type]
