"""What the server refuses beyond the engine's grants, on the engine's own reading of a statement."""

import pytest

from warehouse.admission import Classified, Denied, check_canonical, check_class, check_setting, is_suspect


@pytest.mark.parametrize(
    ("kind", "sql", "read_only"),
    [
        ("MUTATING", b"INSERT INTO t VALUES (1)", True),
        ("CONTROL", b"CREATE TEMPORARY TABLE t (a Int8)", True),
        ("CONTROL", b"SELECT 1 INTO OUTFILE 'x'", False),
        ("CONTROL", b"BACKUP TABLE t TO Disk('x')", False),
        ("CONTROL", b"ATTACH TABLE t FROM '/x' (a Int8) ENGINE = Memory", False),
        ("MUTATING_GLOBAL", b"CREATE FUNCTION f AS x -> x", False),
    ],
)
def test_statements_beyond_the_users_rights_are_denied(kind: str, sql: bytes, read_only: bool) -> None:
    with pytest.raises(Denied):
        check_class(sql, Classified(kind, 1), read_only=read_only)


@pytest.mark.parametrize(
    ("kind", "sql", "read_only"),
    [
        ("READ_ONLY", b"SELECT 1", True),
        ("CONTROL", b"SET max_threads = 1", True),
        ("CONTROL", b"USE tidegate", True),
        ("MUTATING", b"DROP TABLE t", False),
        ("CONTROL", b"KILL QUERY WHERE 1", False),
        ("UNKNOWN", b"selec", True),
    ],
)
def test_ordinary_statements_pass(kind: str, sql: bytes, read_only: bool) -> None:
    check_class(sql, Classified(kind, 1), read_only=read_only)


def test_several_statements_at_once_are_denied() -> None:
    with pytest.raises(Denied, match="Multi-statements"):
        check_class(b"SELECT 1; SELECT 2", Classified("READ_ONLY", 2), read_only=False)


@pytest.mark.parametrize(
    "canonical",
    [
        "SELECT file('/etc/passwd')",
        "SELECT * FROM executable('x', 'TSV', 'a Int8')",
        "SELECT * FROM python('c')",
        "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT `file`('/etc/passwd')",
    ],
)
def test_a_statement_that_reaches_out_is_denied(canonical: str) -> None:
    assert is_suspect(canonical.encode())
    with pytest.raises(Denied):
        check_canonical(canonical)


@pytest.mark.parametrize(
    "canonical", ["SELECT 'file(1)', file FROM t", "SELECT profile(x)", "SELECT 'INTO OUTFILE'"]
)
def test_the_words_alone_are_allowed(canonical: str) -> None:
    check_canonical(canonical)


def test_settings_are_names_and_plain_values() -> None:
    check_setting("max_threads", "3")
    for name, value in (("a b", "1"), ("x = 1, y", "1"), ("additional_table_filters", "{'t': 'file(x)'}")):
        with pytest.raises(Denied):
            check_setting(name, value)
