"""Every board, in the order of the menu."""

from dashboards.boards import findings, health, overview, policy, route
from dashboards.spec import Board

BOARDS: tuple[Board, ...] = (overview.BOARD, route.BOARD, findings.BOARD, policy.BOARD, health.BOARD)
