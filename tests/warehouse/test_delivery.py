"""The writer's questions, asked of the real engine."""

import socket
import time

import pytest
from clickhouse_connect.driver.client import Client

from kernel.events import LedgerRow
from tests.warehouse.event_rows import row
from warehouse.batches import BLOCK_ROWS, Assembly, Batch, Origin
from warehouse.delivery import Delivery, Undelivered, insert_ledger
from warehouse.ledger import CLOSED

# A full minute an hour ago: the tables forget what is older than a week.
NOON = float(int(time.time()) // 60 * 60 - 3600)
MANY = 10_000


def a_batch(tenant: str, rows: int = 3, **changed: object) -> Batch:
    assembly = Assembly(Origin(tenant, "w1", 7), MANY)
    events = [row(tenant, seq, ended_at=NOON + seq / 1e3, boot=7, **changed) for seq in range(1, rows + 1)]
    for first in range(0, rows, BLOCK_ROWS):
        assembly.add(events[first : first + BLOCK_ROWS])
    assembly.close()
    return assembly.take()[0]


def count(client: Client, table: str, tenant: str) -> int:
    question = (
        f"SELECT {'count()' if table == 'requests' else 'sum(requests)'} FROM {table} WHERE tenant = %(t)s"
    )
    return int(client.query(question, parameters={"t": tenant}).result_rows[0][0])


def test_a_batch_is_stored_once_at_every_level(
    warehouse_url: str, warehouse_client: Client, tenant: str
) -> None:
    delivery = Delivery(warehouse_url)
    batch = a_batch(tenant, MANY)
    assert not delivery.holds(batch)
    for _ in range(3):
        delivery.store(batch)
    assert delivery.holds(batch)
    for table in ("requests", "requests_1s", "requests_1m", "requests_1h"):
        assert count(warehouse_client, table, tenant) == MANY
    delivery.close()


def test_what_the_warehouse_gives_back_is_what_was_sent(
    warehouse_url: str, warehouse_client: Client, tenant: str
) -> None:
    delivery = Delivery(warehouse_url)
    delivery.store(a_batch(tenant, 1, client_ip="10.1.2.3", would_refuse=("a", "b"), object_id=-1, interim=1))
    question = (
        "SELECT toString(client_ip), would_refuse, object_id, toUnixTimestamp64Micro(ended_at), boot, interim"
        " FROM requests WHERE tenant = %(t)s"
    )
    (found,) = warehouse_client.query(question, parameters={"t": tenant}).result_rows
    assert found == ("::ffff:10.1.2.3", ["a", "b"], -1, round((NOON + 0.001) * 1e6), 7, 1)
    delivery.close()


def test_ledger_rows_are_stored(warehouse_url: str, warehouse_client: Client, tenant: str) -> None:
    entry = LedgerRow(tenant, "w1", 7, CLOSED, round(NOON * 1e6), 10, 5, 3, 2, 0, 1, ("10.0.0.1",))
    delivery = Delivery(warehouse_url)
    delivery.store_ledger([entry])
    insert_ledger(warehouse_client, [entry._replace(worker="w2")])
    question = (
        "SELECT worker, toUnixTimestamp64Micro(through), offered, slow_clients FROM ledger"
        " WHERE tenant = %(t)s ORDER BY worker"
    )
    found = warehouse_client.query(question, parameters={"t": tenant}).result_rows
    assert found == [("w1", CLOSED, 10, ["10.0.0.1"]), ("w2", CLOSED, 10, ["10.0.0.1"])]
    delivery.close()


def test_nobody_there_is_no_answer() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        delivery = Delivery(f"http://127.0.0.1:{closed.getsockname()[1]}")
        for ask in (
            lambda: delivery.store(a_batch("t")),
            lambda: delivery.store_ledger([]),
            lambda: delivery.holds(a_batch("t")),
        ):
            with pytest.raises(Undelivered, match="refused") as failure:
                ask()
            assert not failure.value.answered
            assert "?" not in str(failure.value)


def test_a_no_of_the_warehouse_is_an_answer(warehouse_url: str) -> None:
    delivery = Delivery(f"{warehouse_url}/no_such_database")
    for ask in (lambda: delivery.store(a_batch("t")), lambda: delivery.holds(a_batch("t"))):
        with pytest.raises(Undelivered) as failure:
            ask()
        assert failure.value.answered
    delivery.close()


def test_a_warehouse_that_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        delivery = Delivery(f"http://127.0.0.1:{silent.getsockname()[1]}")
        delivery.meanwhile = lambda: False
        with pytest.raises(Undelivered, match="no answer in time"):
            delivery.store(a_batch("t"))
        delivery.close()
