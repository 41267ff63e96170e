"""lab.replay_table: the account of a replay covers every line."""

from pathlib import Path

import msgspec

from lab.replay_table import NOTE, Replayed, replay_rows
from lab.scoring import Seen, Telemetry
from lab.table import is_met
from tests.lab.test_scoring import FINDING

REPLAYED = Replayed(
    lines=10,
    requests=8,
    told=2,
    as_logged=8,
    refused=0,
    own=0,
    telemetry=Telemetry(8, 8, 8, 0, 0),
    findings=(),
    scale=1000.0,
)


def test_an_account_of_every_line_is_met() -> None:
    assert is_met(replay_rows(REPLAYED))


def test_a_line_that_is_nowhere_is_missed() -> None:
    assert not is_met(replay_rows(msgspec.structs.replace(REPLAYED, lines=11)))
    assert not is_met(replay_rows(msgspec.structs.replace(REPLAYED, requests=9)))
    lost = Telemetry(8, 8, 7, 0, 1)
    assert not is_met(replay_rows(msgspec.structs.replace(REPLAYED, telemetry=lost)))


def test_delays_of_findings_are_told_by_kind_in_both_times() -> None:
    late = msgspec.structs.replace(FINDING, found_at=FINDING.onset + 2000.0)
    rows = replay_rows(msgspec.structs.replace(REPLAYED, findings=(Seen(late, 1.0),)))
    told = [row.measured for row in rows if "client-burst" in row.what]
    assert told == ["1; half within 2000 s of the log (2.0 s of real time)"]


def test_refusals_are_told_by_whose_limit_it_was_and_all_answers_add_up() -> None:
    refused = msgspec.structs.replace(REPLAYED, as_logged=3, refused=4, own=3)
    told = {row.what: row.measured for row in replay_rows(refused)}
    assert told["answered as the log says"] == "3 of 8"
    assert told["refused by an identity's own limit (a finding)"] == "3 of 8"
    assert told["refused by the general limits"] == "1 of 8"
    assert told["answered otherwise, or not at all"] == "1 of 8"


def test_the_note_says_what_own_and_general_limits_are() -> None:
    assert "Own limit:" in NOTE
    assert "General limits:" in NOTE


def test_the_page_on_the_demo_explains_every_row_of_a_replay() -> None:
    page = (Path(__file__).parents[2] / "docs" / "demo.md").read_text()
    for row in replay_rows(REPLAYED):
        assert f"| {row.what} " in page
