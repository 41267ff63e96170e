"""lab.narrator: figures are counted, and lines are plain where there is no terminal."""

import io

import msgspec
from rich.console import Console

from lab.narrator import Narrator, alert_line, figures_of, line_of
from lab.record import ATTACK_LABEL, GREEDY_LABEL, LEGITIMATE, Sent
from tests.lab.test_receiver import ALERT

SECOND = [
    Sent(1.0, "ip:a", LEGITIMATE, "products", 200, 10.0),
    Sent(1.0, "ip:b", LEGITIMATE, "products", 429, 1.0),
    Sent(1.0, "ip:c", GREEDY_LABEL, "products", 429, 1.0),
    Sent(1.0, "ip:c", GREEDY_LABEL, "products", 503, 90.0),
]


def test_a_second_is_counted() -> None:
    figures = figures_of(SECOND)
    assert (figures.requests, figures.greedy, figures.greedy_refused) == (4, 2, 1)
    assert (figures.refused, figures.errors, figures.p95_ms) == (1, 1, 90.0)


def test_an_empty_second_is_counted_too() -> None:
    assert figures_of([]).requests == 0


def test_a_line_names_what_is_unusual_only() -> None:
    assert "greedy 2, 1 refused" in line_of(40.0, "greedy client", figures_of(SECOND))
    assert "greedy" not in line_of(4.0, "learning", figures_of(SECOND[:1]))


def test_a_line_tells_how_much_of_an_attack_is_refused() -> None:
    sent = [Sent(1.0, "ip:d", ATTACK_LABEL, "login", status, 9.0) for status in (401, 401, 429)]
    assert "attack 3, 1 refused" in line_of(80.0, "credential stuffing", figures_of(sent))


def test_one_error_is_one_error_and_the_columns_stay() -> None:
    one, none = (line_of(4.0, "learning", figures_of(sent)) for sent in (SECOND, SECOND[:1]))
    assert "  1 error   greedy" in one
    assert none.endswith("  0 errors")


def test_a_replay_calls_nobody_legitimate() -> None:
    assert line_of(4.0, "", figures_of(SECOND[:2]), refused="refused").endswith("  1 refused")
    assert line_of(4.0, "", figures_of(SECOND[:2])).endswith("  1 legitimate refused")


def test_an_alert_is_one_line_when_it_fires_and_when_it_is_resolved() -> None:
    firing = msgspec.structs.replace(ALERT, summary="two\nlines", severity="critical")
    said = "alert firing: client-burst on products (critical): two lines"
    assert alert_line(firing) == f"{said}; http://127.0.0.1:8090/findings/f1"
    resolved = msgspec.structs.replace(ALERT, state="resolved", ends_at=ALERT.starts_at + 31.2)
    assert alert_line(resolved) == "alert resolved: client-burst on products, after 31 s"
    nowhere = msgspec.structs.replace(ALERT, name="ingest-lag", labels={}, page="", summary="late")
    assert alert_line(nowhere) == "alert firing: ingest-lag (critical): late"


def test_without_a_terminal_every_line_stays() -> None:
    out = io.StringIO()
    with Narrator(Console(file=out, width=80)) as narrator:
        narrator.say("hello [x]")
        narrator.tick("1 s")
    assert out.getvalue().splitlines() == ["hello [x]", "1 s"]
