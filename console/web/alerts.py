"""The page of alerts: what fires, who was told, and what did not arrive."""

from fastapi import FastAPI, Request, Response

from console.web.alarms import Alarm, to_alarms
from console.web.site import Site
from console.web.telemetry import WarehouseAway

SHOWN_S = 7 * 86_400.0
MOST_ENDED = 100


class Alerts:
    """One method for each page."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def listed(self, request: Request) -> Response:
        """What fires now, and what is over."""
        self._site.session_of(request)
        alarms, away = await alarms_of(self._site, SHOWN_S)
        proposed = await self._site.state.recommendations("")
        return await self._site.show(
            request,
            "alerts.html",
            firing=[each for each in alarms if not each.ends_at],
            ended=[each for each in alarms if each.ends_at][:MOST_ENDED],
            undelivered=[each for each in alarms if each.is_undelivered],
            by_finding={
                each.recommendation.finding: each for each in proposed if each.recommendation.finding
            },
            away=away,
        )


async def alarms_of(site: Site, span_s: float) -> tuple[list[Alarm], str]:
    """Alerts that were told in the last `span_s`, or why they cannot be read."""
    try:
        return to_alarms(await site.telemetry.deliveries(site.now() - span_s)), ""
    except WarehouseAway as fact:
        return [], str(fact)


def add_alerts(app: FastAPI, site: Site) -> None:
    """Add this page to the application."""
    app.add_api_route("/alerts", Alerts(site).listed, include_in_schema=False)
