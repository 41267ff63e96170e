"""Migrations: applied once, checked, equal to the kernel's columns."""

import re

import pytest
from clickhouse_connect.driver.client import Client

from kernel.events import COLUMNS, DEFAULTED, LedgerRow
from kernel.findings import Finding, Overlay
from warehouse.migrate import Layout, MigrationRefused, migrate, shipped, statements, to_migration

HEADER = "-- blocking: no\n-- why: a test\n"


def test_migrations_are_applied_once(fresh_database: Client) -> None:
    assert migrate(fresh_database) == ()


@pytest.mark.parametrize("table", ["requests", "imports"])
def test_the_raw_tables_hold_the_columns_of_the_kernel(warehouse_client: Client, table: str) -> None:
    described = warehouse_client.query(f"DESCRIBE TABLE {table}").result_rows
    found = [(name, kind) for name, kind, *_ in described]
    assert found == [
        (column.name, re.split(" DEFAULT| ALIAS", column.type)[0]) for column in COLUMNS + DEFAULTED
    ]


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("ledger", LedgerRow._fields),
        ("findings", Finding.__struct_fields__),
        ("overlays", Overlay.__struct_fields__),
    ],
)
def test_the_other_tables_hold_the_fields_of_the_kernel(
    warehouse_client: Client, table: str, fields: tuple[str, ...]
) -> None:
    names = {name for name, *_ in warehouse_client.query(f"DESCRIBE TABLE {table}").result_rows}
    assert names - {"version"} == set(fields)


def test_every_table_that_a_batch_reaches_remembers_its_tokens(warehouse_client: Client) -> None:
    query = (
        "SELECT name, create_table_query FROM system.tables"
        " WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    )
    forgetful = [
        name
        for name, text in warehouse_client.query(query).result_rows
        if "non_replicated_deduplication_window = 10000" not in text and name != "migrations"
    ]
    assert forgetful == []


def test_an_edited_migration_is_refused(fresh_database: Client) -> None:
    edited = tuple(to_migration(one.name, one.text + "\n") for one in shipped())
    with pytest.raises(MigrationRefused, match=r"0001_requests\.sql was edited after it was applied"):
        migrate(fresh_database, edited)


def test_a_warehouse_of_a_newer_version_is_refused(fresh_database: Client) -> None:
    with pytest.raises(MigrationRefused, match="which this version does not know"):
        migrate(fresh_database, shipped()[:-1])


def test_a_migration_that_comes_before_an_applied_one_is_refused(fresh_database: Client) -> None:
    late = to_migration("0001_aaa.sql", HEADER + "SELECT 1;\n")
    with pytest.raises(MigrationRefused, match=r"0001_aaa\.sql comes before"):
        migrate(fresh_database, (late, *shipped()))


@pytest.mark.parametrize(
    ("name", "text"), [("1_x.sql", HEADER), ("0001_x.sql", "SELECT 1;"), ("0001_x.sql", "-- blocking: no\n")]
)
def test_a_migration_without_number_or_header_is_refused(name: str, text: str) -> None:
    with pytest.raises(MigrationRefused):
        to_migration(name, text)


def test_only_the_templated_parts_differ_on_a_cluster() -> None:
    text = (
        "CREATE TABLE a ${on_cluster} (x Int8) ENGINE = ${replicated}MergeTree ORDER BY x SETTINGS ${dedup}"
    )
    assert Layout().render(text) == (
        "CREATE TABLE a  (x Int8) ENGINE = MergeTree ORDER BY x"
        " SETTINGS non_replicated_deduplication_window = 10000"
    )
    assert Layout("main").render(text) == (
        "CREATE TABLE a ON CLUSTER `main` (x Int8) ENGINE = ReplicatedMergeTree ORDER BY x SETTINGS"
        " replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 172800"
    )


def test_statements_end_at_semicolons_that_end_a_line() -> None:
    assert statements("-- why; not\nSELECT ';';\nSELECT 2\n  + 1;\n") == ("SELECT ';'", "SELECT 2\n  + 1")
