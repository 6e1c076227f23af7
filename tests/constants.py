"""Proves of an expression that nothing but constants of the source can be in it.

A small interpreter of names: it follows them to every place where they are bound, parameters to
every call of their function, results to every return. What it cannot
follow does not count as a constant.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp
VALUES = -1
"""In the place of a part: not the keys of a dict alone, but its values, too."""
_METHODS = frozenset(("join", "replace", "format", "removeprefix", "strip", "upper", "lower"))
_KEEPING = frozenset(("repr", "str", "map", "zip", "sorted", "tuple", "list", "set", "frozenset",
                      "enumerate", "reversed", "filter", "dict", "fromkeys"))  # fmt: skip


class Package:
    """The modules of a package, and who calls what."""

    def __init__(self, folder: Path) -> None:
        self.trees = {}
        self.parents: dict[ast.AST, ast.AST] = {}
        self.calls: dict[str, list[ast.Call]] = defaultdict(list)
        self.functions: dict[str, list[Function]] = defaultdict(list)
        self.classes: dict[str, list[ast.ClassDef]] = defaultdict(list)
        self._proved: dict[tuple[ast.AST, int | None], bool] = {}
        for path in sorted(folder.rglob("*.py")):
            name = ".".join((folder.name, *path.relative_to(folder).with_suffix("").parts))
            tree = ast.parse(path.read_text(encoding="utf-8"))
            self.trees[name.removesuffix(".__init__")] = tree
            for node in ast.walk(tree):
                for child in ast.iter_child_nodes(node):
                    self.parents[child] = node
                if isinstance(node, ast.Call):
                    self.calls[ast.unparse(node.func).rpartition(".")[2]].append(node)
                elif isinstance(node, Function):
                    self.functions[node.name].append(node)
                elif isinstance(node, ast.ClassDef):
                    self.classes[node.name].append(node)

    def given_to(self, *methods: str) -> Iterator[tuple[str, ast.expr]]:
        """Yield the first argument of each call of these methods, and where it is."""
        for name, tree in self.trees.items():
            for node in ast.walk(tree):
                match node:
                    case ast.Call(ast.Attribute(attr=method), [first, *_]) if method in methods:
                        yield f"{name}:{node.lineno}", first

    def proves(self, node: ast.expr) -> bool:
        """Whether nothing but constants of the source can be in what *node* gives."""
        self._proved.clear()
        return self._is_constant(node)

    def _is_constant(self, node: ast.AST, part: int | None = None) -> bool:
        """Whether *node*, or the *part* of the tuple that it is, comes from constants alone."""
        key = (node, part)
        if key not in self._proved:
            self._proved[key] = True  # what leads back to itself adds nothing
            self._proved[key] = self._look(node, part)
        return self._proved[key]

    def _all(self, nodes: list[ast.expr]) -> bool:
        return all(map(self._is_constant, nodes))

    def _look(self, node: ast.AST, part: int | None) -> bool:
        match node:
            case ast.Constant():
                return True
            case ast.Tuple(elts) | ast.List(elts) if part is not None and 0 <= part < len(elts):
                return self._is_constant(elts[part])
            case ast.Tuple(elts) | ast.List(elts) | ast.Set(elts):
                return self._all(elts)
            case ast.JoinedStr(values) | ast.BoolOp(values=values):
                return self._all(values)
            case ast.Starred(value) | ast.FormattedValue(value) | ast.NamedExpr(value=value):
                return self._is_constant(value)
            case ast.Subscript(value):
                return self._is_constant(value, part)
            case ast.Dict(keys, values) if part == VALUES:
                return all(map(self._is_constant, (each for each in (*keys, *values) if each)))
            case ast.Dict(keys, values):  # to go through it is to go through its keys
                return all(self._is_constant(k or v) for k, v in zip(keys, values, strict=True))
            case ast.BinOp(left, ast.Mult(), right):  # so often the same
                return any(isinstance(each, ast.Constant) for each in (left, right))
            case ast.BinOp(left, _, right):
                return self._all([left, right])
            case ast.IfExp(_, body, orelse):
                return self._is_constant(body, part) and self._is_constant(orelse, part)
            case ast.GeneratorExp(elt) | ast.ListComp(elt) | ast.SetComp(elt):
                return self._is_constant(elt, part)
            case ast.DictComp(key):
                return self._is_constant(key)
            case ast.Call():
                return self._call(node, part)
            case ast.Attribute():
                return self._attribute(node, part)
            case ast.Name(name):
                return self._name(name, node, part)
        return False

    # -- calls ---------------------------------------------------------------------------

    def _call(self, call: ast.Call, part: int | None) -> bool:
        name = ast.unparse(call.func).rpartition(".")[2]
        given = [*call.args, *(each.value for each in call.keywords)]
        if name == "len":
            return True
        if name == "fields" and isinstance(call.args[0], ast.Name):  # what a dataclass declares
            return call.args[0].id in self.classes
        if isinstance(call.func, ast.Attribute) and name in _METHODS:
            return self._is_constant(call.func.value) and self._all(given)
        if isinstance(call.func, ast.Attribute) and name in ("items", "values"):
            return self._is_constant(call.func.value, VALUES)
        if name in _KEEPING:
            return self._all(given)
        if name in self.classes:  # an object is what it was made of
            return self._all(given)
        found = self.functions.get(name, [])
        if name.startswith("_"):
            found = [each for each in found if self._module(each) == self._module(call)]
        return bool(found) and all(self._returns(each, part) for each in found)

    def _returns(self, function: Function, part: int | None) -> bool:
        returned = [
            each.value
            for each in ast.walk(function)
            if isinstance(each, ast.Return | ast.Yield) and self._function(each) is function
        ]
        return bool(returned) and all(
            each is not None and self._is_constant(each, part) for each in returned
        )

    def _attribute(self, node: ast.Attribute, part: int | None) -> bool:
        """A constant of a module, a part of a constant object, or a field that is always one."""
        if isinstance(node.value, ast.Name):
            for module in self._imported(node.value.id, node):
                if module in self.trees:
                    return self._global(node.attr, module, part)
        if self._is_constant(node.value):
            return True
        owners = self.classes.get(self._kind(node.value), [])
        if len(owners) != 1 or node.attr not in ast.unparse(owners[0]):
            return False
        fields = [ast.unparse(a.target) for a in owners[0].body if isinstance(a, ast.AnnAssign)]
        makers = self.calls[owners[0].name]
        return bool(makers) and all(
            self._argument(call, fields.index(node.attr), node.attr) for call in makers
        )

    def _kind(self, node: ast.expr) -> str:
        """Return the class that a parameter is annotated with; nothing for any other name."""
        function = self._function(node)
        if not isinstance(node, ast.Name) or function is None:
            return ""
        given = (*function.args.args, *function.args.kwonlyargs)
        kinds = [ast.unparse(each.annotation) for each in given
                 if each.arg == node.id and each.annotation is not None]  # fmt: skip
        rebound = any(True for _ in self._bound(function, node.id))
        return kinds[0] if kinds and not rebound else ""

    def _argument(self, call: ast.Call, position: int, name: str) -> bool:
        for keyword in call.keywords:
            if keyword.arg == name:
                return self._is_constant(keyword.value)
        before = call.args[: position + 1]
        if any(isinstance(each, ast.Starred) for each in before) or len(before) <= position:
            return False
        return self._is_constant(before[position])

    # -- names ---------------------------------------------------------------------------

    def _function(self, node: ast.AST) -> Function | None:
        while (node := self.parents.get(node)) is not None:  # type: ignore[assignment]
            if isinstance(node, Function):
                return node
        return None

    def _module(self, node: ast.AST) -> str:
        while node in self.parents:
            node = self.parents[node]
        return next(name for name, tree in self.trees.items() if tree is node)

    def _name(self, name: str, node: ast.AST, part: int | None) -> bool:
        scope = node
        while (scope := self.parents.get(scope)) is not None:  # type: ignore[assignment]
            if isinstance(scope, Comprehension):
                bound = list(self._targets(scope, name))
            elif isinstance(scope, Function):
                bound = list(self._bound(scope, name))
                if name in _parameters(scope):
                    return self._parameter(scope, name) and all(
                        self._is_constant(value, at if at is not None else part)
                        for value, at in bound
                    )
            else:
                continue
            if bound:
                return all(
                    self._is_constant(value, at if at is not None else part) for value, at in bound
                )
        return self._global(name, self._module(node), part)

    def _global(self, name: str, module: str, part: int | None) -> bool:
        tree = self.trees[module]
        bound = list(self._bound(tree, name))
        if bound:
            return all(self._is_constant(v, at if at is not None else part) for v, at in bound)
        for found in self._imported(name, tree):
            owner, _, inner = found.rpartition(".")
            if owner in self.trees:
                return self._global(inner, owner, part)
        return hasattr(builtins, name)

    def _imported(self, name: str, node: ast.AST) -> Iterator[str]:
        for each in ast.walk(self.trees[self._module(node)]):
            if isinstance(each, ast.ImportFrom):
                for alias in each.names:
                    if (alias.asname or alias.name) == name:
                        yield f"{each.module}.{alias.name}"

    def _parameter(self, function: Function, name: str) -> bool:
        arguments = function.args
        named = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
        is_method = isinstance(self.parents[function], ast.ClassDef) and named[:1] == ["self"]
        calls = self.calls[function.name]
        if function.name.startswith("_") or self._function(function):
            calls = [each for each in calls if self._module(each) == self._module(function)]
        defaults = dict(zip(named[::-1], arguments.defaults[::-1], strict=False))
        only = (each.arg for each in arguments.kwonlyargs)
        defaults |= {k: v for k, v in zip(only, arguments.kw_defaults, strict=True) if v}
        position = named.index(name) - is_method if name in named else 1_000
        if position < 0:
            return False
        for call in calls:
            has = position < len(call.args) or any(k.arg == name for k in call.keywords)
            if not has and name in defaults:
                if not self._is_constant(defaults[name]):
                    return False
            elif not self._argument(call, position, name):
                return False
        return bool(calls)

    def _bound(self, scope: ast.AST, name: str) -> Iterator[tuple[ast.AST, int | None]]:
        """Yield what a name is bound to in a scope, and which part of it; appended parts, too."""
        for node in ast.walk(scope):
            inner = self._function(node)
            if inner is not (scope if isinstance(scope, Function) else None):
                continue
            match node:
                case ast.Assign(targets, value):
                    for target in targets:
                        yield from _parts(target, value, name)
                case ast.AnnAssign(target, _, value) if value is not None:
                    yield from _parts(target, value, name)
                case ast.AugAssign(target, _, value) | ast.NamedExpr(target, value):
                    yield from _parts(target, value, name)
                case ast.For(target, iterated) | ast.AsyncFor(target, iterated):
                    yield from self._each(target, iterated, name)
                case ast.With(items) | ast.AsyncWith(items):
                    for item in items:
                        if item.optional_vars is not None:
                            yield from _parts(item.optional_vars, item.context_expr, name)
                case ast.Call(ast.Attribute(ast.Name(owner), "append" | "extend" | "insert"), args):
                    if owner == name:
                        yield args[-1], None

    def _targets(self, scope: Comprehension, name: str) -> Iterator[tuple[ast.AST, int | None]]:
        for each in scope.generators:
            yield from self._each(each.target, each.iter, name)

    def _each(
        self, target: ast.AST, iterated: ast.AST, name: str
    ) -> Iterator[tuple[ast.AST, int | None]]:
        """Yield what a name is bound to that goes through something: parts of each, or all."""
        if isinstance(iterated, ast.Tuple | ast.List):
            for each in iterated.elts:
                yield from _parts(target, each, name)
        else:
            for value, part in _parts(target, iterated, name):
                yield value, part if self._is_generator(iterated) else None

    def _is_generator(self, node: ast.AST) -> bool:
        """Whether it calls what yields: then the parts are those of each that is yielded."""
        if not isinstance(node, ast.Call):
            return False
        found = self.functions.get(ast.unparse(node.func).rpartition(".")[2], [])
        return bool(found) and all(
            any(isinstance(each, ast.Yield) for each in ast.walk(function)) for function in found
        )


def _parts(target: ast.AST, value: ast.AST, name: str) -> Iterator[tuple[ast.AST, int | None]]:
    if isinstance(target, ast.Name) and target.id == name:
        yield value, None
    elif isinstance(target, ast.Tuple | ast.List):
        for number, each in enumerate(target.elts):
            if isinstance(each, ast.Name) and each.id == name:
                yield value, number


def _parameters(function: Function) -> set[str]:
    given = function.args
    found = {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
    return found | {each.arg for each in (given.vararg, given.kwarg) if each}
