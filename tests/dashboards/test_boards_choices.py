"""What every board shares."""

from dashboards.boards import BOARDS
from dashboards.boards.choices import ROUTE, TENANT


def test_every_board_chooses_a_tenant_first_and_then_routes() -> None:
    assert all(board.variables == (TENANT, ROUTE) for board in BOARDS)
    assert not TENANT.is_multi
    assert ROUTE.is_multi
