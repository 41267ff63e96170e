"""`tidegate marker add`, against a real control endpoint."""

from console.commands.marker import app
from tests.console.running import ran
from tests.console.serving import TOKEN, Served


def test_a_marker_is_kept(control: Served) -> None:
    arguments = ("add", "release 4.2", "--at", "2027-01-15T08:00", "--control", control.url)
    done = ran(app, *arguments, environment={"TIDEGATE_CONTROL_TOKEN": TOKEN})
    assert done.out == "2027-01-15 08:00:00 UTC  deploy: release 4.2\n"
    assert control.call.get("/v1/markers").json()[0]["text"] == "release 4.2"


def test_a_time_that_is_none_is_told(control: Served) -> None:
    assert ran(app, "add", "x", "--at", "soon", "--control", control.url).code == 2
