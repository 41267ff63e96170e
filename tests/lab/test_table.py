"""lab.table: the table says what was measured, and what missed its target."""

import io
import math
from pathlib import Path

import msgspec
from rich.console import Console

from kernel.recommendations import Approval, Realised, Reviewed
from kernel.replays import Bound, Split
from lab.alerted import Alerts
from lab.operating import Decided
from lab.promised import Harm, Outcome, Returned
from lab.scenario import Act
from lab.scoring import Happened, Mitigation, Refused, Seen, Telemetry
from lab.table import NOTE, Results, is_met, print_table, rows_of
from tests.lab.test_operating import BOUND, PROPOSED
from tests.lab.test_scoring import FINDING, GREEDY

ACT = Act(kind="greedy client", starts=0, ends=10, what="")
APPROVED = msgspec.structs.replace(
    Reviewed(PROPOSED, "approved", 100.0),
    approval=Approval("enforce", 0.0, 0.0, "r", BOUND, 100.0, "demo-operator", "seen"),
)
OUTCOME = Outcome(
    ready_s=6.1,
    decided=Decided(106.1, APPROVED),
    returned=Returned(300, 297),
    realised=Realised("4f", 100.0, 120.0, Split(200, 150), Split(), Bound(0, 40, 0.07)),
    clients=Harm(0, 41),
)
RESULTS = Results(
    happened=(Happened(ACT, 100.0, 110.0, frozenset((GREEDY,))),),
    found=(Seen(FINDING, 103.2),),
    mitigation=Mitigation(after_s=4.0, requests=1000, excess=900.0, let_through=300.0),
    refused=Refused(requests=1000, refused_requests=5, identities=400, refused_identities=2),
    telemetry=Telemetry(sent=2000, offered=2000, stored=2000, spooled=0, lost=0),
    others=0,
    outcome=OUTCOME,
    alerts=Alerts(kinds=5, told=5, latest_s=1.4, received=9, refused=0, twice=0),
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


def test_false_alarms_miss_and_one_does_not() -> None:
    assert missed(msgspec.structs.replace(RESULTS, others=1)) == []
    assert missed(msgspec.structs.replace(RESULTS, others=2)) == ["false alarms"]


def test_an_attack_that_comes_back_and_is_let_through_misses() -> None:
    outcome = msgspec.structs.replace(OUTCOME, returned=Returned(300, 269))
    assert missed(msgspec.structs.replace(RESULTS, outcome=outcome)) == ["stuffing comes back: refused"]


def test_more_harm_than_was_promised_misses_whoever_counts_it() -> None:
    told = Realised("4f", 100.0, 120.0, Split(), Split(9, 1), Bound(1, 40, 0.12))
    for changes, what in (
        ({"realised": told}, "harm realised: the gateway's account"),
        ({"clients": Harm(1, 41)}, "harm realised: what clients saw"),
    ):
        outcome = msgspec.structs.replace(OUTCOME, **changes)
        assert missed(msgspec.structs.replace(RESULTS, outcome=outcome)) == [what]


def test_without_an_approval_the_operators_rows_miss() -> None:
    none = Outcome(math.inf, None, Returned(300, 0), None, Harm(0, 0))
    assert missed(msgspec.structs.replace(RESULTS, outcome=none)) == [
        "stuffing comes back: refused",
        "harm realised: the gateway's account",
        "harm realised: what clients saw",
    ]


def test_a_promise_about_nobody_is_no_promise() -> None:
    approval = Approval("enforce", 0.0, 0.0, "r", Bound(0, 0, 1.0), 100.0, "demo-operator", "seen")
    decided = Decided(106.1, msgspec.structs.replace(APPROVED, approval=approval))
    results = msgspec.structs.replace(RESULTS, outcome=msgspec.structs.replace(OUTCOME, decided=decided))
    assert len(missed(results)) == 2


def test_an_alert_that_is_missing_late_unsigned_or_doubled_misses() -> None:
    for changes in ({"told": 4}, {"latest_s": 8.1}, {"refused": 1}, {"twice": 1}):
        alerts = msgspec.structs.replace(RESULTS.alerts, **changes)
        assert missed(msgspec.structs.replace(RESULTS, alerts=alerts)) == ["alerts received"]


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
        "6.1 s after the onset",
        "297 of 300 requests (99%)",
        "0 of 299 identities, at most 1.00%",
        "0 of 40 identities (0.00%)",
        "5 of 5 kinds told, within 1.4 s; 9 signed, 0 not; 0 twice",
        NOTE,
    ):
        assert part in text


def test_the_note_explains_each_word_that_the_rows_need() -> None:
    said = " ".join(row.what for row in rows_of(RESULTS)).lower()
    for word in ("onset", "excess", "mitigation", "false alarms", "harm", "alerts", "telemetry"):
        assert word in said
        assert f"{word}:" in NOTE.lower()


def test_the_page_on_the_demo_explains_every_row() -> None:
    page = (Path(__file__).parents[2] / "docs" / "demo.md").read_text()
    for row in rows_of(RESULTS):
        assert f"| {row.what} " in page
