"""Prompts, answers and replies as tokens: the chat template once where there is one, and one end to each turn."""

from __future__ import annotations

import datetime
import re
from typing import Any

from jinja2 import TemplateError

from sandbox_rl.config import ModelConfig

TURN = "<<a turn>>"
"""Stands for what a turn says, to see what the template writes around it."""
THOUGHT = ("<think>", "</think>")


class Chat:
    """A tokenizer with its template. `named_ends`: ids that the model's makers name as ends of an answer."""

    def __init__(self, tokenizer: Any, named_ends: set[int], settings: ModelConfig) -> None:
        self._tokenizer = tokenizer
        self._settings = settings
        self._template = _dated(tokenizer.get_chat_template(), settings.date) if tokenizer.chat_template else None
        after = self._after_turn_or_nothing() if self._template else []
        self.end_id = self._end_of_turn(after, named_ends)
        """What an answer that is imitated ends with: what the template writes at the end of a turn, else the end of sequence."""
        self.end_ids = {self.end_id, *named_ends} | ({tokenizer.eos_token_id} if tokenizer.eos_token_id is not None else set())
        """Tokens that end an answer when they are sampled."""
        self.opened_thought = self._opened_thought()
        """How a thought begins that the template has opened: an answer goes on in it."""

    def encode_prompt(self, prompt: str) -> list[int]:
        """Token ids of a prompt: the chat template once where there is one, else the text and a newline."""
        if self._template:
            return self._encode(self._rendered([*self._system(), {"role": "user", "content": prompt}]))
        return self._without_end(list(self._tokenizer(prompt + "\n")["input_ids"]))

    def encode_reply(self, reply: str) -> list[int]:
        """Token ids of an environment's reply, from the end of the policy's turn (which has it already) to where its next turn
        begins."""
        if not self._template:
            return self._encode(f"\n{reply}\n")
        after = self._after_turn(reply)
        return after[1:] if after and after[0] in self.end_ids else after

    def encode_answer(self, answer: str) -> list[int]:
        """Token ids of a finished answer, with its one end."""
        return [*self._encode(answer), self.end_id]

    def _after_turn(self, reply: str = "") -> list[int]:
        """What the template writes after a turn of the policy's, up to where its next turn begins."""
        messages = [{"role": "user", "content": ""}, {"role": "assistant", "content": TURN}, {"role": "user", "content": reply}]
        text = self._rendered([*self._system(), *messages])
        return self._encode(text.split(TURN, 1)[1].lstrip(" ") if TURN in text else "")

    def _after_turn_or_nothing(self) -> list[int]:
        """Nothing where the template allows one turn alone."""
        try:
            return self._after_turn()
        except TemplateError:
            return []

    def _end_of_turn(self, after: list[int], named_ends: set[int]) -> int:
        special = set(self._tokenizer.all_special_ids) | named_ends | set(self._tokenizer.added_tokens_decoder)
        if after and after[0] in special:
            return after[0]
        if self._tokenizer.eos_token_id is not None:
            return int(self._tokenizer.eos_token_id)
        return min(named_ends)

    def _opened_thought(self) -> str:
        if not self._template:
            return ""
        opened = self._rendered([{"role": "user", "content": TURN}]).split(TURN, 1)[-1]
        begin, end = THOUGHT
        return begin if opened.rfind(begin) > opened.rfind(end) else ""

    def _system(self) -> list[dict[str, str]]:
        return [{"role": "system", "content": self._settings.system_prompt}] if self._settings.system_prompt else []

    def _rendered(self, messages: list[dict[str, str]]) -> str:
        text: str = self._tokenizer.apply_chat_template(
            messages, chat_template=self._template, add_generation_prompt=True, tokenize=False, **self._settings.template_options
        )
        return text

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _without_end(self, ids: list[int]) -> list[int]:
        """Some tokenizers end every text, and a prompt has no end."""
        return ids[:-1] if len(ids) > 1 and ids[-1] == self._tokenizer.eos_token_id else ids


def _dated(template: str, today: datetime.date) -> str:
    """A template that writes the date, with the one that is given: no prompt changes at midnight."""
    return re.sub(r"""strftime_now\(\s*(["'])(.*?)\1\s*\)""", lambda call: f'"{today.strftime(call[2])}"', template)
