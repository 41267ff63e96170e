"""What a writer asks of the warehouse: store a batch, is it stored, store ledger rows."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from clickhouse_connect.driver.client import Client

from kernel.events import NAMES, LedgerRow
from warehouse.batches import LEDGER_NAMES, Batch, encode_ledger
from warehouse.client import connect
from warehouse.courier import Courier, GaveUp
from warehouse.failures import FAILURES, hush_clients, is_answer, to_reason
from warehouse.queries import load

Answer = TypeVar("Answer")
CONNECT_TIMEOUT_S = 1
ANSWER_TIMEOUT_S = 10
# Views see the token too, so that a batch that is sent twice changes no roll-up either.
SETTINGS = {"insert_deduplicate": "1", "deduplicate_blocks_in_dependent_materialized_views": "1"}


class Undelivered(Exception):
    """The warehouse did not say yes. `answered`: it said no; else nobody knows what it did."""

    def __init__(self, reason: str, *, answered: bool) -> None:
        super().__init__(reason)
        self.answered = answered


class Delivery:
    """The connection of one writer, made when it is needed. For one thread. Every method: Undelivered.

    `meanwhile` is called while the warehouse keeps the caller waiting; False gives the wait up.
    """

    def __init__(self, url: str) -> None:
        self.meanwhile: Callable[[], bool] = always
        self._url = url
        self._client: Client | None = None
        self._courier = Courier()
        hush_clients()  # the flusher tells an absence once

    def store(self, batch: Batch) -> None:
        """Insert a batch under its token."""
        settings = SETTINGS | {"insert_deduplication_token": batch.token}
        self._ask(
            lambda client: client.raw_insert("requests", NAMES, batch.body, settings=settings, fmt="Native")
        )

    def holds(self, batch: Batch) -> bool:
        """Whether the warehouse has the batch."""
        origin, mark = batch.origin, batch.mark
        parameters = {
            "tenant": origin.tenant,
            "worker": origin.worker,
            "boot": origin.boot,
            "seq": mark.seq,
            "interim": mark.interim,
            "started_at": mark.started_at,
            "ended_at": mark.ended_at,
        }
        answer = self._ask(lambda client: client.query(load("batch_stored"), parameters=parameters))
        return bool(answer.result_rows[0][0])

    def store_ledger(self, rows: Sequence[LedgerRow]) -> None:
        """Insert ledger rows. Twice does no harm: readers take the newest of a boot."""
        self._ask(lambda client: insert_ledger(client, rows))

    def close(self) -> None:
        """Give the connection back."""
        self._courier.close()
        if self._client is not None:
            self._client.close()
            self._client = None

    def _ask(self, question: Callable[[Client], Answer]) -> Answer:
        """The answer to a question that the courier puts."""
        try:
            answer = self._courier.run(lambda: self._put(question), self.meanwhile)
        except GaveUp as failure:
            self._client = None  # the courier still has it
            raise Undelivered("no answer in time", answered=False) from failure
        if not isinstance(answer, Undelivered):
            return answer
        if not answer.answered:
            self.close()
        raise answer

    def _put(self, question: Callable[[Client], Answer]) -> Answer | Undelivered:
        client = None
        try:
            client = self._connected()
            return question(client)
        except FAILURES as failure:
            return Undelivered(to_reason(failure), answered=client is not None and is_answer(failure))

    def _connected(self) -> Client:
        if self._client is None:
            self._client = connect(self._url, connect_timeout_s=CONNECT_TIMEOUT_S, timeout_s=ANSWER_TIMEOUT_S)
        return self._client


def always() -> bool:
    """Wait as long as it takes."""
    return True


def insert_ledger(client: Client, rows: Sequence[LedgerRow]) -> None:
    """Insert ledger rows with a client of one's own (the supervisor's, for what `book_lost` found)."""
    client.raw_insert("ledger", LEDGER_NAMES, encode_ledger(rows), fmt="Native")
