"""What stands between brackets: tuples, sets, intervals, conditions; and environments: matrices, systems, functions in pieces."""

from __future__ import annotations

from collections.abc import Callable

from sandbox_rewards.math.amounts import Amounts
from sandbox_rewards.math.tokens import Unreadable
from sandbox_rewards.math.tree import Apply, Group, Matrix, Node, Number, Relation, Symbol
from sandbox_rewards.math.vocabulary import CLOSING, MATRICES, SYSTEMS


class Enclosed(Amounts):
    """Reads what stands between brackets, and environments."""

    def _bracketed(self, opening: str) -> Node:
        self._deeper()
        bars, self._bars_open = self._bars_open, 0
        colon, self._no_colon = self._no_colon, opening == r"\{"
        node = self._bracketed_items(opening)
        self._bars_open, self._no_colon = bars, colon
        self._depth -= 1
        return node

    def _bracketed_items(self, opening: str) -> Node:
        closings = CLOSING[opening]
        items: list[Node] = []
        if self._is("[") or not self._is(*closings):
            items.append(self._item())
            if opening == r"\{" and self._take("|", ":", r"\mid", r"\colon"):
                return self._conditions(items[0])
            while self._take(",", ";"):
                if not self._is("[") and self._is(*closings):
                    break
                items.append(self._item())
        closing = next((close for close in closings if self._take(close)), None)
        if closing is None:
            rows = len(items) == 1 and isinstance(items[0], (Matrix, Group))
            if opening == r"\{" and rows and self.here is None:  # a system behind a single brace
                return _system(items[0])
            raise Unreadable(f"no end of what {opening!r} begins")
        if len(items) == 1 and (opening, closing) in (("(", ")"), ("[", "]"), ("{", "}")):
            node = items[0]
            if opening == "(" and isinstance(node, Number) and self._is("_"):
                return self._numeral_in_base(node)
            if opening == "{" and isinstance(node, Symbol) and self._take("_"):
                return Symbol(f"{node.name}_{self._argument_text()}")
            return node
        if opening == "{" and not items and self._is("_", "^"):
            return self._chosen()
        if opening == r"\langle":
            return Group("(", ")", tuple(items))
        if opening == "]" or closing == "[":  # ]0, 1[
            return Group("(" if opening == "]" else "[", ")" if closing == "[" else "]", tuple(items))
        return Group(opening.strip("\\"), closing.strip("\\"), tuple(items))

    def _chosen(self) -> Node:
        """`{}_5C_2` and `{}_5P_2`, behind the empty braces: combinations, and arrangements."""
        self._place += 1
        top = self._argument()
        kind = next((kind for kind in "CP" if self._take(kind)), "")
        self._need("_")
        bottom = self._argument()
        if kind == "P":
            return Apply("/", (Apply("!", (top,)), Apply("!", (Apply("+", (top, Apply("neg", (bottom,)))),))))
        if kind == "C":
            return Apply("binomial", (top, bottom))
        raise Unreadable("an index to nothing")

    def _numeral_in_base(self, node: Number) -> Node:
        self._place += 1
        if node.value.denominator != 1 or node.value < 0:
            raise Unreadable("an index to a number that is no base")
        return self._in_base(str(node.value))

    def _conditions(self, first: Node) -> Node:
        r"""`\{x \in A \mid x > 3\}` as what it says of x: `x in A` and `x > 3`."""
        self._no_colon = False
        conditions = self._listed((r"\}",))
        self._need(r"\}")
        items = conditions.items if isinstance(conditions, Group) and conditions.opening == "" else (conditions,)
        if isinstance(first, Relation):
            items = (first, *items)
        elif not isinstance(first, Symbol):
            return Apply("builder", (first, Group("", "", items)))
        return items[0] if len(items) == 1 else Group("", "and", tuple(items))

    def _environment(self) -> Node:
        self._need("{")
        kind = self._argument_text().rstrip("*")
        self._need("}")
        if kind not in MATRICES | SYSTEMS:
            raise Unreadable(f"the environment {kind}")
        if kind == "array" and self._take("{"):
            while not self._take("}"):
                self._place += 1
                if self.here is None:
                    raise Unreadable("no end of an array's columns")
        rows = self._rows(self._item if kind in MATRICES else lambda: self._listed(("&", r"\\", r"\end")))
        self._need("{")
        self._argument_text()
        self._need("}")
        if kind in SYSTEMS:
            return _pieces_or_system(rows)
        if len({len(row) for row in rows}) != 1:
            raise Unreadable("rows of different lengths")
        matrix = Matrix(tuple(map(tuple, rows)))
        return Apply("det", (matrix,)) if kind == "vmatrix" else matrix

    def _rows(self, cell: Callable[[], Node]) -> list[list[Node]]:
        """The cells up to the environment's end, each read by `cell`."""
        rows: list[list[Node]] = [[]]
        while not self._take(r"\end"):
            if self._take("&"):
                continue
            if self._take(r"\\"):
                if not self._is(r"\end"):
                    rows.append([])
                continue
            rows[-1].append(cell())
            self._take(",", ".", ";")
            if not self._is("&", r"\\", r"\end"):
                raise Unreadable("a matrix without an end")
        return rows


def _pieces_or_system(rows: list[list[Node]]) -> Node:
    """Rows with a condition each are a function in pieces; without, a system that is a list."""
    if any(len(row) != 1 for row in rows):
        return Apply("pieces", tuple(Group("", "and", tuple(row)) for row in rows))
    items = tuple(row[0] for row in rows)
    return items[0] if len(items) == 1 else Group("", "", items)


def _system(node: Node) -> Node:
    """Equations one below the other as a list."""
    if isinstance(node, Matrix) and all(len(row) == 1 for row in node.rows):
        return Group("", "", tuple(row[0] for row in node.rows))
    return node
