"""From text to tree: a recursive descent over FEEL's grammar (DMN 1.5, chapter 10.3.1.2).

Names may hold spaces: where a known name begins with the word at hand, the longest known one is
taken. A name in backticks may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal

from remit.feel import temporal
from remit.feel import tree as t
from remit.feel.errors import FeelLimitError, FeelSyntaxError

MAX_LENGTH = 100_000
"""Characters of one expression; a longer one is a mistake or an attack."""

MAX_DEPTH = 100
"""Nesting of one expression; far below what Python's own stack can bear."""

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|//[^\n]*|/\*.*?\*/)+)
      | (?P<number>(?:\d+(?:\.(?!\.)\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<string>"(?:\\.|[^"\\])*")
      | (?P<quoted>`[^`]+`)
      | (?P<name>[^\W\d]\w*|\?)
      | (?P<operator>\*\*|\.\.|<=|>=|!=|->|[-+*/=<>()\[\]{},.:@])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{6}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_RESERVED = frozenset(
    (
        "if", "then", "else", "for", "in", "return", "some", "every", "satisfies", "function",
        "and", "or", "between", "true", "false", "null", "instance", "of", "external",
    )
)  # fmt: skip
_COMPARISONS = ("=", "!=", "<=", ">=", "<", ">")
_TYPES = (
    "date and time", "years and months duration", "days and time duration", "number", "string",
    "boolean", "date", "time", "list", "context", "function", "range", "Any", "Null",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    at: int


def parse(text: str, names: Collection[str] = ()) -> t.Node:
    """The tree of an expression. `names` are the known names; those with spaces matter."""
    parser = _Parser(text, names)
    node = parser.expression()
    parser.expect_end()
    return node


def parse_unary_tests(text: str, names: Collection[str] = ()) -> tuple[tuple[t.Node, ...], bool]:
    """The tests, and whether their outcome is turned round by `not(…)`."""
    parser = _Parser(text, names)
    negated = False
    if parser.accept_name("not"):
        parser.expect("(")
        negated = True
    tests = parser.tests()
    if negated:
        parser.expect(")")
    parser.expect_end()
    return tests, negated


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise FeelSyntaxError(text, at, repr(text[at]), "an expression")
        kind = match.lastgroup or ""
        if kind != "space":
            yield Token(kind, match.group(), at)
        at = match.end()
    yield Token("end", "", len(text))


class _Parser:
    def __init__(self, text: str, names: Collection[str]) -> None:
        if len(text) > MAX_LENGTH:
            raise FeelLimitError(f"an expression has at most {MAX_LENGTH} characters")
        self.text = text
        self.tokens = list(_tokens(text))
        self.index = 0
        self.depth = 0
        self.spaced = _by_first_word(names)

    # --- tokens ------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def fail(self, expected: str) -> FeelSyntaxError:
        found = "the end" if self.token.kind == "end" else f"'{self.token.text}'"
        return FeelSyntaxError(self.text, self.token.at, found, expected)

    def accept(self, operator: str) -> bool:
        if self.token.kind == "operator" and self.token.text == operator:
            self.index += 1
            return True
        return False

    def accept_name(self, word: str) -> bool:
        if self.token.kind == "name" and self.token.text == word:
            self.index += 1
            return True
        return False

    def expect(self, operator: str) -> None:
        if not self.accept(operator):
            raise self.fail(f"'{operator}'")

    def expect_name(self, word: str) -> None:
        if not self.accept_name(word):
            raise self.fail(f"'{word}'")

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.fail("an operator or the end")

    def is_name(self, word: str) -> bool:
        return self.token.kind == "name" and self.token.text == word

    # --- expressions -------------------------------------------------------------------------------

    def expression(self) -> t.Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FeelLimitError(f"an expression nests at most {MAX_DEPTH} deep")
        try:
            return self._expression()
        finally:
            self.depth -= 1

    def _expression(self) -> t.Node:
        at = self.token.at
        if self.accept_name("if"):
            condition = self.expression()
            self.expect_name("then")
            then = self.expression()
            self.expect_name("else")
            return t.If(condition, then, self.expression(), at=at)
        if self.accept_name("for"):
            iterations = self.iterations()
            self.expect_name("return")
            return t.For(iterations, self.expression(), at=at)
        if self.is_name("some") or self.is_name("every"):
            quantifier = self.token.text
            self.index += 1
            iterations = self.iterations()
            self.expect_name("satisfies")
            return t.Quantified(quantifier, iterations, self.expression(), at=at)
        if self.is_name("function"):
            return self.function_definition()
        return self.disjunction()

    def iterations(self) -> tuple[t.Iteration, ...]:
        found = []
        while True:
            at = self.token.at
            name = self.variable_name()
            self.expect_name("in")
            source = self.expression()
            high = self.expression() if self.accept("..") else None
            found.append(t.Iteration(name, source, high, at=at))
            if not self.accept(","):
                return tuple(found)

    def function_definition(self) -> t.Node:
        at = self.token.at
        self.expect_name("function")
        self.expect("(")
        parameters: list[str] = []
        while not self.accept(")"):
            if parameters:
                self.expect(",")
            parameters.append(self.variable_name())
            if self.accept(":"):
                self.type_name()
        return t.FunctionDefinition(tuple(parameters), self.expression(), at=at)

    def disjunction(self) -> t.Node:
        left = self.conjunction()
        while self.is_name("or"):
            at = self.token.at
            self.index += 1
            left = t.Or(left, self.conjunction(), at=at)
        return left

    def conjunction(self) -> t.Node:
        left = self.comparison()
        while self.is_name("and"):
            at = self.token.at
            self.index += 1
            left = t.And(left, self.comparison(), at=at)
        return left

    def comparison(self) -> t.Node:
        left = self.addition()
        while True:
            at = self.token.at
            if self.token.kind == "operator" and self.token.text in _COMPARISONS:
                operator = self.token.text
                self.index += 1
                left = t.Comparison(operator, left, self.addition(), at=at)
            elif self.accept_name("between"):
                low = self.addition()
                self.expect_name("and")
                left = t.Between(left, low, self.addition(), at=at)
            elif self.accept_name("in"):
                left = t.In(left, self.in_tests(), at=at)
            elif self.is_name("instance"):
                self.index += 1
                self.expect_name("of")
                left = t.InstanceOf(left, self.type_name(), at=at)
            else:
                return left

    def in_tests(self) -> tuple[t.Node, ...]:
        """`in (a, b)`: several tests; `in [a..b]` or `in x`: one."""
        start = self.index
        if self.accept("("):
            tests = self.tests()
            if self.accept(")"):
                return tests
            self.index = start
        return (self.test(),)

    def tests(self) -> tuple[t.Node, ...]:
        if self.token.kind == "operator" and self.token.text == "-":
            after = self.tokens[self.index + 1]
            if after.kind == "end" or after.text in (")", ","):
                self.index += 1
                return (t.Literal(True, at=self.token.at),)
        found = [self.test()]
        while self.accept(","):
            found.append(self.test())
        return tuple(found)

    def test(self) -> t.Node:
        at = self.token.at
        if self.token.kind == "operator" and self.token.text in _COMPARISONS:
            operator = self.token.text
            self.index += 1
            return t.UnaryTest(operator, self.addition(), at=at)
        return self.expression()

    def addition(self) -> t.Node:
        left = self.multiplication()
        while self.token.kind == "operator" and self.token.text in ("+", "-"):
            operator, at = self.token.text, self.token.at
            self.index += 1
            left = t.Binary(operator, left, self.multiplication(), at=at)
        return left

    def multiplication(self) -> t.Node:
        left = self.power()
        while self.token.kind == "operator" and self.token.text in ("*", "/"):
            operator, at = self.token.text, self.token.at
            self.index += 1
            left = t.Binary(operator, left, self.power(), at=at)
        return left

    def power(self) -> t.Node:
        left = self.negation()
        while self.token.kind == "operator" and self.token.text == "**":
            at = self.token.at
            self.index += 1
            left = t.Binary("**", left, self.negation(), at=at)
        return left

    def negation(self) -> t.Node:
        at = self.token.at
        signs = 0
        while self.accept("-"):
            signs += 1
        node = self.postfix()
        return t.Negation(node, at=at) if signs % 2 else node

    def postfix(self) -> t.Node:
        node = self.primary()
        while True:
            at = self.token.at
            if self.accept("."):
                node = t.Path(node, self.member_name(), at=at)
            elif self.accept("["):
                node = t.Filter(node, self.expression(), at=at)
                self.expect("]")
            elif self.accept("("):
                node = self.call(node, at)
            else:
                return node

    def call(self, function: t.Node, at: int) -> t.Node:
        arguments: list[t.Node] = []
        names: list[str] = []
        while not self.accept(")"):
            if arguments:
                self.expect(",")
            name = self.argument_name()
            if name is not None:
                names.append(name)
            arguments.append(self.expression())
        if names and len(names) != len(arguments):
            raise self.fail("all arguments to have a name, or none")
        return t.Call(function, tuple(arguments), tuple(names), at=at)

    def argument_name(self) -> str | None:
        """`name:` before an argument; the name may be several words."""
        start = self.index
        words = []
        while self.token.kind == "name":
            words.append(self.token.text)
            self.index += 1
        if words and self.accept(":"):
            return " ".join(words)
        self.index = start
        return None

    # --- primary -----------------------------------------------------------------------------------

    def primary(self) -> t.Node:
        token = self.token
        if token.kind == "number":
            self.index += 1
            return t.Literal(_number(token.text), at=token.at)
        if token.kind == "string":
            self.index += 1
            return t.Literal(_unescape(token.text[1:-1]), at=token.at)
        if token.kind == "quoted":
            self.index += 1
            return t.Name(token.text[1:-1], at=token.at)
        if token.kind == "name":
            return self.name()
        if self.accept("@"):
            return self.temporal_literal()
        if token.text == "[":
            return self.list_or_range()
        if token.text == "(":
            return self.group_or_range()
        if token.text == "]":
            return self.open_range()
        if token.text == "{":
            return self.context()
        raise self.fail("an expression")

    def name(self) -> t.Node:
        token = self.token
        if token.text in ("true", "false", "null"):
            self.index += 1
            value = None if token.text == "null" else token.text == "true"
            return t.Literal(value, at=token.at)
        if token.text in _RESERVED:
            raise self.fail("an expression")
        return t.Name(self.known_name(), at=token.at)

    def known_name(self) -> str:
        """The longest known name with spaces that begins here, else one word."""
        for words in self.spaced.get(self.token.text, ()):
            here = self.tokens[self.index : self.index + len(words)]
            if tuple(each.text for each in here) == words:
                self.index += len(words)
                return " ".join(words)
        self.index += 1
        return self.tokens[self.index - 1].text

    def variable_name(self) -> str:
        if self.token.kind == "quoted":
            self.index += 1
            return self.tokens[self.index - 1].text[1:-1]
        if self.token.kind != "name" or self.token.text in _RESERVED:
            raise self.fail("a name")
        return self.known_name()

    def member_name(self) -> str:
        """After a dot anything that looks like a name is one, reserved words included."""
        if self.token.kind == "quoted":
            self.index += 1
            return self.tokens[self.index - 1].text[1:-1]
        if self.token.kind != "name":
            raise self.fail("a name")
        return self.known_name()

    def temporal_literal(self) -> t.Node:
        token = self.token
        if token.kind != "string":
            raise self.fail("a string with a date, time or duration")
        self.index += 1
        return t.Literal(temporal.parse_any(_unescape(token.text[1:-1])), at=token.at)

    def list_or_range(self) -> t.Node:
        at = self.token.at
        self.expect("[")
        if self.accept("]"):
            return t.ListLiteral((), at=at)
        first = self.test()
        if self.accept(".."):
            return self.range_end(first, True, at)
        items = [first]
        while self.accept(","):
            items.append(self.test())
        self.expect("]")
        return t.ListLiteral(tuple(items), at=at)

    def group_or_range(self) -> t.Node:
        at = self.token.at
        self.expect("(")
        inner = self.expression()
        if self.accept(".."):
            return self.range_end(inner, False, at)
        self.expect(")")
        return inner

    def open_range(self) -> t.Node:
        at = self.token.at
        self.expect("]")
        low = self.addition()
        self.expect("..")
        return self.range_end(low, False, at)

    def range_end(self, low: t.Node, low_closed: bool, at: int) -> t.Node:
        high = self.addition()
        if self.accept("]"):
            return t.RangeLiteral(low, high, low_closed, True, at=at)
        if self.accept(")") or self.accept("["):
            return t.RangeLiteral(low, high, low_closed, False, at=at)
        raise self.fail("']', ')' or '['")

    def context(self) -> t.Node:
        at = self.token.at
        self.expect("{")
        entries: list[tuple[str, t.Node]] = []
        while not self.accept("}"):
            if entries:
                self.expect(",")
            key = self.context_key()
            self.expect(":")
            entries.append((key, self.expression()))
        return t.ContextLiteral(tuple(entries), at=at)

    def context_key(self) -> str:
        if self.token.kind == "string":
            self.index += 1
            return _unescape(self.tokens[self.index - 1].text[1:-1])
        if self.token.kind == "quoted":
            self.index += 1
            return self.tokens[self.index - 1].text[1:-1]
        start = self.token.at
        while self.token.kind != "end" and self.token.text != ":":
            if self.token.kind == "operator" and self.token.text not in "+-*/.":
                raise self.fail("a name and ':'")
            self.index += 1
        key = " ".join(self.text[start : self.token.at].split())
        if not key:
            raise self.fail("a name")
        return key

    def type_name(self) -> str:
        start = self.token.at
        for name in _TYPES:
            words = name.split()
            here = [each.text for each in self.tokens[self.index : self.index + len(words)]]
            if here == words:
                self.index += len(words)
                self.type_arguments()
                return name
        if self.token.kind != "name":
            raise self.fail("a type")
        self.index += 1
        while self.accept("."):
            self.index += 1
        return self.text[start : self.tokens[self.index - 1].at] + self.tokens[self.index - 1].text

    def type_arguments(self) -> None:
        if not self.accept("<"):
            return
        open_ = 1
        while open_ and self.token.kind != "end":
            open_ += self.token.text.count("<") - (self.token.text == ">")
            self.index += 1


def _by_first_word(names: Collection[str]) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for name in names:
        words = tuple(token.text for token in _tokens(name) if token.kind != "end")
        if len(words) > 1:
            found.setdefault(words[0], []).append(words)
    for candidates in found.values():
        candidates.sort(key=len, reverse=True)
    return found


def _number(text: str) -> int | Decimal:
    return int(text) if text.isdigit() else Decimal(text)


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] in "uU" and len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPED.get(code, f"\\{code}")

    return _ESCAPE.sub(one, text)
