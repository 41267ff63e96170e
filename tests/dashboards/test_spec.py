"""Where panels lie."""

import pytest

from dashboards.spec import Board, BoardUid, Panel, Place, UnknownPanel, panel_of, places


def panel(name: str, width: int, height: int) -> Panel:
    return Panel(
        name=name, title=name, description=name, sql="", unit="none", kind="stat", width=width, height=height
    )


def board(*panels: Panel) -> Board:
    return Board(uid=BoardUid("b"), title="b", description="b", panels=panels, variables=())


def test_panels_go_from_left_to_right_and_wrap_below_the_tallest() -> None:
    found = places(board(panel("a", 8, 4), panel("b", 16, 9), panel("c", 12, 8), panel("d", 13, 8)))
    assert found == (Place(0, 0, 8, 4), Place(8, 0, 16, 9), Place(0, 9, 12, 8), Place(0, 17, 13, 8))


def test_a_panel_is_found_by_name() -> None:
    one = panel("one", 1, 1)
    assert panel_of(board(one), "one") is one
    with pytest.raises(UnknownPanel, match="no panel 'two'"):
        panel_of(board(one), "two")
