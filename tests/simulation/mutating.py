"""How a mutation gets into the tap: the text of a function, or a value, is replaced.

As a plugin it runs any tests against a mutated tap:

    pytest -p tests.simulation.mutating --mutation no_lookback tests/test_histories.py
"""

from __future__ import annotations
import __future__

import ast
import inspect
import os
import textwrap
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from types import CodeType, FunctionType

    import pytest


HERE = Path(__file__).parent
IN_PROCESSES = (str(HERE / "mutated_process"), str(HERE.parents[1]))
"""Where Python finds what mutates the processes that tests start, and the tests."""


@dataclass(frozen=True)
class Rewrite:
    """A function of the tap, such as `state:CompanyState.begin`, with `old` text made `new`."""

    function: str
    old: str
    new: str

    @contextmanager
    def __call__(self) -> Iterator[None]:
        function = _function(self.function)
        original = function.__code__
        function.__code__ = self._code(function)
        try:
            yield
        finally:
            function.__code__ = original

    def _code(self, function: FunctionType) -> CodeType:
        source = textwrap.dedent(inspect.getsource(function))
        if source.count(self.old) != 1:
            raise LookupError(f"{self.function} has {self.old!r} {source.count(self.old)} times")
        return _compiled(source.replace(self.old, self.new), function)


@dataclass(frozen=True)
class Replace:
    """A constant of the tap, or an attribute of a class, with another value."""

    place: str
    value: Any

    @contextmanager
    def __call__(self) -> Iterator[None]:
        owner, _, name = self.place.replace(":", ".").rpartition(".")
        with mock.patch.object(_found(owner), name, self.value):
            yield


@dataclass(frozen=True)
class Mutation:
    """A rule that is taken away, and the tests that catch it."""

    name: str
    apply: Callable[[], AbstractContextManager[None]]
    caught_by: str

    def __repr__(self) -> str:
        return self.name


def told(history: str) -> str:
    """The test of that history."""
    return f"test_histories.py::test_nothing_is_lost[{history}]"


def _found(place: str) -> Any:
    """The module, class or function at a dotted path below `tap_billit`."""
    found: Any = import_module("tap_billit")
    path = found.__name__
    for name in place.replace(":", ".").split("."):
        path = f"{path}.{name}"
        if not hasattr(found, name):
            import_module(path)
        found = inspect.getattr_static(found, name)
    return found


def _function(place: str) -> FunctionType:
    """The function itself, below what decorates it."""
    found = _found(place)
    for name in ("fget", "func", "__func__"):
        found = getattr(found, name, found)
    function: FunctionType = inspect.unwrap(found)
    return function


def _compiled(source: str, function: FunctionType) -> CodeType:
    """The code of one function, compiled where it finds what it found before."""
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    outer = ast.parse(f"def outer({', '.join(function.__code__.co_freevars)}): pass")
    (enclosing,) = outer.body
    assert isinstance(enclosing, ast.FunctionDef)
    enclosing.body = [definition]
    flags = __future__.annotations.compiler_flag
    module = compile(outer, inspect.getfile(function), "exec", flags=flags, dont_inherit=True)
    code = _code_in(_code_in(module, "outer"), function.__name__)
    if code.co_freevars != function.__code__.co_freevars:
        raise LookupError(f"{function.__qualname__} would see other names around it")
    return code


def _code_in(code: CodeType, name: str) -> CodeType:
    return next(c for c in code.co_consts if inspect.iscode(c) and c.co_name == name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutation", help="the name of a mutation that the tests should catch")


def pytest_configure(config: pytest.Config) -> None:
    if name := config.getoption("--mutation"):
        from tests.simulation.mutations import MUTATIONS  # noqa: PLC0415  after coverage has begun

        stack = ExitStack()
        stack.enter_context(MUTATIONS[name].apply())
        folders = (*IN_PROCESSES, os.environ.get("PYTHONPATH", ""))
        variables = {"MUTATED_TAP": name, "PYTHONPATH": os.pathsep.join(folders)}
        stack.enter_context(mock.patch.dict(os.environ, variables))
        config.add_cleanup(stack.close)
