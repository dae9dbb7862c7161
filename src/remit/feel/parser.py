"""From text to tree, by precedence (grammar of 10.3.1.2).

One walk without backtracking: the cost grows with the length of the text and nothing else. Names of
several words are known from the caller, from the built-in functions, and from where the text itself
declares them: keys of contexts, iterators and parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from remit.feel import names, numbers
from remit.feel import tree as t
from remit.feel import types as ty
from remit.feel.dates.reading import read_any
from remit.feel.errors import FeelLimitError, FeelSyntaxError
from remit.feel.names import Index
from remit.feel.tokens import Token, tokens, unescaped

MAX_LENGTH: Final = 100_000
"""Characters of one expression; a longer one is a mistake or an attack."""

MAX_DEPTH: Final = 100
"""Nesting of one expression; each level takes a few frames of Python's stack, which has 1,000."""

COMPARISONS: Final = frozenset(("=", "!=", "<=", ">=", "<", ">"))

_OR, _AND, _COMPARISON, _SUM, _PRODUCT, _POWER = range(1, 7)
_SIGNS: Final = {
    **dict.fromkeys(COMPARISONS, _COMPARISON),
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "**": _POWER,
}
_WORDS: Final = {
    "or": _OR,
    "and": _AND,
    "between": _COMPARISON,
    "in": _COMPARISON,
    "instance": _COMPARISON,
}
_CONSTANTS: Final = {"null": None, "true": True, "false": False}
_TYPE_NAMES: Final = names.index(frozenset(ty.BUILT_IN))
_STARTS: Final = frozenset(("(", "[", "{", "-", "@", "?"))
"""Operators that may begin an expression."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """What differs from dialect to dialect, and what is known before the text is read.

    `reserved` words are never names. `functions` are the built-in names of several words.
    """

    reserved: frozenset[str]
    functions: Index
    variables: Index = field(default_factory=dict)
    members: Index = field(default_factory=dict)
    types: Mapping[str, ty.Type] = field(default_factory=dict)


def parse(text: str, grammar: Grammar) -> t.Node:
    """The tree of an expression."""
    parser = _Parser(text, grammar)
    node = parser.expression()
    parser.expect_end()
    return node


def parse_tests(text: str, grammar: Grammar) -> tuple[tuple[t.Node, ...], bool]:
    """The tests of a cell, and whether `not(…)` turns them round. `-` is no test at all."""
    parser = _Parser(text, grammar)
    if parser.is_operator("-") and parser.following.kind == "end":
        return (), False
    if parser.token.text == "not" and parser.following.text == "(":
        parser.index += 2
        tests = parser.tests()
        if parser.accept(")") and parser.token.kind == "end":
            return tests, True
        parser = _Parser(text, grammar)
    tests = parser.tests()
    parser.expect_end()
    return tests, False


class _Parser:
    def __init__(self, text: str, grammar: Grammar) -> None:
        if len(text) > MAX_LENGTH:
            raise FeelLimitError(f"an expression has at most {MAX_LENGTH} characters")
        self.text = text
        self.tokens = tokens(text)
        self.index = 0
        self.depth = 0
        self.grammar = grammar
        self.variables = names.merged(grammar.functions, grammar.variables)
        self.members = grammar.members
        self.filters = 0

    # --- tokens ------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    @property
    def following(self) -> Token:
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    @property
    def last_end(self) -> int:
        return self.tokens[self.index - 1].end

    def fail(self, expected: str) -> FeelSyntaxError:
        token = self.token
        shown = token.text if len(token.text) <= 60 else f"{token.text[:60]}…"
        found = "the end" if token.kind == "end" else f"'{shown}'"
        return FeelSyntaxError(self.text, token.at, found, expected)

    def is_operator(self, operator: str) -> bool:
        token = self.tokens[self.index]
        return token.kind == "operator" and token.text == operator

    def is_word(self, word: str) -> bool:
        token = self.tokens[self.index]
        return token.kind == "name" and token.text == word

    def accept(self, operator: str) -> bool:
        token = self.tokens[self.index]
        if token.text == operator and token.kind == "operator":
            self.index += 1
            return True
        return False

    def accept_word(self, word: str) -> bool:
        if self.is_word(word):
            self.index += 1
            return True
        return False

    def expect(self, operator: str) -> None:
        if not self.accept(operator):
            raise self.fail(f"'{operator}'")

    def expect_word(self, word: str) -> None:
        if not self.accept_word(word):
            raise self.fail(f"'{word}'")

    def expect_end(self) -> None:
        if self.token.kind != "end":
            raise self.fail("an operator or the end")

    # --- expressions with operators ----------------------------------------------------------------

    def expression(self, floor: int = 0) -> t.Node:
        """An expression of operators that bind tighter than `floor`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FeelLimitError(f"an expression nests at most {MAX_DEPTH} deep")
        node = self.operators(self.prefix(), floor)
        self.depth -= 1
        return node

    def operators(self, left: t.Node, floor: int) -> t.Node:
        while True:
            token = self.tokens[self.index]
            if token.kind == "operator":
                power = _SIGNS.get(token.text, 0)
            elif token.kind == "name":
                power = _WORDS.get(token.text, 0)
            else:
                return left
            if power <= floor:
                return left
            self.index += 1
            left = self.operator(left, token, power)

    def operator(self, left: t.Node, token: Token, power: int) -> t.Node:
        sign = token.text
        if power >= _SUM:
            right = self.expression(power)
            return t.Binary(left.at, right.end, sign, left, right)
        if sign == "and" or sign == "or":
            return self.junction(left, sign, power)
        if sign == "between":
            low = self.expression(_COMPARISON)
            self.expect_word("and")
            high = self.expression(_COMPARISON)
            return t.Between(left.at, high.end, left, low, high)
        if sign == "in":
            tests = self.in_tests()
            return t.In(left.at, self.last_end, left, tests)
        if sign == "instance":
            self.expect_word("of")
            wanted = self.type()
            return t.InstanceOf(left.at, self.last_end, left, wanted)
        right = self.expression(_COMPARISON)
        return t.Comparison(left.at, right.end, sign, left, right)

    def junction(self, left: t.Node, word: str, power: int) -> t.Node:
        """All operands of one `and` or `or` together, however many."""
        operands = [left, self.expression(power)]
        while self.accept_word(word):
            operands.append(self.expression(power))
        kind = t.And if word == "and" else t.Or
        return kind(left.at, operands[-1].end, tuple(operands))

    def in_tests(self) -> tuple[t.Node, ...]:
        """`in (a, < 5)`: several tests; `in < 5`, `in [1..5]`, `in x`: one."""
        token = self.token
        if token.kind == "operator" and token.text in COMPARISONS:
            return (self.test(),)
        if not self.accept("("):
            return (self.expression(_COMPARISON),)
        tests = list(self.tests())
        if len(tests) == 1 and self.accept(".."):
            node = self.range_end(token.at, tests[0], False)
            return (self.operators(self.postfix(node), _COMPARISON),)
        self.expect(")")
        if len(tests) == 1 and not isinstance(tests[0], t.UnaryTest):
            return (self.operators(self.postfix(tests[0]), _COMPARISON),)
        return tuple(tests)

    def tests(self) -> tuple[t.Node, ...]:
        found = [self.test()]
        while self.accept(","):
            found.append(self.test())
        return tuple(found)

    def test(self) -> t.Node:
        token = self.token
        if token.kind == "operator" and token.text in COMPARISONS:
            self.index += 1
            operand = self.expression(_COMPARISON)
            return t.UnaryTest(token.at, operand.end, token.text, operand)
        return self.expression()

    # --- what an expression begins with ------------------------------------------------------------

    def prefix(self) -> t.Node:
        token = self.tokens[self.index]
        kind = token.kind
        if kind == "name":
            return self.word(token)
        if kind == "number":
            self.index += 1
            return self.postfix(t.Literal(token.at, token.end, self.number(token)))
        if kind == "string":
            self.index += 1
            return self.postfix(t.Literal(token.at, token.end, self.string(token)))
        if kind == "quoted":
            self.index += 1
            return self.postfix(t.Name(token.at, token.end, token.text[1:-1]))
        if kind == "operator":
            return self.sign(token)
        return self.postfix(self.name())

    def sign(self, token: Token) -> t.Node:
        """What begins with a sign."""
        text = token.text
        if text == "(":
            return self.postfix(self.group())
        if text == "[":
            return self.postfix(self.list_or_range())
        if text == "-":
            return self.negation()
        if text == "{":
            return self.postfix(self.context())
        if text == "?":
            self.index += 1
            return self.postfix(t.Input(token.at, token.end))
        if text == "@":
            return self.postfix(self.temporal())
        if text == "]":
            self.index += 1
            low = self.expression(_COMPARISON)
            self.expect("..")
            return self.postfix(self.range_end(token.at, low, False))
        raise self.fail("an expression")

    def word(self, token: Token) -> t.Node:
        """What begins with a word: a keyword's construct, a constant, or a name."""
        text = token.text
        if text in self.variables and self.known(self.variables, move=False) is not None:
            return self.postfix(self.name())
        if text in _CONSTANTS:
            self.index += 1
            return self.postfix(t.Literal(token.at, token.end, _CONSTANTS[text]))
        if text in _CONSTRUCTS and self.begins_construct(text):
            self.index += 1
            return _CONSTRUCTS[text](self, token)
        return self.postfix(self.name())

    def begins_construct(self, word: str) -> bool:
        """Whether `if`, `for`, `some`, `every` or `function` is meant, and not a variable so called."""
        if word in self.grammar.reserved:
            return True
        after = self.following
        if after.kind == "operator":
            return word == "if" and after.text in _STARTS and self.text.find("then", after.end) > 0
        return after.kind != "end" and after.text not in _WORDS

    def negation(self) -> t.Node:
        """`-` binds tighter than any other operator: -3 ** 2 is 9."""
        at = self.token.at
        signs = 0
        while self.accept("-"):
            signs += 1
        node = self.prefix_once()
        if isinstance(node, t.Literal) and numbers.is_number(node.value):
            return node if signs % 2 == 0 else t.Literal(at, node.end, _negated(node.value))
        for _ in range(2 - signs % 2):
            node = t.Negation(at, node.end, node)
        return node

    def prefix_once(self) -> t.Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FeelLimitError(f"an expression nests at most {MAX_DEPTH} deep")
        node = self.prefix()
        self.depth -= 1
        return node

    def number(self, token: Token) -> int | Decimal:
        value = numbers.from_text(token.text)
        if value is None:
            self.index -= 1
            raise self.fail("a number that decimal128 can hold")
        return value

    def string(self, token: Token) -> str:
        value = unescaped(token.text)
        if value is None:
            self.index -= 1
            raise self.fail("a string of Unicode characters")
        return value

    def temporal(self) -> t.Node:
        at = self.token.at
        self.expect("@")
        token = self.token
        if token.kind != "string":
            raise self.fail("a string with a date, time or duration")
        self.index += 1
        return t.Literal(at, token.end, read_any(self.string(token)))

    # --- names -------------------------------------------------------------------------------------

    def known(self, known: Index, *, move: bool = True) -> str | None:
        """The longest known name of several words that begins here."""
        index = self.index
        for words, name in known.get(self.tokens[index].text, ()):
            here = self.tokens[index : index + len(words)]
            if len(here) == len(words) and all(
                token.text == word for token, word in zip(here, words, strict=True)
            ):
                if move:
                    self.index = index + len(words)
                return name
        return None

    def name(self) -> t.Node:
        """A name that is read: known, or one word."""
        token = self.token
        name = self.known(self.variables)
        if name is None and self.filters:
            name = self.known(self.members)
        if name is None:
            if token.kind != "name" or self.is_reserved(token):
                raise self.fail("an expression")
            self.index += 1
            name = token.text
        return t.Name(token.at, self.last_end, name)

    def is_reserved(self, token: Token) -> bool:
        """Zeebe has functions that are called `and` and `or`."""
        if token.text in ("and", "or") and self.following.text == "(":
            return False
        return token.text in self.grammar.reserved

    def member(self) -> str:
        """What stands after a dot: a known name, or any one word."""
        token = self.token
        name = self.known(self.members)
        if name is not None:
            return name
        if token.kind == "quoted":
            self.index += 1
            return token.text[1:-1]
        if token.kind != "name":
            raise self.fail("a name")
        self.index += 1
        return token.text

    def declared(self, *ends: str) -> str:
        """A name that is being declared: everything up to one of the signs or words `ends`."""
        if self.token.kind == "quoted":
            self.index += 1
            return self.tokens[self.index - 1].text[1:-1]
        start = self.index
        while (token := self.token).text not in ends:
            is_part = token.kind in ("name", "number", "other") or token.text in "+-*/.'"
            if not is_part or token.kind == "end" or self.index - start > 50:
                raise self.fail("a name" if self.index == start else f"'{ends[-1]}'")
            self.index += 1
        if self.index == start:
            raise self.fail("a name")
        if self.tokens[start].kind == "number":
            self.index = start
            raise self.fail("a name")
        if self.index == start + 1:
            if self.tokens[start].text in self.grammar.reserved:
                self.index = start
                raise self.fail("a name")
            return self.tokens[start].text
        return " ".join(self.text[self.tokens[start].at : self.last_end].split())

    def declare(self, name: str) -> None:
        """From here on the name is known; the caller restores `variables` where it is not."""
        if not name.isidentifier():
            addition: Index = {}
            names.add(addition, name)
            self.variables = names.merged(self.variables, addition)

    # --- what follows an expression ----------------------------------------------------------------

    def postfix(self, node: t.Node) -> t.Node:
        while True:
            token = self.tokens[self.index]
            if token.kind != "operator":
                return node
            if token.text == ".":
                self.index += 1
                name = self.member()
                node = t.Path(node.at, self.last_end, node, name)
            elif token.text == "[" and self.begins_filter():
                node = self.filter(node)
            elif token.text == "(":
                node = self.call(node)
            else:
                return node

    def begins_filter(self) -> bool:
        """Whether `[` opens a filter; else it is the open end of a range, as in `[1..5[`."""
        after = self.following
        if after.kind == "operator":
            return after.text in _STARTS or after.text == "]"
        return after.kind != "end" and after.text not in ("and", "or", "then", "else", "return")

    def filter(self, source: t.Node) -> t.Node:
        self.expect("[")
        self.filters += 1
        condition = self.expression()
        self.filters -= 1
        self.expect("]")
        return t.Filter(source.at, self.last_end, source, condition)

    def call(self, function: t.Node) -> t.Node:
        self.expect("(")
        arguments: list[t.Node] = []
        given: list[str] = []
        while not self.accept(")"):
            if arguments:
                self.expect(",")
            name = self.argument_name()
            if name is not None:
                given.append(name)
            elif given:
                raise self.fail("an argument with a name, as those before it")
            arguments.append(self.expression())
        if given and len(given) != len(arguments):
            raise self.fail("all arguments with a name, or none")
        return t.Call(function.at, self.last_end, function, tuple(arguments), tuple(given))

    def argument_name(self) -> str | None:
        """`name:` before an argument; the name may be several words."""
        index = self.index
        while self.tokens[index].kind in ("name", "number"):
            index += 1
        if index == self.index or self.tokens[index].text != ":":
            token = self.token
            if token.kind == "quoted" and self.following.text == ":":
                self.index += 2
                return token.text[1:-1]
            return None
        words = self.text[self.token.at : self.tokens[index - 1].end].split()
        self.index = index + 1
        return " ".join(words)

    # --- brackets ----------------------------------------------------------------------------------

    def group(self) -> t.Node:
        """`(a)`, `(a..b)` or `(< a)`."""
        at = self.token.at
        self.expect("(")
        sign = self.token
        if sign.kind == "operator" and sign.text in COMPARISONS:
            self.index += 1
            bound = self.expression(_COMPARISON)
            self.expect(")")
            return t.OneSidedRange(at, self.last_end, sign.text, bound)
        inner = self.expression()
        if self.accept(".."):
            return self.range_end(at, inner, False)
        self.expect(")")
        return inner

    def list_or_range(self) -> t.Node:
        at = self.token.at
        self.expect("[")
        items: list[t.Node] = []
        while not self.accept("]"):
            if items:
                self.expect(",")
            items.append(self.expression())
            if len(items) == 1 and self.accept(".."):
                return self.range_end(at, items[0], True)
        return t.ListLiteral(at, self.last_end, tuple(items))

    def range_end(self, at: int, low: t.Node, low_closed: bool) -> t.Node:
        high = self.expression(_COMPARISON)
        if self.accept("]"):
            return t.RangeLiteral(at, self.last_end, low, high, low_closed, True)
        if self.accept(")") or self.accept("["):
            return t.RangeLiteral(at, self.last_end, low, high, low_closed, False)
        raise self.fail("']', ')' or '['")

    def context(self) -> t.Node:
        at = self.token.at
        self.expect("{")
        outer = self.variables
        entries: list[tuple[str, t.Node]] = []
        while not self.accept("}"):
            if entries:
                self.expect(",")
            key = self.key()
            self.expect(":")
            entries.append((key, self.expression()))
            self.declare(key)
            self.declare_member(key)
        self.variables = outer
        return t.ContextLiteral(at, self.last_end, tuple(entries))

    def declare_member(self, name: str) -> None:
        if not name.isidentifier():
            addition: Index = {}
            names.add(addition, name)
            self.members = names.merged(self.members, addition)

    def key(self) -> str:
        token = self.token
        if token.kind == "string":
            self.index += 1
            return self.string(token)
        return self.declared(":")

    # --- constructs that begin with a keyword ------------------------------------------------------

    def condition(self, token: Token) -> t.Node:
        condition = self.expression()
        self.expect_word("then")
        then = self.expression()
        self.expect_word("else")
        otherwise = self.expression()
        return t.If(token.at, otherwise.end, condition, then, otherwise)

    def loop(self, token: Token) -> t.Node:
        outer = self.variables
        iterations = self.iterations()
        self.expect_word("return")
        body = self.expression()
        self.variables = outer
        return t.For(token.at, body.end, iterations, body)

    def quantified(self, token: Token) -> t.Node:
        outer = self.variables
        iterations = self.iterations()
        self.expect_word("satisfies")
        condition = self.expression()
        self.variables = outer
        return t.Quantified(token.at, condition.end, token.text, iterations, condition)

    def iterations(self) -> tuple[t.Iteration, ...]:
        found = []
        while True:
            at = self.token.at
            name = self.declared("in")
            self.expect_word("in")
            source = self.expression()
            high = self.expression() if self.accept("..") else None
            found.append(t.Iteration(at, self.last_end, name, source, high))
            self.declare(name)
            if not self.accept(","):
                return tuple(found)

    def function(self, token: Token) -> t.Node:
        self.expect("(")
        outer = self.variables
        parameters: list[str] = []
        wanted: list[ty.Type | None] = []
        while not self.accept(")"):
            if parameters:
                self.expect(",")
            parameters.append(self.declared(",", ":", ")"))
            wanted.append(self.type() if self.accept(":") else None)
        for parameter in parameters:
            self.declare(parameter)
        is_external = self.accept_word("external")
        body = self.expression()
        self.variables = outer
        return t.FunctionDefinition(
            token.at, body.end, tuple(parameters), tuple(wanted), body, is_external
        )

    # --- types -------------------------------------------------------------------------------------

    def type(self) -> ty.Type:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FeelLimitError(f"an expression nests at most {MAX_DEPTH} deep")
        found = self.type_by_name()
        self.depth -= 1
        return found

    def type_by_name(self) -> ty.Type:
        token = self.token
        name = self.known(names.merged(names.index(frozenset(self.grammar.types)), _TYPE_NAMES))
        if name is None:
            if token.kind not in ("name", "quoted"):
                raise self.fail("a type")
            self.index += 1
            name = token.text.strip("`")
        if name in self.grammar.types:
            return self.grammar.types[name]
        if name in _GENERICS and self.is_operator("<"):
            self.index += 1
            return _GENERICS[name](self)
        while name not in ty.BUILT_IN and self.accept("."):
            name = f"{name}.{self.member()}"
        return self.grammar.types.get(name) or ty.BUILT_IN.get(name) or ty.UnknownType(name)

    def list_type(self) -> ty.Type:
        element = self.type()
        self.expect(">")
        return ty.ListType(element)

    def range_type(self) -> ty.Type:
        element = self.type()
        self.expect(">")
        return ty.RangeType(element)

    def context_type(self) -> ty.Type:
        entries: dict[str, ty.Type] = {}
        while not self.accept(">"):
            if entries:
                self.expect(",")
            name = self.declared(":")
            self.expect(":")
            entries[name] = self.type()
        return ty.ContextType(entries)

    def function_type(self) -> ty.Type:
        parameters: list[ty.Type] = []
        while not self.accept(">"):
            if parameters:
                self.expect(",")
            parameters.append(self.type())
        self.expect("->")
        return ty.FunctionType(tuple(parameters), self.type())


def _negated(value: object) -> object:
    return -value if isinstance(value, int | Decimal) else value


_CONSTRUCTS: Final = {
    "if": _Parser.condition,
    "for": _Parser.loop,
    "some": _Parser.quantified,
    "every": _Parser.quantified,
    "function": _Parser.function,
}
_GENERICS: Final = {
    "list": _Parser.list_type,
    "range": _Parser.range_type,
    "context": _Parser.context_type,
    "function": _Parser.function_type,
}
