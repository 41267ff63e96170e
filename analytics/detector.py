"""What every detector is: `score` is pure, `learn` is apart from it, memory is bounded.

`score` sees a window and the baseline as it was before; it says which keys look anomalous.
`learn` is given windows some seconds late (LEARNING_DELAY_S), when what they hold either has
become a finding, and is masked, or will not: nothing that is still evidence is learnt.
"""

from typing import NamedTuple, Protocol

import msgspec

from analytics.series import Columns, Recent
from analytics.windows import Trail, Window
from kernel.findings import Observation, Severity

LEARNING_DELAY_S = 5
LEAST_HISTORY_S = 15  # a detector is silent before it has learnt so much


class Seen(NamedTuple):
    """A window and what went before it: what a detector scores and learns from."""

    window: Window
    cells: Trail
    columns: Columns
    recent: Recent
    lately: tuple[Window, ...]  # of the last ten seconds, oldest first; the last is `window`


class Signal(NamedTuple):
    """What a detector says of one key in one window.

    `ripe`: enough to open a finding; otherwise it only keeps one open. `onset` is the start of
    the first anomalous window, in seconds since 1970.
    """

    key: str
    kind: str
    ripe: bool
    score: float
    onset: int
    route: str
    identity: str
    group: str  # findings of one detector and group are one incident; empty: on its own
    severity: Severity
    summary: str
    evidence: tuple[Observation, ...]


class Scored(NamedTuple):
    """Signals of one window, and the keys that were looked at and are calm."""

    signals: tuple[Signal, ...]
    calm: frozenset[str] = frozenset()


class Mask(NamedTuple):
    """Whom not to learn from: keys under a finding, by detector's number."""

    keys: frozenset[tuple[str, str]]

    def holds(self, detector: str, key: str) -> bool:
        """Whether the key is under a finding of that detector."""
        return (detector, key) in self.keys


class Card(msgspec.Struct, frozen=True):
    """What a detector is, for people and for the docs."""

    number: str
    kind: str
    owasp: str
    looks_at: tuple[str, ...]  # columns of the request event
    silence_is_calm: bool  # whether a window without the key counts as a calm one
    adopted_after_s: int  # a finding masks its key for so long; then what lasts is the new normal
    summary: str
    quiet_s: int = 15  # calm seconds after which a finding closes; longer where who attacks makes pauses


class Detector(Protocol):
    """One detector over all of its keys."""

    @property
    def card(self) -> Card:
        """What it is."""

    def score(self, seen: Seen) -> Scored:
        """Judge a window. Changes nothing."""

    def learn(self, seen: Seen, mask: Mask) -> None:
        """Take in a window that is over and done with; windows come in order."""

    def size(self) -> int:
        """Keys remembered: bounded whatever comes."""
