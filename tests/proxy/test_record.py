"""Event rows: the order and the types of kernel.events.COLUMNS, and what they do not hold."""

import pytest

from kernel.addresses import Address, parse_address
from kernel.decide import LimitVerdict
from kernel.events import COLUMNS, OTHER
from kernel.limits import Quota, Taken
from proxy.head import Hosts, read_head
from proxy.pipeline import Origin, judge
from proxy.prepared import Prepared
from proxy.record import MOST_AGENTS, Account, Agents, Recorder, shown_address, tightest
from tests.proxy.fakes import HASH_KEY, column, policy_text, request, snapshot_of

PREPARED = Prepared(snapshot_of(policy_text(9_000)))
RECORDER = Recorder("w1", 5)


def address(text: str) -> Address:
    found = parse_address(text)
    assert found is not None
    return found


def account(target: str = "/shop/a", method: str = "GET", fields: str = "") -> Account:
    head = read_head(request(target, method, fields), PREPARED.codes, Hosts())
    peer = address("10.0.0.1")
    made = Account(PREPARED, peer, seq=7, started=1_000.5, begun=50.0)
    made.head = head
    made.judged = judge(head, Origin(peer), PREPARED, limiter={}, now=1_000.5)
    made.head_at, made.handed_at, made.first_byte_at, made.upstream_end_at = 50.1, 50.2, 50.3, 50.4
    made.status, made.trace_id = 200, "0" * 32
    return made


def plain_type(kind: str) -> type:
    if "Array" in kind:
        return tuple
    return str if "String" in kind or kind == "IPv6" else int


@pytest.mark.parametrize("judged", [True, False])
def test_each_column_has_exactly_the_type_that_the_writer_takes(judged: bool) -> None:
    made = account(fields="User-Agent: a\r\n")
    if not judged:
        made.judged = None
    row = RECORDER.to_row(made, "completed", ended=1_001.0, now=50.5)
    assert len(row) == len(COLUMNS)
    for value, each in zip(row, COLUMNS, strict=True):
        assert type(value) is plain_type(each.type), each.name


def test_times_are_whole_microseconds() -> None:
    row = RECORDER.to_row(account(), "completed", ended=1_001.0, now=50.5)
    assert (column(row, "started_at"), column(row, "ended_at")) == (1_000_500_000, 1_001_000_000)
    told = [column(row, name) for name in ("duration_us", "upstream_us", "ttfb_us", "head_us")]
    assert told == pytest.approx([500_000, 200_000, 100_000, 100_000], abs=2)


def test_an_unknown_method_and_an_unrouted_path_are_not_kept() -> None:
    row = RECORDER.to_row(account("/secret/path", "PROPFIND"), "no_route", ended=1.0, now=51.0)
    assert (column(row, "method"), column(row, "path"), column(row, "route")) == (OTHER, "", "")
    assert column(row, "decision") == "refused"
    assert "secret" not in repr(row)


def test_the_dictionary_of_agents_is_capped() -> None:
    agents = Agents()
    for at in range(MOST_AGENTS):
        assert agents.look_up(b"agent-%d" % at, HASH_KEY)[0] == f"agent-{at}"
    text, hashed = agents.look_up(b"one more", HASH_KEY)
    assert text == OTHER
    assert hashed == agents.look_up(b"one more", HASH_KEY)[1]
    assert agents.look_up(b"agent-3", HASH_KEY)[0] == "agent-3"


def test_addresses_are_shown_as_the_policy_says() -> None:
    def shown(kind: str, text: str) -> str:
        extra = f"telemetry: {{addresses: {kind}}}\n"
        return shown_address(address(text), snapshot_of(policy_text(1, extra=extra)))

    assert shown("raw", "203.0.113.9") == "203.0.113.9"
    assert shown("truncated", "203.0.113.9") == "203.0.113.0"
    assert shown("truncated", "2001:db8:1:2::3") == "2001:db8:1::"
    assert shown("keyed", "203.0.113.9").startswith("fd")
    assert shown("keyed", "203.0.113.9") != shown("keyed", "203.0.113.8")
    assert shown("keyed", "2001:db8:1:2::3") == shown("keyed", "2001:db8:1:2::4")  # one site


def test_the_fingerprint_is_of_names_and_their_order() -> None:
    def print_of(fields: str) -> int:
        row = RECORDER.to_row(account(fields=fields), "completed", ended=1.0, now=51.0)
        value: int = column(row, "fingerprint")
        return value

    assert print_of("A: 1\r\nB: 2\r\n") == print_of("a: 3\r\nb: 4\r\n")
    assert print_of("A: 1\r\nB: 2\r\n") != print_of("B: 1\r\nA: 2\r\n")


def test_the_tightest_limit_has_least_left() -> None:
    limits = [
        LimitVerdict(n, "", Quota(1.0, 9), "", False, Taken(True, left, 0.0, 0.0))
        for n, left in (("a", 5), ("b", 2), ("c", 7))
    ]
    assert tightest(tuple(limits)).name == "b"
