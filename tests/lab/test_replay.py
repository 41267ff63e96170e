"""lab.replay: what is told of a replay's course; an answer is compared with the logged one."""

import io

from rich.console import Console

from lab.course import course_of
from lab.narrator import Narrator
from lab.record import LEGITIMATE, Sent
from lab.replay import is_as_logged, replayed_figures, tell_course
from tests.lab.test_course import NOW, log_of, spread


def test_the_pace_is_told_with_what_a_second_of_delay_is() -> None:
    out = io.StringIO()
    log = spread(172_800, 4_000)
    tell_course(log, course_of(log, NOW), Narrator(Console(file=out)))
    assert out.getvalue() == (
        "48.0 hours in 60 s: the clock runs 2880 times as fast; a second of delay is 2880 s of the log\n"
    )


def test_a_crowded_log_is_told_in_one_more_line() -> None:
    out = io.StringIO()
    log = log_of(0.0, 500.0, 500.1, 500.2, 1_000.0)
    tell_course(log, course_of(log, NOW), Narrator(Console(file=out)))
    assert "60% of the log's requests lie in 17/May/2015:10:13:23" in out.getvalue().splitlines()[1]


def test_an_answer_is_as_logged_when_its_status_is() -> None:
    assert is_as_logged(Sent(1.0, "ip:a", LEGITIMATE, "GET 403", 403, 1.0))
    assert not is_as_logged(Sent(1.0, "ip:a", LEGITIMATE, "GET 200", 429, 1.0))


def test_what_the_logs_server_refused_is_no_refusal_of_ours() -> None:
    logged = Sent(1.0, "ip:a", LEGITIMATE, "GET 403", 403, 1.0)
    ours = Sent(1.0, "ip:a", LEGITIMATE, "GET 200", 429, 1.0)
    figures = replayed_figures([logged, ours, ours])
    assert (figures.requests, figures.refused) == (3, 2)
