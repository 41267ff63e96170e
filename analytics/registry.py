"""Every detector that runs."""

from analytics.bursts import ClientBurst
from analytics.collapse import IdentityCollapsed
from analytics.detector import Detector
from analytics.errors import ErrorBurst
from analytics.floods import Flood
from analytics.latency import LatencyRegression
from analytics.scans import VulnerabilityScan
from analytics.series import Rows
from analytics.stuffing import CredentialStuffing
from analytics.windows import Scopes


def detectors(scopes: Scopes, rows: Rows, *, is_timed: bool = True) -> tuple[Detector, ...]:
    """New ones, that have learnt nothing yet; the client burst's comes first.

    `is_timed` False: latencies are not those of the traffic (a replay on a faster clock), nobody judges them.
    """
    timed = (LatencyRegression(rows),) if is_timed else ()
    return (
        ClientBurst(scopes),
        Flood(),
        CredentialStuffing(),
        VulnerabilityScan(),
        ErrorBurst(rows),
        *timed,
        IdentityCollapsed(),
    )
