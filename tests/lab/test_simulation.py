"""lab.simulation: what the processes say is shown when asked for; what to try is told."""

import io
import os
from pathlib import Path

from rich.console import Console

from console.asking import Asker
from console.keyring import Keyring
from console.supervisor import OWN_VOICE, Supervisor
from lab.control_desk import ControlDesk
from lab.narrator import Narrator
from lab.operating import Operator
from lab.receiver import Received
from lab.simulation import hearing, tell_alert, tell_console, tell_pages, tell_turn, tell_what_to_try
from tests.lab.test_operating import PROPOSED
from tests.lab.test_receiver import ALERT, NOW


def narrator() -> tuple[Narrator, io.StringIO]:
    out = io.StringIO()
    return Narrator(Console(file=out, width=100)), out


def test_only_the_supervisor_is_heard_unless_all_are_asked_for() -> None:
    for verbose, lines in ((False, 1), (True, 2)):
        teller, out = narrator()
        hear = hearing(teller, verbose)
        hear("proxy", "hello")
        hear(OWN_VOICE, "proxy was restarted")
        assert len(out.getvalue().splitlines()) == lines


def test_addresses_and_commands_are_told(tmp_path: Path) -> None:
    teller, out = narrator()
    supervisor = Supervisor(tmp_path, [], environment=dict(os.environ), heard=print, clock=lambda: 0.0)
    names = ("proxy", "manage", "control", "warehouse", "upstream")
    supervisor.urls = {name: f"http://{name}" for name in names}
    tell_what_to_try(supervisor, tmp_path, teller)
    text = out.getvalue()
    assert all(f"http://{name}" in text for name in names)
    assert f"tidegate status --data {tmp_path}" in text
    assert f"tidegate recommendations list --data {tmp_path}" in text


def test_the_pages_are_told_with_the_token_that_opens_them() -> None:
    teller, out = narrator()
    tell_console("http://127.0.0.1:8090", Keyring("t0ken", "", ""), teller)
    assert "http://127.0.0.1:8090" in out.getvalue()
    assert "t0ken" in out.getvalue()


def test_an_alert_is_told_as_it_arrives() -> None:
    teller, out = narrator()
    tell_alert(teller)(Received(ALERT, NOW))
    assert "alert firing: client-burst on products" in out.getvalue()


def test_each_page_and_the_boards_are_told() -> None:
    teller, out = narrator()
    tell_pages("http://127.0.0.1:8090", teller)
    for page in ("/", "/recommendations", "/alerts", "/boards"):
        assert f"http://127.0.0.1:8090{page}  " in out.getvalue()
    assert "Grafana" in out.getvalue()


def test_what_is_left_to_decide_is_told_with_its_page_and_how_to_sign_in() -> None:
    teller, out = narrator()
    desk = ControlDesk(Asker("control", "", ""))
    operator = Operator(desk, lambda: NOW, teller, pages="http://127.0.0.1:8090")
    tell_turn(operator, PROPOSED, Keyring("t0ken", "", ""), teller)
    assert "http://127.0.0.1:8090/recommendations/4f" in out.getvalue()
    assert "t0ken" in out.getvalue()


def test_where_nothing_is_left_to_decide_the_rest_is_told() -> None:
    teller, out = narrator()
    desk = ControlDesk(Asker("control", "", ""))
    tell_turn(Operator(desk, lambda: NOW, teller, pages=""), None, Keyring("t0ken", "", ""), teller)
    assert "your turn" not in out.getvalue()
    assert "t0ken" in out.getvalue()
