"""The page of alerts: what fires, who was told, and what did not arrive."""

from fastapi import FastAPI, Request, Response

from console.web.alarms import Alarm, to_alarms
from console.web.offers import usefulness
from console.web.sharing import Shared
from console.web.site import Site
from console.web.streams import STREAMED_S, stream_of
from console.web.telemetry import WarehouseAway

SHOWN_S = 7 * 86_400.0
MOST_ENDED = 100


class Alerts:
    """One method for each page."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._shared = Shared(lambda: alarms_of(site, SHOWN_S), fresh_s=STREAMED_S, clock=site.now)

    async def listed(self, request: Request) -> Response:
        """What fires now, and what is over."""
        return await self._show(request, "alerts.html")

    async def part(self, request: Request) -> Response:
        """The moving part alone."""
        return await self._show(request, "alerts_part.html")

    async def events(self, request: Request) -> Response:
        """The same as a stream."""
        return await stream_of(self._site, request, lambda: self.part(request))

    async def _show(self, request: Request, template: str) -> Response:
        self._site.session_of(request)
        alarms, away = await self._shared.of("")
        proposed = await self._site.state.recommendations("")
        return await self._site.show(
            request,
            template,
            firing=[each for each in alarms if not each.ends_at],
            ended=[each for each in alarms if each.ends_at][:MOST_ENDED],
            undelivered=[each for each in alarms if each.is_undelivered],
            by_finding={
                each.recommendation.finding: each
                for each in sorted(proposed, key=usefulness, reverse=True)  # the most useful one stays
                if each.recommendation.finding
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
    """Add these pages to the application."""
    alerts = Alerts(site)
    for path, page in (
        ("/alerts", alerts.listed),
        ("/alerts/part", alerts.part),
        ("/alerts/part/events", alerts.events),
    ):
        app.add_api_route(path, page, include_in_schema=False)
