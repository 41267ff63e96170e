"""Where an alert leads: the runbook, a dashboard around its time, and pages of the console.

The boards' uids are those of docs/dashboards.md: a sibling package makes the boards.
"""

from urllib.parse import quote, urlencode

import msgspec

from analytics.alerting import Alert

RUNBOOKS = "docs/runbooks"  # in the repository
ROUTE_BOARD, FINDINGS_BOARD, HEALTH_BOARD = "tidegate-route", "tidegate-findings", "tidegate-health"
BEFORE_S = 900.0  # shown before an alert begins
AFTER_S = 300.0  # and after it is over
CONSOLE_RANGE = "1 h"  # a span that the console's boards know; they end now


class Links(msgspec.Struct, frozen=True):
    """Roots of URLs, without a slash at the end; empty: there is nothing to link to."""

    runbooks_url: str = RUNBOOKS
    console_url: str = ""
    grafana_url: str = ""

    def of(self, alert: Alert, recommendation: str) -> Alert:
        """The alert with its links; `recommendation` is an id, or empty."""
        page = ""
        if self.console_url and alert.findings:
            page = f"{self.console_url}/findings/{alert.findings[-1]}"
        proposed = f"{self.console_url}/recommendations/{recommendation}"
        return msgspec.structs.replace(
            alert,
            runbook=f"{self.runbooks_url}/{quote(alert.name)}.md",
            dashboard=self.dashboard_of(alert),
            page=page,
            recommendation=proposed if self.console_url and recommendation else "",
        )

    def dashboard_of(self, alert: Alert) -> str:
        """Grafana's board over the alert's time, else the console's own."""
        board, route = board_of(alert), alert.labels.get("route", "")
        if self.grafana_url:
            until = f"{(alert.ends_at + AFTER_S) * 1e3:.0f}" if alert.ends_at else "now"
            asked = {
                "var-tenant": alert.labels["tenant"],
                "from": f"{(alert.starts_at - BEFORE_S) * 1e3:.0f}",
            }
            asked |= {"to": until, **({"var-route": route} if route else {})}
            return f"{self.grafana_url}/d/{board}?{urlencode(asked)}"
        if not self.console_url:
            return ""
        asked = {"range": CONSOLE_RANGE, **({"route": route} if route else {})}
        return f"{self.console_url}/boards/{board.removeprefix('tidegate-')}?{urlencode(asked)}"


def board_of(alert: Alert) -> str:
    """The board that shows what an alert is about."""
    if alert.labels.get("route"):
        return ROUTE_BOARD
    return FINDINGS_BOARD if alert.findings else HEALTH_BOARD
