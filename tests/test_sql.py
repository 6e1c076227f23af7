"""SQL is made of constants of the source alone; all else is a parameter.

``constants.py`` follows every piece of every SQL text to where it comes from. The code says
``noqa: S608`` where SQL is put together: what stands there is proved here, not believed.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from constants import Package
from crawls import ROOT

from newscrawl.items import PageKind

RUNS_SQL = ("execute", "executemany", "executescript", "query", "create_view")

REVIEWED = {
    "newscrawl.store.integrity: sql": "made by SQLite of the names of our own tables and columns",
    "newscrawl.store.repair: sql": "made by SQLite of the names of our own tables and columns",
    "newscrawl.store.salvage: sql": "made by SQLite of the names of our own tables and columns",
    "newscrawl.archive.datasette.database: sql": "a reader's question, on a connection that only "
    "reads, by the rules of newscrawl.archive.datasette.sql_rules",
    "newscrawl.store.reshape: sql": "made by our own migrations in a database in memory; or by "
    "SQLite, which quotes the name of what is dropped; see reshape()",
}
"""What a person looked at instead, by module and the name that cannot be followed."""


@cache
def newscrawl() -> Package:
    return Package(ROOT / "newscrawl")


def _is_reviewed(where: str, node: ast.AST) -> str | None:
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    found = [key for key in REVIEWED if key in {f"{where.partition(':')[0]}: {n}" for n in names}]
    return found[0] if found else None


def test_sql_is_made_of_constants() -> None:
    package, reviewed, proved = newscrawl(), set(), 0
    for where, sql in package.given_to(*RUNS_SQL):
        if package.proves(sql):
            proved += 1
        else:
            key = _is_reviewed(where, sql)
            assert key, f"{where} runs SQL that is not made of constants: {ast.unparse(sql)}"
            reviewed.add(key)
    assert proved > 150
    assert reviewed == set(REVIEWED)


def test_every_mark_holds_what_it_says() -> None:
    """Each expression that a linter was told to let pass is proved."""
    package, marks = newscrawl(), 0
    for name, tree in package.trees.items():
        path = ROOT.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        lines = path.read_text(encoding="utf-8").splitlines()
        marked = {number for number, line in enumerate(lines, 1) if "noqa: S608" in line}
        marks += len(marked)
        for node in ast.walk(tree):
            if not isinstance(node, ast.JoinedStr | ast.BinOp):
                continue
            spans = set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            if spans & marked:
                proved = package.proves(node) or _is_reviewed(name, node)
                assert proved, f"{name}:{node.lineno} {ast.unparse(node)}"
                marked -= spans
        assert not marked, f"{name}: nothing is put together in lines {sorted(marked)}"
    assert marks > 30


YOUNGER = {
    "3.35": r"\bRETURNING\b|MATERIALIZED|DROP COLUMN|ON CONFLICT\s+DO UPDATE|\b(?:ceil|ln|sqrt)\(",
    "3.37": r"\bSTRICT\b|table_list",
    "3.38": r"->|\b(?:unixepoch|format)\(|writable_schema = RESET",
    "3.39": r"RIGHT JOIN|FULL (?:OUTER )?JOIN|IS (?:NOT )?DISTINCT FROM",
    "3.41": r"\bunhex\(",
    "3.42": r"json_error_position|'subsec(?:ond)?'",
    "3.43": r"contentless_delete|\b(?:octet_length|timediff|string_agg|concat(?:_ws)?)\(",
    "3.45": r"\bjsonb",
}
"""What each SQLite after the oldest that is supported brought, as it would stand in our SQL."""


IS_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA)\b")


def _sql_texts() -> Iterator[tuple[str, str]]:
    """Yield each text of the source that is SQL, and where it stands; not what is put in."""
    for name, tree in newscrawl().trees.items():
        docs = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            text = "".join(str(each.value) for each in parts if isinstance(each, ast.Constant))
            if node not in docs and re.search(
                r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA)\b", text
            ):
                yield f"{name}:{getattr(node, 'lineno', 0)}", text


WITH_ANOTHER_WAY = {"PRAGMA table_list"}
"""What is younger, and only asked of an SQLite that has it."""


def test_sql_is_of_the_oldest_supported_sqlite() -> None:
    seen = 0
    for where, text in _sql_texts():
        seen += 1
        for version, younger in YOUNGER.items():
            assert text in WITH_ANOTHER_WAY or not re.search(younger, text), (
                f"{where} needs SQLite {version}: {text}"
            )
        is_grouped = "HAVING" not in text or "GROUP BY" in text
        assert is_grouped, f"{where}: HAVING without GROUP BY needs SQLite 3.39: {text}"
    assert seen > 300


def test_sql_of_the_documents_is_of_the_oldest_supported_sqlite() -> None:
    documents = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    found = [
        (path.name, sql)
        for path in documents
        for sql in re.findall(r"```sql\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    ]
    for name, sql in found:
        for version, younger in YOUNGER.items():
            assert not re.search(younger, sql), f"{name} needs SQLite {version}: {sql}"
    assert len(found) > 10


def test_sql_names_no_kind_of_page() -> None:
    """What SQL must know of a kind is a column, or a parameter."""
    for path in [*ROOT.glob("newscrawl/store/**/*.py"), *ROOT.glob("newscrawl/archive/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = [kind for kind in PageKind if f"'{kind}'" in node.value]
                assert not named, f"{path.relative_to(ROOT)}:{node.lineno} names {named}"


@pytest.mark.parametrize(
    ("source", "is_constant"),
    [
        ("def f(db, title): db.execute('SELECT 1 WHERE title = ?', (title,))", True),
        ("T = 'articles'\ndef f(db): db.execute(f'SELECT * FROM {T}')", True),
        ("C = ('a', 'b')\ndef f(db): db.execute('SELECT ' + ', '.join(C))", True),
        ('def f(db, codes): db.execute(f\'IN ({", ".join("?" * len(codes))})\', codes)', True),
        ("def f(db):\n for t in ('a', 'b'): db.execute(f'DELETE FROM {t}')", True),
        ("def f(db): g(db, 'a')\ndef g(db, t): db.execute(f'DELETE FROM {t}')", True),
        ("def f(db, title): db.execute(f'SELECT {title}')", False),
        ("def f(db, title): db.execute('SELECT ' + title)", False),
        ("def f(db, title): db.execute('SELECT %s' % title)", False),
        ("def f(db, title): db.execute('SELECT {}'.format(title))", False),
        ("def f(db, row): db.execute(', '.join(row))", False),
        ("def f(db, item): db.execute(f'SELECT {item.title}')", False),
        ("def f(db): [(t,)] = db.execute('SELECT a')\n db.execute(t)", False),
        ("def f(db):\n for t in db.execute('SELECT a'): db.execute(f'DELETE FROM {t}')", False),
        ("def f(db, t): g(db, t)\ndef g(db, t): db.execute(f'DELETE FROM {t}')", False),
        ("def f(db): g(db, 'a'); g(db, input())\ndef g(db, t): db.execute(t)", False),
        ("def f(db, t):\n w = ['true']\n w.append(t)\n db.execute(' AND '.join(w))", False),
        ("def f(db, t):\n w = 'true'\n w += t\n db.execute(w)", False),
        ("class A: a: str\ndef f(db): db.execute(', '.join(e.name for e in fields(A)))", True),
        ("def f(db, a): db.execute(', '.join(e.name for e in fields(a)))", False),
        ("import os\ndef f(db): db.execute(os.environ['SQL'])", False),
        ("def g(t): return t\ndef f(db, t): db.execute(g(t))", False),
        ("def f(db, d): db.execute(', '.join({**d}))", False),
        ("Q = {'a': 'b'}\ndef f(db):\n for t, q in Q.items(): db.execute(q)", True),
        ("def f(db, x):\n q = {'a': x}\n for t, q in q.items(): db.execute(q)", False),
        ("def g(x):\n yield '?', x\ndef f(db, x):\n for m, p in g(x): db.execute(m, p)", True),
        ("def g(x):\n yield '?', x\ndef f(db, x):\n for m, p in g(x): db.execute(p)", False),
        ("T = input()\ndef f(db): db.execute(T)", False),
    ],
)
def test_the_proof_itself(tmp_path: Path, source: str, is_constant: bool) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    text = re.sub(r"^def (.+?): (?=\[)", r"def \1:\n ", source, flags=re.MULTILINE)
    (folder / "module.py").write_text(textwrap.dedent(text), encoding="utf-8")
    package = Package(folder)
    found = [package.proves(sql) for _, sql in package.given_to("execute")]
    assert all(found) == is_constant
