"""Boards into a Grafana, and what an operator is told where it refuses."""

from collections.abc import Iterator

import pytest

from dashboards.boards import BOARDS
from dashboards.grafana import SCHEMA_VERSION
from dashboards.pushing import Grafana
from tests.dashboards.fake_grafana import TOKEN, VIEWERS_TOKEN, FakeGrafana, running_grafana
from warehouse.exits import CannotRun


@pytest.fixture
def grafana() -> Iterator[FakeGrafana]:
    with running_grafana() as fake:
        yield fake


def push(grafana: FakeGrafana, token: str = TOKEN, *, overwrite: bool = True) -> list[int]:
    pushed = Grafana(grafana.url + "/", token).push(BOARDS, folder="Gateways", overwrite=overwrite)
    assert [one.uid for one in pushed] == [board.uid for board in BOARDS]
    assert all(one.url.startswith(f"{grafana.url}/d/{one.uid}/") for one in pushed)
    return [one.version for one in pushed]


def test_every_board_lands_in_the_folder_that_is_made_for_it(grafana: FakeGrafana) -> None:
    assert set(push(grafana)) == {1}
    assert grafana.folders == {"tidegate": "Gateways"}
    stored = grafana.dashboards["tidegate-overview"]
    assert stored["folderUid"] == "tidegate"
    assert stored["schemaVersion"] == SCHEMA_VERSION
    assert stored["id"] is None
    assert len(stored["panels"]) == len(BOARDS[0].panels)


def test_pushing_again_replaces(grafana: FakeGrafana) -> None:
    push(grafana)
    assert set(push(grafana)) == {2}


def test_a_newer_board_is_kept_where_that_is_asked_for(grafana: FakeGrafana) -> None:
    push(grafana)
    grafana.dashboards["tidegate-route"]["version"] = 7
    with pytest.raises(CannotRun, match=r"Route was not pushed .* newer version; push without --keep"):
        push(grafana, overwrite=False)
    assert grafana.dashboards["tidegate-route"]["version"] == 7


def test_a_wrong_token_is_told(grafana: FakeGrafana) -> None:
    with pytest.raises(CannotRun, match="does not accept the token; give one of a service account"):
        push(grafana, "wrong")


def test_a_viewers_token_is_told_which_role_it_needs(grafana: FakeGrafana) -> None:
    with pytest.raises(CannotRun, match="needs the role Editor"):
        push(grafana, VIEWERS_TOKEN)


def test_a_grafana_without_its_database_is_not_ready(grafana: FakeGrafana) -> None:
    grafana.is_healthy = False
    with pytest.raises(CannotRun, match="is not ready: HTTP 503"):
        push(grafana)


def test_no_grafana_is_told_without_its_password() -> None:
    with running_grafana() as gone:
        url = gone.url.replace("http://", "http://me:secret@")
    with pytest.raises(CannotRun, match="does not answer") as told:
        Grafana(url, TOKEN).push(BOARDS, folder="Tidegate", overwrite=True)
    assert "secret" not in str(told.value)


def test_a_version_that_is_no_number_is_none(grafana: FakeGrafana) -> None:
    grafana.told_as = "v{}".format
    assert set(push(grafana)) == {0}
    grafana.told_as = str
    assert set(push(grafana)) == {2}
