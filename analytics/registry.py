"""Every detector that runs."""

from analytics.bursts import ClientBurst
from analytics.collapse import IdentityCollapsed
from analytics.detector import Detector
from analytics.errors import ErrorBurst
from analytics.latency import LatencyRegression
from analytics.series import Rows
from analytics.windows import Scopes


def detectors(scopes: Scopes, rows: Rows) -> tuple[Detector, ...]:
    """New ones, that have learnt nothing yet; the client burst's comes first."""
    return (ClientBurst(scopes), ErrorBurst(rows), LatencyRegression(rows), IdentityCollapsed())
