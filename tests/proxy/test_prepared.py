"""What is worked out once per snapshot."""

from kernel.limits import Quota
from proxy.prepared import MOST_REMEMBERED, Memo, Prepared
from tests.proxy.fakes import policy_text, snapshot_of

PREPARED = Prepared(snapshot_of(policy_text(9_000, head_ms=2_500)))
ROUTES = {route.plan.name: route for route in PREPARED.routes}


def test_deadlines_are_in_seconds() -> None:
    assert PREPARED.head_s == 2.5
    deadlines = ROUTES["quick"].deadlines
    assert (deadlines.first_byte_s, deadlines.idle_s, deadlines.first_visit_s) == (0.3, 0.3, 0.3)
    assert ROUTES["shop"].deadlines.first_visit_s == 10.0


def test_targets_lose_the_prefix_and_get_the_upstreams() -> None:
    below = ROUTES["below"]
    assert below.target("/api/v1/a", b"?q") == b"/base/v1/a?q"
    assert below.target("/api", b"") == b"/base/"
    assert below.target("/apis/v1", b"") == b"/base/apis/v1"
    assert ROUTES["shop"].target("/shop/a", b"") == b"/shop/a"


def test_host_and_body_are_looked_at_where_needed() -> None:
    assert ROUTES["shop"].host_line == b"host: 127.0.0.1:9000\r\n"
    assert ROUTES["same-host"].host_line == b""
    assert ROUTES["login"].collects_body
    assert not ROUTES["shop"].collects_body
    assert PREPARED.hosts == {"api.example"}


def test_a_limits_field_is_a_structured_item() -> None:
    assert PREPARED.limit_field("few", Quota(0.5, 3)) == (b'"few";q=3;w=6', b'"few"')
    assert PREPARED.limit_field('a"b\\', Quota(10.0, 1)) == (b'"a\\"b\\\\";q=1;w=1', b'"a\\"b\\\\"')


def test_a_memo_is_bounded() -> None:
    memo: Memo[int, int] = Memo()
    for at in range(3 * MOST_REMEMBERED):
        memo.keep(at, at)
    assert len(memo) <= MOST_REMEMBERED
