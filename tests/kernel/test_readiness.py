"""What /readyz tells."""

import msgspec

from kernel.readiness import Readiness


def test_a_supervisor_and_the_console_read_what_a_worker_tells() -> None:
    told = Readiness(True, False, "r1", 3, 0)
    assert msgspec.json.decode(msgspec.json.encode(told), type=Readiness) == told
    assert told.workers == 1
