"""What a dead boot left behind: its losses are booked, its spool is drained, its files are removed."""

from pathlib import Path

from warehouse.ledger import Ledger, open_orphans
from warehouse.spool import Spool


class Orphan:
    """A ledger without an owner, and its spool."""

    def __init__(self, ledger: Ledger, directory: Path, max_bytes: int) -> None:
        self.ledger = ledger
        self.spool = Spool(ledger, directory, max_bytes)
        self.told = False  # whether the warehouse has its ledger row as it is now
        self.spool.recount()
        self.booked = ledger.book()

    @property
    def is_settled(self) -> bool:
        """Nothing is left to drain or to tell."""
        return self.told and self.ledger.spooled == 0

    def close(self) -> None:
        """Let go of the files; settled ones are removed."""
        if self.is_settled:
            self.spool.delete()
        self.ledger.close(delete=self.is_settled)


def adopt(directory: Path, max_bytes: int) -> list[Orphan]:
    """Every orphan of a directory, locked for the caller until it closes them."""
    return [Orphan(ledger, directory, max_bytes) for ledger in open_orphans(directory)]


def book_lost(directory: Path) -> int:
    """Book as dropped what dead workers had in memory: events lost. For supervisor and next boot; idempotent.

    The files stay. A writer in this directory adopts them within seconds: it tells the warehouse, looks up
    the batch that was on its way when its worker died, and drains the spool.
    """
    lost = 0
    for orphan in adopt(directory, max_bytes=0):
        lost += orphan.booked
        orphan.close()
    return lost
