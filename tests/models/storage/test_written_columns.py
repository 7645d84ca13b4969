"""Tests of the columns that a statement writes."""

import pytest
from sqlalchemy import bindparam, delete, update

from models.access.tokens import Token
from models.storage.columns import Text
from models.storage.statement import Statement
from models.storage.written_columns import writes_of

INSERTS = {("t", "a", "INSERT"), ("t", "b", "INSERT")}


@pytest.mark.parametrize(
    ("sql", "writes"),
    [
        ("SELECT a FROM t WHERE b = 1 FOR UPDATE", set()),
        ("INSERT INTO t (a, b)\nVALUES (:a, :b)", INSERTS),
        ("INSERT INTO t AS x (a, b)\nSELECT 1, 2\nON CONFLICT (a) DO NOTHING", INSERTS),
        (
            "INSERT INTO t (a, b) VALUES (:a, :b) ON CONFLICT (a) DO UPDATE SET b = excluded.b, c = t.c + 1",
            INSERTS | {("t", "b", "UPDATE"), ("t", "c", "UPDATE")},
        ),
        (
            (
                "UPDATE t AS x SET a = COALESCE(b, (SELECT max(c) FROM u)), b = CASE WHEN d = 1 THEN 2 END "
                "FROM u WHERE x.c = u.c RETURNING d"
            ),
            {("t", "a", "UPDATE"), ("t", "b", "UPDATE")},
        ),
        ("UPDATE t SET a = 1", {("t", "a", "UPDATE")}),
        ("DELETE FROM t AS x USING u WHERE x.a = u.a", {("t", "", "DELETE")}),
        (
            (
                "WITH gone AS (DELETE FROM t WHERE a = 1 RETURNING a), kept AS (\n"
                "    UPDATE u SET b = 1 WHERE a = 2\n    RETURNING a\n)\nINSERT INTO v (c) SELECT a FROM gone"
            ),
            {("t", "", "DELETE"), ("u", "b", "UPDATE"), ("v", "c", "INSERT")},
        ),
    ],
)
def test_a_statement_writes_what_its_clauses_name(sql: str, writes: set[tuple[str, str, str]]) -> None:
    assert {tuple(write) for write in writes_of(Statement(sql))} == writes


def test_expressions_of_sqlalchemy_are_read_too() -> None:
    name = bindparam("name", type_=Text)
    assert {*writes_of(Statement(update(Token).values(name=name, system=name)))} == {
        ("tokens", "name", "UPDATE"),
        ("tokens", "system", "UPDATE"),
    }
    assert {*writes_of(Statement(delete(Token)))} == {("tokens", "", "DELETE")}
