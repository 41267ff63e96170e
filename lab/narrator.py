"""Tells what happens while it happens: lines on a plain output, a status line that stays on a terminal."""

from collections import Counter
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.status import Status

from lab.receiver import Alert
from lab.record import ATTACK_LABEL, GREEDY_LABEL, LEGITIMATE, Sent


class Figures(msgspec.Struct, frozen=True):
    """The last second as the clients saw it."""

    requests: int
    greedy: int
    refused: int
    greedy_refused: int
    attacks: int
    attacks_refused: int
    errors: int
    p95_ms: float


def figures_of(sent: Sequence[Sent]) -> Figures:
    """Count what was sent in a second."""
    counts: Counter[str] = Counter()
    for each in sent:
        counts["greedy"] += each.label == GREEDY_LABEL
        counts["refused"] += each.is_refused and each.label == LEGITIMATE
        counts["greedy_refused"] += each.is_refused and each.label == GREEDY_LABEL
        counts["attacks"] += each.label == ATTACK_LABEL
        counts["attacks_refused"] += each.is_refused and each.label == ATTACK_LABEL
        counts["errors"] += each.is_error
    durations = sorted(each.duration_ms for each in sent)
    return Figures(
        requests=len(sent),
        greedy=counts["greedy"],
        refused=counts["refused"],
        greedy_refused=counts["greedy_refused"],
        attacks=counts["attacks"],
        attacks_refused=counts["attacks_refused"],
        errors=counts["errors"],
        p95_ms=durations[int(len(durations) * 0.95)] if durations else 0.0,
    )


def line_of(second: float, phase: str, figures: Figures, *, refused: str = "legitimate refused") -> str:
    """One status line; `refused` names refused requests: a log does not say whose are legitimate."""
    parts = [
        f"{second:5.0f} s",
        f"{phase:<19}",
        f"{figures.requests:4d} requests/s",
        f"p95 {figures.p95_ms:4.0f} ms",
        f"{figures.errors:3d} error{' ' if figures.errors == 1 else 's'}",
    ]
    if figures.greedy:
        parts.append(f"greedy {figures.greedy}, {figures.greedy_refused} refused")
    if figures.attacks:
        parts.append(f"attack {figures.attacks}, {figures.attacks_refused} refused")
    if figures.refused:
        parts.append(f"{figures.refused} {refused}")
    return "  ".join(parts).rstrip()


def alert_line(alert: Alert) -> str:
    """An alert as it arrives, in one line."""
    where = f" on {alert.labels['route']}" if alert.labels.get("route") else ""
    if alert.state == "resolved":
        return f"alert resolved: {alert.name}{where}, after {alert.ends_at - alert.starts_at:.0f} s"
    link = f"; {alert.page}" if alert.page else ""
    return f"alert firing: {alert.name}{where} ({alert.severity}): {' '.join(alert.summary.split())}{link}"


class Narrator:
    """Speaks through a rich console."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._status: Status | None = console.status("") if console.is_terminal else None

    def __enter__(self) -> "Narrator":
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, text: str) -> None:
        """A line that stays."""
        self._print(text)

    def loud(self, text: str) -> None:
        """A line that stays and stands out."""
        self._print(text, "bold")

    def _print(self, text: str, style: str = "") -> None:
        """Wrapped between words where somebody watches, whole lines where a program reads."""
        whole = not self.console.is_terminal
        self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=whole)

    def tick(self, text: str) -> None:
        """The status of this second."""
        if self._status is not None:
            self._status.update(text)
        else:
            self.say(text)
