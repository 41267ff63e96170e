"""Is what the other boards show complete and fresh?"""

from dashboards.boards.choices import ROUTE, TENANT
from dashboards.queries import load
from dashboards.spec import Board, BoardUid, Panel

BOARD = Board(
    uid=BoardUid("tidegate-health"),
    title="Tidegate: Gateway health",
    description="Telemetry's flow, queues, losses and lag; workers and the revisions that they judge by.",
    variables=(TENANT, ROUTE),
    panels=(
        Panel(
            name="lost",
            title="Telemetry lost",
            description="Events that workers dropped in the range. Anything but 0 makes every count too low.",
            sql=load("telemetry_lost"),
            unit="short",
            kind="stat",
            width=6,
        ),
        Panel(
            name="behind",
            title="Analytics behind",
            description="Seconds from what analytics has judged to the end of the range.",
            sql=load("judged"),
            unit="s",
            kind="stat",
            width=6,
        ),
        Panel(
            name="skew",
            title="Revisions at once",
            description="Policy revisions that judged requests. Above 1 for long: a proxy does not follow.",
            sql=load("revision_skew"),
            unit="short",
            kind="timeseries",
        ),
        Panel(
            name="flow",
            title="Telemetry flow",
            description="Events per second that workers offered, stored and dropped.",
            sql=load("telemetry_flow"),
            unit="reqps",
            kind="timeseries",
        ),
        Panel(
            name="queue",
            title="What waits",
            description="Events in workers' memory, and spooled on their disks while the warehouse is away.",
            sql=load("telemetry_queue"),
            unit="short",
            kind="timeseries",
        ),
        Panel(
            name="lag",
            title="Ingest lag",
            description="Time from a request's end until the warehouse had stored it.",
            sql=load("ingest_lag"),
            unit="ms",
            kind="timeseries",
        ),
        Panel(
            name="open-requests",
            title="Open requests",
            description="Requests in flight, by worker.",
            sql=load("open_requests"),
            unit="short",
            kind="timeseries",
        ),
        Panel(
            name="workers",
            title="Workers",
            description="Each worker's last heartbeat, how long it is silent, and its telemetry.",
            sql=load("heartbeat_age"),
            unit="none",
            kind="table",
            width=24,
        ),
        Panel(
            name="proxies",
            title="Proxies that follow",
            description="The revision that each proxy told last, and how long ago.",
            sql=load("proxies"),
            unit="none",
            kind="table",
            width=24,
        ),
    ),
)
