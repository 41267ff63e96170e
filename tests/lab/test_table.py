"""lab.table: the table says what was measured, and what missed its target."""

import io
import math
from pathlib import Path

import msgspec
from rich.console import Console

from lab.scenario import Act
from lab.scoring import Happened, Mitigation, Refused, Seen, Telemetry
from lab.table import NOTE, Results, is_met, print_table, rows_of
from tests.lab.test_scoring import FINDING, GREEDY

ACT = Act(kind="greedy client", starts=0, ends=10, what="")
RESULTS = Results(
    happened=(Happened(ACT, 100.0, 110.0, frozenset((GREEDY,))),),
    found=(Seen(FINDING, 103.2),),
    mitigation=Mitigation(after_s=4.0, requests=1000, excess=900.0, let_through=300.0),
    refused=Refused(requests=1000, refused_requests=5, identities=400, refused_identities=2),
    telemetry=Telemetry(sent=2000, offered=2000, stored=2000, spooled=0, lost=0),
    others=0,
    seed=7,
    took_s=80.0,
)


def missed(results: Results) -> list[str]:
    return [row.what for row in rows_of(results) if row.met is False]


def test_a_good_run_misses_nothing() -> None:
    assert is_met(rows_of(RESULTS))


def test_a_late_and_a_missing_finding_miss() -> None:
    for found in ((Seen(FINDING, 105.1),), (None,)):
        assert missed(msgspec.structs.replace(RESULTS, found=found)) == ["greedy client: onset to finding"]


def test_a_client_that_is_never_stopped_misses() -> None:
    never = Mitigation(math.inf, 1000, 900.0, 900.0)
    results = msgspec.structs.replace(RESULTS, mitigation=never)
    assert missed(results) == ["greedy client: onset to mitigation"]
    assert "never" in [row.measured for row in rows_of(results)]


def test_six_of_a_thousand_legitimate_requests_refused_miss() -> None:
    results = msgspec.structs.replace(RESULTS, refused=Refused(1000, 6, 400, 2))
    assert missed(results) == ["legitimate requests refused"]


def test_lost_or_unaccounted_telemetry_misses() -> None:
    for telemetry in (Telemetry(10, 10, 9, 0, 1), Telemetry(10, 10, 9, 0, 0), Telemetry(10, 9, 9, 0, 0)):
        assert missed(msgspec.structs.replace(RESULTS, telemetry=telemetry)) == ["telemetry"]


def test_spooled_telemetry_is_not_lost() -> None:
    assert not missed(msgspec.structs.replace(RESULTS, telemetry=Telemetry(10, 10, 9, 1, 0)))


def test_the_table_shows_figures_and_targets() -> None:
    out = io.StringIO()
    print_table(Console(file=out, width=160), "Seed 7", rows_of(RESULTS), NOTE)
    text = out.getvalue()
    for part in (
        "Seed 7",
        "3.2 s",
        "<= 5 s",
        "300 of 900 requests (33%)",
        "5 of 1000 (0.50%)",
        "2 of 400",
        "yes",
        "0 findings",
        NOTE,
    ):
        assert part in text


def test_the_note_explains_each_word_that_the_rows_need() -> None:
    said = " ".join(row.what for row in rows_of(RESULTS)).lower()
    for word in ("onset", "excess", "mitigation", "false alarms", "telemetry"):
        assert word in said
        assert f"{word}:" in NOTE.lower()


def test_the_page_on_the_demo_explains_every_row() -> None:
    page = (Path(__file__).parents[2] / "docs" / "demo.md").read_text()
    for row in rows_of(RESULTS):
        assert f"| {row.what} " in page
