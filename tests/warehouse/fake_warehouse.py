"""A warehouse that a test owns: up, away, away after it stored, or unwilling to take one batch."""

from collections.abc import Sequence

from kernel.events import LedgerRow
from warehouse.batches import Batch
from warehouse.delivery import Undelivered


class FakeWarehouse:
    def __init__(self) -> None:
        self.is_up = True
        self.loses_answers = False  # stores what it is sent, and says nothing
        self.refuses: set[str] = set()  # tokens
        self.stored: dict[str, int] = {}  # token -> rows
        self.doubled: set[str] = set()  # stored a second time, because their token was forgotten
        self.forgotten: set[str] = set()
        self.ledger: list[LedgerRow] = []
        self.calls: list[str] = []

    @property
    def rows(self) -> int:
        return sum(self.stored.values())

    def store(self, batch: Batch) -> None:
        self.calls.append(f"store {batch.token}")
        if batch.token in self.refuses:
            raise Undelivered("cannot parse", answered=True)
        if self.is_up or self.loses_answers:
            if batch.token in self.stored and batch.token in self.forgotten:
                self.doubled.add(batch.token)
            self.stored[batch.token] = batch.rows
        self._answer()

    def holds(self, batch: Batch) -> bool:
        self.calls.append(f"holds {batch.token}")
        self._answer()
        return batch.token in self.stored

    def store_ledger(self, rows: Sequence[LedgerRow]) -> None:
        self.calls.append("ledger")
        self._answer()
        self.ledger += rows

    def _answer(self) -> None:
        if not self.is_up or self.loses_answers:
            raise Undelivered("connection refused", answered=False)
