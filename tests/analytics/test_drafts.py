import datetime as dt

import msgspec

from analytics.drafts import is_limiting, is_there
from kernel.policy import Limit
from tests.analytics.policies import policy
from tests.analytics.proposing import NOW


def test_a_limit_counts_where_it_applies_to_everybody() -> None:
    over = dt.datetime.fromtimestamp(NOW - 1, dt.UTC)
    limit = Limit(name="one", rate=1.0, burst=1, routes=("orders",))
    assert is_limiting(limit, "orders", NOW)
    assert not is_limiting(limit, "products", NOW)
    assert not is_limiting(msgspec.structs.replace(limit, expires_at=over), "orders", NOW)
    assert not is_limiting(msgspec.structs.replace(limit, plans=("gold",)), "orders", NOW)
    assert not is_limiting(msgspec.structs.replace(limit, mode="off"), "orders", NOW)


def test_a_limit_is_there_where_its_name_is_taken_or_one_is_as_tight() -> None:
    wanted = Limit(name="wanted", rate=5.0, burst=5, routes=("orders",))
    looser = Limit(name="one", rate=6.0, burst=5, routes=("orders",))
    assert not is_there(wanted, policy(looser), NOW)
    assert is_there(wanted, policy(msgspec.structs.replace(looser, rate=5.0)), NOW)
    assert is_there(wanted, policy(msgspec.structs.replace(looser, name="wanted")), NOW)
