"""wrk's report, read; CPU time and memory of a process."""

import os

import pytest

from lab.bench.load import cpu_seconds, resident_mb, to_measured

REPORT = """\
Running 3s test @ http://127.0.0.1:8000/
  1 threads and 32 connections
  Latency Distribution
     50%  780.00us
     99%    1.25ms
  61000 requests in 3.05s, 80.00MB read
Requests/sec:  20000.00
Transfer/sec:     26.23MB
"""


def test_a_report_of_wrk_is_read() -> None:
    measured = to_measured(REPORT, 1.525)
    assert measured.requests == 61_000
    assert measured.requests_per_second == 20_000
    assert measured.cpu_us == pytest.approx(25.0)
    assert measured.p99_ms == 1.25
    assert measured.wrong == 0


def test_wrong_answers_and_socket_errors_are_counted_together() -> None:
    more = "  Socket errors: connect 1, read 2, write 0, timeout 4\n  Non-2xx or 3xx responses: 10\n"
    assert to_measured(REPORT + more, 1.0).wrong == 17


def test_a_report_without_figures_is_told() -> None:
    with pytest.raises(ValueError, match="wrk printed no"):
        to_measured("unable to connect", 1.0)


def test_the_cpu_time_and_memory_of_this_process_are_read() -> None:
    assert cpu_seconds(os.getpid()) > 0
    assert resident_mb(os.getpid()) > 10
