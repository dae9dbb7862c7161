"""Models: what `load` makes of DMN files, and what can be asked of it."""

from __future__ import annotations

import random as chance
import uuid as identifiers
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from remit.dmn.errors import InputsRefused, UnknownDecision, UnreadableModel
from remit.dmn.library import Library
from remit.dmn.nodes import DecisionNode, Key, Node, ServiceNode
from remit.dmn.place import Dialect
from remit.dmn.result import Result
from remit.dmn.session import Session
from remit.feel.documents import from_json
from remit.feel.evaluation import Clock, Evaluation
from remit.model.dmn import Definitions, read
from remit.model.dmn.graph import Table
from remit.model.finding import Finding, line_of

Source = str | PathLike[str] | bytes


class Model:
    """Decisions that can be evaluated. The first file is the one that is asked first by name.

    `findings` is everything that is wrong, each with element, line, rule and fix; a decision with an
    error in it fails when it is evaluated, and so does what requires it.
    """

    def __init__(self, files: Iterable[Definitions], dialect: Dialect) -> None:
        self.files = tuple(files)
        self.dialect: Dialect = dialect
        library = Library(self.files, dialect)
        self._nodes: dict[Key, Node] = library.nodes
        self._by_name: dict[str, DecisionNode | ServiceNode] = {}
        for use in (_ids, _names):
            for node in self._evaluable():
                self._by_name.setdefault(use(node), node)
        for node in self._evaluable():
            self._by_name[f"{{{node.key[0]}}}{node.id}"] = node
        found = [each for node in library.nodes.values() for each in node.findings]
        self.findings: tuple[Finding, ...] = (*library.findings, *found)

    def _evaluable(self) -> Iterable[DecisionNode | ServiceNode]:
        return (
            node for node in self._nodes.values() if isinstance(node, DecisionNode | ServiceNode)
        )

    @property
    def decisions(self) -> tuple[DecisionNode, ...]:
        """All decisions, those of the first file first."""
        return tuple(node for node in self._evaluable() if isinstance(node, DecisionNode))

    @property
    def services(self) -> tuple[ServiceNode, ...]:
        return tuple(node for node in self._evaluable() if isinstance(node, ServiceNode))

    def rules_of(self, decision_id: str) -> tuple[tuple[str, ...], ...]:
        """The cells of a decision table as they are written, rule by rule."""
        for definitions in self.files:
            for decision in definitions.decisions:
                if decision.id == decision_id and isinstance(decision.logic, Table):
                    return tuple(
                        tuple(cell.text.strip() for cell in (*rule.tests, *rule.outputs))
                        for rule in decision.logic.rules
                    )
        return ()

    def refusal(self) -> str:
        """Why the model can't be deployed, a line for every error; empty when it can."""
        return "\n".join(f"- {line_of(each)}" for each in self.findings if each.is_error)

    def evaluate(
        self,
        asked: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        clock: Clock | None = None,
        random: Callable[[], float] = chance.random,
        uuid: Callable[[], str] = lambda: str(identifiers.uuid4()),
    ) -> Result:
        """Evaluate a decision or service by id or name; raises `DmnError` for wrong questions only:
        `UnknownDecision` and `InputsRefused`. A decision that fails is told in the result.

        `inputs` are JSON or FEEL values by the name of the input data, or `{namespace}name` where
        two files have the same. An id may be given with its namespace, too.
        """
        node = self._by_name.get(asked)
        if node is None:
            raise UnknownDecision(asked, tuple(each.id for each in self._evaluable()))
        warnings: list[tuple[str, str]] = []
        run = Evaluation(clock, random, uuid, warnings)
        try:
            given = {name: from_json(value) for name, value in inputs.items()} if inputs else {}
        except RecursionError:
            raise InputsRefused("the inputs nest too deep") from None
        session = Session(self.dialect, given, run, warnings)
        if isinstance(node, DecisionNode):
            return session.result_of(node)
        return session.result_of_service(node)


def _ids(node: Node) -> str:
    return node.id


def _names(node: Node) -> str:
    return node.name


def load(sources: Source | Iterable[Source], *, dialect: Dialect = "camunda") -> Model:
    """Load a file, or a file and those it imports: paths, or the bytes themselves.

    `dialect` is `camunda` for what Camunda Modeler makes, `dmn` for the standard. Raises
    `UnreadableModel` for a file that is no DMN; all that is wrong inside one is in `findings`.
    """
    if isinstance(sources, str | bytes | PathLike):
        return Model([_file(sources)], dialect)
    return Model([_file(each) for each in sources], dialect)


def _file(source: Source) -> Definitions:
    if isinstance(source, bytes):
        return _readable(read(source))
    path = Path(source)
    return _readable(read(path.read_bytes(), path.name))


def _readable(definitions: Definitions) -> Definitions:
    if not definitions.version:
        finding = definitions.findings[0]
        where = f", line {finding.line}" if finding.line else ""
        name = definitions.source or "the file"
        raise UnreadableModel(f"{name}{where}: {finding.message}; {finding.fix}")
    return definitions
