# ruff: noqa: E501 - an answer is easier to read on a line
"""What models write, and what of it is judged."""

from __future__ import annotations

import decimal
import json
import math
from typing import Any
from unittest import mock

import pytest
from sandbox_rewards.answers.code import Extracted, code_of
from sandbox_rewards.answers.definitions import definitions
from sandbox_rewards.answers.spoken import spoken, thinks_first
from sandbox_tasks.task import Task, UnitTests

GOOD = "def f(x):\n    return x + 1\n"
BAD = "def f(x):\n    return x - 1\n"
FENCED, WRONG = f"```python\n{GOOD}```\n", f"```python\n{BAD}```\n"


def taken(completion: str, prompt: str = "p", **spec: Any) -> Extracted:
    fields = {"source": "unit_tests", "style": "asserts", "entry_point": "f", "tests": ["assert f(1) == 2"], **spec}
    if fields["style"] == "stdio":
        fields = {k: v for k, v in fields.items() if k not in ("tests", "entry_point")}
        fields["cases"] = [{"stdin": fields.pop("stdin", ""), "stdout": ""}]
    task = Task.model_validate({"id": "t", "prompt": prompt, "rewards": [fields]})
    assert isinstance(task.rewards[0], UnitTests)
    return code_of(task, task.rewards[0], completion)


def value(code: str, call: str = "f(1)") -> Any:
    """What a call gives where the code was run, which must raise nothing; what it changes in modules is undone."""
    names: dict[str, Any] = {"__name__": "solution"}
    with decimal.localcontext(), mock.patch.dict(vars(math)), mock.patch.dict(vars(json)):
        exec(code, names)
        return eval(call, names)


THOUGHTS = {
    "closed": f"<think>\ntry\n{WRONG}</think>\n{FENCED}",
    "bare code behind it": f"<think>{WRONG}</think>{GOOD}",
    "opened by the prompt": f"maybe\n{WRONG}</think>\n{FENCED}",
    "opened by the prompt, its block unclosed": f"maybe\n```python\n{BAD}</think>\n{FENCED}",
    "closed twice": f"<think>a<think>{WRONG}</think> b</think>\n{FENCED}",
    "between two answers": f"{FENCED}<think>{WRONG}</think>\nThat is all.",
    "another end": f"<think>{WRONG}</thinking>\n{FENCED}",
    "capitals": f"<THINK>{WRONG}</THINK>{FENCED}",
    "an attribute": f'<thinking mode="deep">{WRONG}</thinking>{FENCED}',
    "one that never ends, behind the answer": f"{FENCED}<think>\n{WRONG}",
    "a tag that the answer names": f"The `<think>` tag goes.\n{FENCED}",
    "a closing tag in a string": f'{FENCED}\nor\n```python\nTAG = "</think>"\n{GOOD}```\n',
    "tags in a docstring": '```python\ndef f(x):\n    """Removes\n\n    <think>\n    a\n    </think>\n    """\n    return x + 1\n```',
    "tags of C": f"```c\nchar *s = \"<think>\";\nchar *t = '</think>';\n```\n{FENCED}",
    "R1-like, with an answer tag": f"<think>\n{WRONG}\n</think>\n<answer>\n{FENCED}</answer>",
    "gpt-oss": f"<|channel|>analysis<|message|>{WRONG}<|end|><|start|>assistant<|channel|>final<|message|>{FENCED}<|return|>",
}
for opening, closing in (
    ("<thought>", "</thought>"), ("<reasoning>", "</reasoning>"), ("[THINK]", "[/THINK]"), ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"), ("<|START_THINKING|>", "<|END_THINKING|>"), ("<seed:think>", "</seed:think>"),
    ("<scratchpad>", "</scratchpad>"), ("<|think|>", "<|/think|>"), ("<unused94>thought", "<unused95>"),
):  # fmt: skip
    THOUGHTS[opening] = f"{opening}\n{WRONG}\n{closing}\n{FENCED}"
    THOUGHTS[f"{closing} alone"] = f"Hm.\n{WRONG}\n{closing}\n\n{FENCED}"


@pytest.mark.parametrize("case", THOUGHTS)
def test_what_was_thought_is_no_answer(case: str) -> None:
    assert value(taken(THOUGHTS[case]).code) == 2


@pytest.mark.parametrize(
    "opening", ["<think>", "<reasoning>", "[THINK]", "◁think▷", "<|begin_of_thought|>", "<|channel|>analysis<|message|>"]
)
def test_nothing_behind_a_thought_without_end_is_an_answer(opening: str) -> None:
    assert not taken(f"{opening}\n{FENCED}Wait, no.").code.strip()


TOKENS = {
    "behind bare code": f"{GOOD}<|im_end|>",
    "glued to the fence": f"```python\n{GOOD}```<|endoftext|>",
    "of Llama": f"{FENCED}</s>",
    "of DeepSeek": f"{FENCED}<｜end▁of▁sentence｜>",
    "of Gemma": f"{FENCED}<end_of_turn>\n",
    "several": f"{GOOD}<|im_end|>\n<|endoftext|><pad><pad>",
    "cut": f"{GOOD}<|im_e",
    "cut to two letters": f"{GOOD}<|",
    "cut, of Llama": f"{GOOD}</s",
    "a turn that the model goes on with": f"{FENCED}<|im_end|>\n<|im_start|>user\nAnother?\n{WRONG}",
    "of a base model": f"{GOOD}<|file_sep|>",
    "of an instruction": f"{FENCED}[/INST]",
    "before": f"<|im_start|>assistant\n{GOOD}",
    "in a string": f'```python\nEND = "<|endoftext|>"\n{GOOD}```',
    "in an f-string": '```python\ndef f(x):\n    t = f"<|im_start|>u\\n{x}<|im_end|>\\n"\n    return x + 1\n```',
    "in bare code": f"END = '<|im_end|>\\n'\n{GOOD}",
}


@pytest.mark.parametrize("case", TOKENS)
def test_special_tokens_are_no_code(case: str) -> None:
    assert value(taken(TOKENS[case]).code) == 2


BLOCKS = {
    "a longer closing fence": f"```python\n{GOOD}````\n",
    "tildes": f"~~~~ python\n{GOOD}~~~~\n",
    "a list item": "1. Do\n\n   ```python\n   def f(x):\n       return x + 1\n   ```\n\n2. Done",
    "a bullet's own line": "- ```python\n  def f(x):\n      return x + 1\n  ```\n",
    "a quotation": "> Sure:\n> ```python\n> def f(x):\n>     return x + 1\n> ```\n",
    "text behind the closing fence": f"```python\n{GOOD}``` That is all.\n",
    "a closing fence glued to code": "```python\ndef f(x):\n    return x + 1```\nDone.",
    "an indented closing fence": "```python\ndef f(x):\n    return x + 1\n    ```\nIt adds one.\n",
    "an opening fence behind text": f"Here you go: ```python\n{GOOD}```\n",
    "an opening fence without a tag behind text": f"Here you go: ```\n{GOOD}```\n",
    "answer tags": f"<answer>```python\n{GOOD}```</answer>",
    "answer tags alone": f"<answer>\n{GOOD}</answer>",
    "an answer tag glued to code": f"<answer>{GOOD.rstrip()}</answer>",
    "CodeLlama": f"[PYTHON]\n{GOOD}[/PYTHON]\n[TESTS]\nassert f(1) == 3\n[/TESTS]",
    "an unclosed block in answer tags": f"<answer>\n```python\n{GOOD}</answer>",
    "attributes": f'```python title="a.py" {{1,2}}\n{GOOD}```',
    "a pandoc tag": f"```{{.python}}\n{GOOD}```",
    "capitals": f"```Python3\n{GOOD}```",
    "a file name": f"```solution.py\n{GOOD}```",
    "all of it indented": "```python\n    def f(x):\n        return x + 1\n```",
    "not closed": f"```python\n{GOOD}",
    "carriage returns": FENCED.replace("\n", "\r\n"),
    "a mark of byte order": "\ufeff" + GOOD,
    "a shell command behind it": f"{FENCED}Run\n```bash\npython a.py\n```\n",
    "output behind it": f"{FENCED}Output:\n```\n2\n```\n",
    "output in a tagged block": f"{FENCED}```output\nf = 2\n```\n",
    "a transcript behind it": f"{FENCED}```python\n>>> f(1)\n2\n```\n",
    "an example behind it": f"{FENCED}Use it:\n```python\nprint(f(1))\nassert f(1) == 3\n```\n",
    "another attempt before it": f"{WRONG}No:\n{FENCED}",
    "one that does not parse behind it": f"{FENCED}Or:\n```python\ndef f(x)\n    return x\n```\n",
    "Java behind it": f"{FENCED}```java\nint f(int x) {{ return x; }}\n```\n",
    "valid Python that is text": f"{FENCED}```text\n{BAD}```\n",
    "a helper before": "```python\ndef g(x):\n    return x + 1\n```\nand\n```python\ndef f(x):\n    return g(x)\n```",
    "a helper behind": "```python\ndef f(x):\n    return g(x)\n```\nwith\n```python\ndef g(x):\n    return x + 1\n```",
    "imports apart": "```python\nimport operator as o\n```\n```python\ndef f(x):\n    return o.add(x, 1)\n```",
    "a fence in a docstring": '```python\ndef f(x):\n    """Adds.\n\n    ```\n    f(1)\n    ```\n    """\n    return x + 1\n```\n',
    "a tagged fence in a docstring": '```python\ndef f(x):\n    """Adds.\n\n    ```python\n    f(1)\n    ```\n    """\n    return x + 1\n```\n',
    "a fence at the margin of a docstring": f'```python\n"""Adds.\n\n```\nf(1)\n```\n"""\n{GOOD}```\nDone.',
    "a fence in a string": f'```python\nS = "```"\nT = """\n```python\n"""\n{GOOD}```\n',
    "bare code with a fence in it": f'"""\n```\n{BAD}```\n"""\n{GOOD}',
    "four backticks around three": f"````markdown\n{WRONG}````\n{FENCED}",
    "the prompt's fence": f"{GOOD}```\n",
    "the prompt's fence, and words": f"{GOOD}```\n\nIt's right, isn't it?\n",
    "the prompt's fence, and an example": f"{GOOD}```\n\nExample:\n```python\nprint(f(1))\n```\n",
    "the prompt's fence glued": f"{GOOD.rstrip()}```\nDone.",
    "a block that a new one ends": f"```python\n{BAD}\nNo, better:\n```python\n{GOOD}```\n",
    "words behind": f"{GOOD}\nThis function returns one more than x.",
    "words before": f"The function adds one.\n\n{GOOD}",
    "words around and between": "First a helper.\n\ndef g(x):\n    return x + 1\n\nThen, using it:\n\ndef f(x):\n    return g(x)\n\nIt's done.",
    "words that look like code": f"for example, this:\nimport math\n\n{GOOD}\nx = 3 gives 4.\n",
    "a cut example": f"{FENCED[:-4]}\nassert f(1) == 2\nassert f(",
    "a cut second function": f"```python\n{GOOD}\ndef test_f():\n    assert f(1",
    "a cut string": f'```python\n{GOOD}\nprint("the answer',
    "its own assert is wrong": f"```python\n{GOOD}assert f(1) == 3\n```",
    "a program at the end": f"```python\n{GOOD}\nif __name__ == '__main__':\n    print(f(int(input())))\n```",
    "a call at the end": f"```python\n{GOOD}\nn = int(input())\nprint(f(n))\n```",
    "a code span": "Use `f = lambda x: x + 1`.",
    "a block on a line": "```def f(x): return x + 1```",
    "a tagged block on a line": "```python def f(x): return x + 1```",
    "code on the line of its fence": "```python def f(x):\n    return x + 1\n```\nDone.",
    "a tag with attributes": f'<code language="python">\n{GOOD}</code>',
    "a heading behind": f"{GOOD}\nExplanation\n\n- It adds one.",
    "tests of its own": f"```python\nimport unittest\n{GOOD}\nclass T(unittest.TestCase):\n    def test(self): pass\n\nunittest.main()\n```",
}  # fmt: skip


@pytest.mark.parametrize("case", BLOCKS)
def test_the_answer_is_found(case: str) -> None:
    assert value(taken(BLOCKS[case]).code) == 2


USES = {
    "from the judge's module": "from solution import f\n\nassert f(1) == 2",
    "from a file of its name": "from f import f\nprint(f(1))",
    "its file": "import f\nprint(f.f(1))",
    "from a package": "from .app.f import f\n\ndef test_f():\n    assert f(1) == 2",
    "in a main": "if __name__ == '__main__':\n    from solution import f\n    print(f(1))",
    "under its own name": "f = f\nprint(f(1))",
    "with a test class": "import unittest\nfrom solution import f\n\nclass T(unittest.TestCase):\n    def test(self): assert f(1) == 2",
}


@pytest.mark.parametrize("case", USES)
def test_code_that_imports_the_answer_is_not_the_answer(case: str) -> None:
    text = f"In `f.py`:\n{FENCED}Then:\n```python\n{USES[case]}\n```\n"
    assert value(taken(text).code) == 2
    assert (
        value(taken(text, style="pytest", entry_point=None, tests=["from solution import f\ndef test(): assert f(1) == 2"]).code)
        == 2
    )


def test_a_class_that_is_tested_behind_it_is_found() -> None:
    used = "from account import Account\n\na = Account()\nassert a.n == 1"
    text = f"```python\nclass Account:\n    n = 1\n```\n```python\n{used}\n```\n"
    tests = ["from solution import Account\ndef test(): assert Account().n == 1"]
    assert value(taken(text, style="pytest", entry_point=None, tests=tests).code, "Account().n") == 1


def test_files_of_an_answer_that_import_each_other_are_joined() -> None:
    text = "`one.py`:\n```python\ndef one(): return 1\n```\n`f.py`:\n```python\nfrom one import one\ndef f(x): return x + one()\n```\n"
    assert value(taken(text).code) == 2
    assert value(taken(text, tests=["assert f(one()) == 2"]).code) == 2


@pytest.mark.parametrize("text", ["{}", "```python\n{}\n```"])
def test_a_file_and_its_tests_in_one_piece_of_code(text: str) -> None:
    assert value(taken(text.format(f"{GOOD}\nfrom solution import f\n\ndef test_f():\n    assert f(1) == 2")).code) == 2
    assert (
        value(
            taken(
                text.format(f"try:\n    from fast import f\nexcept ImportError:\n    {GOOD.replace(chr(10), chr(10) + '    ')}")
            ).code
        )
        == 2
    )


def test_an_import_beside_code_that_nests_deep_is_read() -> None:
    deep = "x = " + "-" * 2000 + "1; from solution import f\n"
    assert isinstance(taken(f"```python\n{GOOD}{deep}```"), Extracted)


def test_an_entry_point_may_be_imported_from_a_library() -> None:
    for code in ("from math import gcd", "from numpy import gcd"):
        assert (
            taken(
                f"```python\ndef g(): pass\n```\n```python\n{code}\n```", entry_point="gcd", tests=["assert gcd(2, 4) == 2"]
            ).code.strip()
            == code
        )


@pytest.mark.parametrize(
    "typed",
    [
        ">>> def f(x):\n...     return x + 1\n...\n>>> f(1)\n2",
        ">>> def f(x):\n...     return x + 1\n... \n>>> print(f(1))\n2\n>>> ",
    ],
)
def test_what_was_typed_in_a_session_is_code(typed: str) -> None:
    assert value(taken(f"```python\n{typed}\n```\n").code) == 2
    assert value(taken(f"```\n{typed}\n```\n").code) == 2
    assert "x - 1" in taken(f"{WRONG}```python\n{typed}\n```\n").code  # code that runs as it stands goes first


SENTENCES = [
    "I would sort the list and take the middle one.",
    "I'm sorry, but I can't help with that.",
    "First sort it,\nthen take the middle.\n\n1. Call `sorted(x)`\n2. Take the middle (or the mean of two)\n\nThat is O(n log n).",
    "# Approach\n\nWe add one to x. If it is empty, we return zero!",
]
BROKEN = [
    "def f(x)\n    return x + 1", "def f x: # adds one to it.", "retrun x + 1", "# Adds one\nretrun x + 1", "- adds one\nretrun x + 1", "fro x in range(3):", "f = lamda x: x + 1", "x +", "class F\n  one.",
    "Here it is.\n\ndef f(x)\n    return x + 1.", "return x + 1 +.", 'print "this is it."', "    adds one to x.\n", "f(x) = x + 1.",
    "int f(int x) { return x + 1; }", "for x in y print x", "Use `f = lamda x: x` for that.", "- f(x) = x",
]  # fmt: skip


@pytest.mark.parametrize("style", ["asserts", "stdio"])
def test_sentences_are_no_code_and_broken_code_is(style: str) -> None:
    assert [text for text in SENTENCES if taken(text, style=style).code] == []
    assert [text for text in BROKEN if not taken(text, style=style).code] == []


PROGRAM = "n = int(input())\nprint(n + 1)\n"
PROGRAMS = {
    "bare": PROGRAM,
    "an input behind it": f"```python\n{PROGRAM}```\nInput:\n```\n3\n```\nOutput:\n```\n4\n```",
    "a word as output": f"```python\n{PROGRAM}```\n```\nYES\n```",
    "two versions": f"```python\nprint(1)\n```\nBetter:\n```python\n{PROGRAM}```",
    "words around": f"Here it is.\n\n{PROGRAM}\nIt reads a number.",
    "a heading behind": f"{PROGRAM}\nExplanation\n\n1. It reads a number.",
    "a thought": f"```python\nprint(1)\n```\n</think>\n```python\n{PROGRAM}```",
    "how it is run": f"```python\n{PROGRAM}```\n```sh\npython3 a.py\n```",
}


@pytest.mark.parametrize("case", PROGRAMS)
def test_a_program_is_found_and_stays_whole(case: str) -> None:
    assert taken(PROGRAMS[case], style="stdio").code.strip() == PROGRAM.strip()


@pytest.mark.parametrize("reads", ["n = int(input())", "import sys\nn = int(sys.stdin.read())", "n = int(open(0).read())"])
def test_a_program_that_reads_its_input_goes_before_an_illustration(reads: str) -> None:
    program, shown = f"{reads}\nprint(n + 1)\n", "print(sum([1, 2, 3]))\n"
    text = f"```python\n{program}```\nFor example:\n```python\n{shown}```\n"
    assert taken(text, style="stdio", stdin="3\n").code == program
    assert taken(text, style="stdio").code == shown  # where there is no input, the last one
    assert taken(f"```python\n{shown}```\n", style="stdio", stdin="3\n").code == shown


def test_pieces_of_a_program_are_joined() -> None:
    code = taken("```python\ndef g(x):\n    return x + 1\n```\n```python\nprint(g(2))\n```", style="stdio").code
    assert code.index("def g") < code.index("print(g(2))")


CPP = '#include <cstdio>\nint main() { puts("1"); }\n'


@pytest.mark.parametrize(
    "completion",
    [
        f"```cpp\n{CPP}```", f"```C++\n{CPP}```\n```\n1\n```", f"```\n{CPP}```", f"```cpp\n{CPP}```\n```bash\ng++ a.cpp\n```",
        f"<think>```cpp\nint x;\n```</think>```cpp\n{CPP}```", f"```cpp\n{CPP}```\n```python\nprint(1)\n```", CPP,
        f"```cpp\n{CPP.rstrip()}``` That's it.",
    ],
)  # fmt: skip
def test_a_program_of_another_language_is_found_by_its_tag(completion: str) -> None:
    assert taken(completion, style="stdio", language="cpp").code.strip() == CPP.strip()


def test_there_is_no_code_where_every_block_is_something_else() -> None:
    assert taken("```bash\nls\n```\n```text\nf = 1\n```\n").code == ""


HEAD = 'def f(x):\n    """Adds one.\n\n    >>> f(1)\n    2\n    """\n'
BODY = "    if x is None:\n        return 1\n    return x + 1\n"
BODIES = {
    "as it is": BODY,
    "without its first indentation": BODY.lstrip(),
    "without any": "if x is None:\n    return 1\nreturn x + 1\n",
    "and more": f"{BODY}\n\nprint(f(3))\nassert f(",
    "and words": f"{BODY}\nThis adds one.",
    "and a closing fence": f"{BODY}```\nDone.",
    "in a block": f"```python\n{BODY}```",
    "behind a thought": f"hm</think>\n{BODY}",
    "the whole function": f"{HEAD}{BODY}",
}


@pytest.mark.parametrize("prompt", [HEAD, f"Complete this.\n```python\n{HEAD}```\n", f"from typing import List\n\n\n{HEAD}"])
@pytest.mark.parametrize("case", BODIES)
def test_a_body_goes_behind_its_prompt(case: str, prompt: str) -> None:
    assert value(taken(BODIES[case], prompt, style="check", tests=["def check(c): assert c(1) == 2"]).code) == 2


@pytest.mark.parametrize("completion", ["I can't.", "", "```python\n```", "    # nothing\n"])
def test_a_prompt_alone_is_no_answer(completion: str) -> None:
    assert "def f" not in taken(completion, HEAD).code


def test_a_function_that_is_cut_is_no_body() -> None:
    code = taken("```python\ndef f(x):\n    if x is None:\n        return (1,", HEAD).code
    assert code.count("def f") == 1
    assert "Adds one" not in code


def test_a_body_that_is_cut_is_no_function() -> None:
    assert "def f" not in taken("    if x is None:\n        return (1,", HEAD).code


KEPT = {
    "a constant": "N = 1\n{f}    return x + N",
    "a chain": "A = 1\nB = A\ndef g(): return B\n{f}    return x + g()",
    "a table that a loop fills": "T = {{}}\nfor i in range(9):\n    T[i] = i + 1\n{f}    return T[x]",
    "a table that a call fills": "T = []\ndef fill():\n    for i in range(9): T.append(i + 1)\nfill()\n{f}    return T[x]",
    "a table that a call of a call fills": "T = []\ndef fill(): T.append(2)\ndef start(): fill()\nstart()\n{f}    return T[0]",
    "a table that is passed": "T = []\ndef fill(t): t.append(2)\nfill(T)\n{f}    return T[0]",
    "a global that a call sets": "def init():\n    global N\n    N = 1\ninit()\n{f}    return x + N",
    "a global that a call changes": "N = 0\ndef init():\n    global N\n    N = 1\nresult = init()\n{f}    return x + N",
    "a registry": "R = {{}}\ndef register(g):\n    R[g.__name__] = g\n    return g\n@register\ndef inc(x): return x + 1\n{f}    return R['inc'](x)",
    "a registry's method": "class R:\n    all = {{}}\n    def add(self, g):\n        self.all['inc'] = g\n        return g\n"
    "r = R()\n@r.add\ndef inc(x): return x + 1\n{f}    return r.all['inc'](x)",
    "a registry by name": "R = {{}}\ndef register(name):\n    def inner(g):\n        R[name] = g\n        return g\n    return inner\n"
    "@register('inc')\ndef anything(x): return x + 1\n{f}    return R['inc'](x)",
    "single dispatch": "from functools import singledispatch\n@singledispatch\ndef g(x): return 0\n@g.register\ndef _(x: int): return x + 1\n{f}    return g(x)",
    "heirs": "class A: pass\nclass B(A): n = 1\n{f}    return x + A.__subclasses__()[0].n",
    "a method from outside": "class A: pass\ndef inc(self, x): return x + 1\nA.inc = inc\n{f}    return A().inc(x)",
    "setattr": "class A: pass\nsetattr(A, 'n', 1)\n{f}    return x + A.n",
    "an attribute of the function": "{f}    f.n += 1\n    return x + f.n\nf.n = 0",
    "a fallback for an import": "try:\n    from nowhere import one\nexcept ImportError:\n    one = 1\n{f}    return x + one",
    "a condition": "import sys\nif sys.version_info > (3,):\n    def g(x): return x + 1\nelse:\n    def g(x): return x\n{f}    return g(x)",
    "an import of all": "from operator import *\n{f}    return add(x, 1)",
    "a default": "N = 1\ndef f(x, n=N):\n    return x + n",
    "a wrapper": "def twice(g): return lambda x: g(x) + 1\n@twice\ndef f(x): return x",
    "another name": "def g(x): return x + 1\nf = g",
    "a lambda": "g = lambda x: x + 1\nf = lambda x: g(x)",
    "an annotation": "from typing import List\ndef f(x: List[int]): return x + 1",
    "a comprehension": "S = [2]\nT = {{k: v for k, v in enumerate(S)}}\n{f}    return T[0]",
    "unpacking": "a, *b = 1, 2\n{f}    return b[0]",
    "an object": "class C:\n    n = 0\n    def up(self): self.n += 1\nc = C()\nc.up()\n{f}    return x + c.n",
    "a module that is patched": "import json\njson.one = 1\n{f}    return x + json.one",
    "names by their text": "one = 1\n{f}    return x + globals()['one']",
    "eval": "one = 1\n{f}    return eval('x + one')",
    "with": "import contextlib\nwith contextlib.nullcontext(1) as one:\n    pass\n{f}    return x + one",
    "walrus": "if (one := 1) > 0: pass\n{f}    return x + one",
    "a deletion": "n = [0, 1]\ndel n[0]\n{f}    return x + n[0]",
    "augmented": "n = 0\nn += 1\n{f}    return x + n",
    "statements on a line": "n = 1; print(n); m = n\n{f}    return x + m",
    "a class with a helper": "def inc(x): return x + 1\nclass S:\n    def go(self, x): return inc(x)\n{f}    return S().go(x)",
    "a match": "match 1:\n    case one: pass\n{f}    return x + one",
    "math that is swapped": "import math\nmath.floor = lambda x: x + 1\n{f}    return math.floor(x)",
    "a decimal context": "from decimal import Decimal, getcontext\ngetcontext().prec = 50\n{f}    return int(Decimal(x) + 1)",
}  # fmt: skip


@pytest.mark.parametrize("case", KEPT)
@pytest.mark.parametrize("shown", ["", "\nprint(undefined)\nassert f(1) == 3\n\nif __name__ == '__main__':\n    f()\n"])
def test_what_a_function_depends_on_is_kept(case: str, shown: str) -> None:
    code = KEPT[case].format(f="def f(x):\n") + shown
    assert value(definitions(code, ["f"]).code) == 2


LEFT_OUT = {
    "a print": "print(1 / 0)",
    "an assert": "assert False",
    "an example": "result = f('a')",
    "a loop of examples": "for case in [None]:\n    print(f(case))",
    "a guarded example": "try:\n    f(None)\nexcept ValueError:\n    pass",
    "a test of its own": "def test():\n    assert f(1) == 3\ntest()",
    "a main": "def main():\n    print(f(int(input())))\nmain()",
    "an object of its own": "s = Solution()\ns.run()",
    "a method called at once": "class S:\n    def go(self): raise ValueError\nS().go()",
    "a run of tests": "import unittest\nunittest.main()",
    "doctest": "import doctest\ndoctest.testmod(raise_on_error=1)\nraise SystemExit",
    "an exit": "import sys\nsys.exit(1)",
    "a local's name at the top": "y = f(None)",
}  # fmt: skip


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_there_for_show_does_not_decide(case: str) -> None:
    code = f"memo = {{}}\ndef f(x):\n    y = x + 1\n    memo[x] = y\n    return y\n\n{LEFT_OUT[case]}\n"
    kept = definitions(code, ["f"])
    assert value(kept.code) == 2
    assert kept.left_out
    assert kept.code.count("\n") == code.count("\n")  # lines keep their numbers


def test_a_task_may_ask_for_the_whole_block_or_the_whole_text() -> None:
    text = f"{FENCED[:-4]}assert f(1) == 3\n```\n"
    assert taken(text).code.strip() == GOOD.strip()
    assert taken(text, extraction="last_block").code == f"{GOOD}assert f(1) == 3\n"
    assert taken(text, extraction="raw").code == text


def test_what_was_taken_is_told() -> None:
    assert taken(GOOD).how == ""
    assert taken(f"{WRONG}{FENCED}").how == "block 2 of 2"
    assert taken(f"{FENCED[:-4]}print(1)\n```").how == "without 1 statement that nothing asked for needs"


@pytest.mark.parametrize(
    ("text", "thinks"),
    [
        ("<think>a</think>4", True), ("a\n</think>\n4", True), ("<think>a<think>b</think></think>4", False), ("4", False),
        ("<think>a</think>", False), ("<think>a</think>\n<|im_end|>", False), ("4 <think>a</think> 5", False), ("<think>a", False),
        ("\n<thinking>a</thinking>4", True), ("<think>a</think>4<think>b</think>", False),
    ],
)  # fmt: skip
def test_whether_an_answer_thinks_first(text: str, thinks: bool) -> None:
    assert thinks_first(text) is thinks


def test_text_without_tags_is_left_as_it_is() -> None:
    text = "For x < 3 and y > 2, f(x) <= [4]: it's `a<b`; List<Thought> too."
    assert spoken(text) == text
