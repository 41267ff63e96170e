"""The control endpoint as analytics sees it: the policy, the lease, the loop's state, overlays, replays."""

from collections.abc import Sequence

import httpx2
import msgspec

from kernel.control import (
    ANALYTICS,
    AskLease,
    ClaimJob,
    Following,
    Label,
    LeaseAnswer,
    LoopAnswer,
    PolicyInForce,
    PutJob,
    PutOverlays,
    PutRecommendations,
    RevisionInFull,
    Status,
)
from kernel.findings import Overlay
from kernel.recommendations import KeptApproval, Realised, Recommendation, Reviewed, Withdrawal
from kernel.replays import Job, JobState, ReplayReport

TIMEOUT_S = 2.0


class Unreachable(Exception):
    """The endpoint did not answer, or with something else than was asked; the message says what."""


class Control:
    """Calls to the endpoint; each raises Unreachable."""

    def __init__(self, url: str, tenant: str, *, token: str, holder: str) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT_S)
        self._tenant = tenant
        self._holder = holder

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def following(self, revision: str, version: int) -> Following:
        """The policy, where it is not `revision`, and the overlays in force; answers at once."""
        query: dict[str, str | int] = {
            "tenant": self._tenant,
            "revision": revision,
            "overlays": version,
            "timeout_s": 0,
            "proxy": ANALYTICS,
        }
        return msgspec.json.decode(self._call("GET", "/v1/follow", query=query), type=Following)

    def lease(self, ttl_s: float) -> LeaseAnswer:
        """Take or renew the lease."""
        body = msgspec.json.encode(AskLease(self._tenant, self._holder, ttl_s))
        return msgspec.json.decode(self._call("POST", "/v1/lease", body=body), type=LeaseAnswer)

    def loop(self) -> LoopAnswer:
        """Whether automation is paused."""
        found = self._call("GET", "/v1/loop", query={"tenant": self._tenant})
        return msgspec.json.decode(found, type=LoopAnswer)

    def status(self) -> Status:
        """What the console knows: refused policies, who runs what, the loop."""
        found = self._call("GET", "/v1/status", query={"tenant": self._tenant})
        return msgspec.json.decode(found, type=Status)

    def put(self, overlays: Sequence[Overlay]) -> None:
        """Replace the tenant's overlays."""
        body = msgspec.json.encode(PutOverlays(self._tenant, self._holder, tuple(overlays)))
        self._call("PUT", "/v1/overlays", body=body)

    def recommend(
        self, recommendations: Sequence[Recommendation], withdrawn: Sequence[Withdrawal] = ()
    ) -> None:
        """Add proposals, or renew those that are still open; take others back."""
        body = PutRecommendations(self._tenant, self._holder, tuple(recommendations), tuple(withdrawn))
        self._call("PUT", "/v1/recommendations", body=msgspec.json.encode(body))

    def proposed(self) -> list[Recommendation]:
        """Open recommendations, with the replays that they have."""
        found = self._call("GET", "/v1/recommendations", query={"state": "open"})
        return [each.recommendation for each in msgspec.json.decode(found, type=tuple[Reviewed, ...])]

    def approved(self) -> tuple[Reviewed, ...]:
        """Recommendations whose rules are in the policy."""
        found = self._call("GET", "/v1/recommendations", query={"state": "approved"})
        return msgspec.json.decode(found, type=tuple[Reviewed, ...])

    def kept(self) -> tuple[KeptApproval, ...]:
        """The latest approvals, whether their rules hold or have ended."""
        return msgspec.json.decode(self._call("GET", "/v1/approvals"), type=tuple[KeptApproval, ...])

    def reviewed(self, which: str) -> Reviewed:
        """One recommendation, in whatever state."""
        return msgspec.json.decode(self._call("GET", f"/v1/recommendations/{which}"), type=Reviewed)

    def put_realised(self, realised: Realised) -> None:
        """Say what an approved recommendation did."""
        body = msgspec.json.encode(realised)
        self._call("PUT", f"/v1/recommendations/{realised.recommendation}/realised", body=body)

    def policy(self) -> PolicyInForce:
        """The policy in force, for who does not follow it: a viewer's token may ask."""
        return msgspec.json.decode(self._call("GET", "/v1/policy"), type=PolicyInForce)

    def text_of(self, revision: str) -> str:
        """The policy of a revision; an empty one is the revision in force."""
        if not revision:
            return self.following("", -1).policy
        found = self._call("GET", f"/v1/revisions/{revision}")
        return msgspec.json.decode(found, type=RevisionInFull).text

    def labels(self) -> tuple[Label, ...]:
        """What operators know of findings and identities."""
        return msgspec.json.decode(self._call("GET", "/v1/labels"), type=tuple[Label, ...])

    def claim_job(self) -> Job | None:
        """The oldest replay that waits, ours from now on; None where none waits."""
        body = msgspec.json.encode(ClaimJob(self._tenant, self._holder))
        found = self._call("POST", "/v1/jobs/claim", body=body)
        return msgspec.json.decode(found, type=Job) if found else None

    def put_job(
        self,
        which: str,
        state: JobState,
        *,
        progress: float,
        report: ReplayReport | None = None,
        failure: str = "",
    ) -> JobState:
        """Say how far a replay is; the answer is its state, `cancelled` where it should end."""
        body = msgspec.json.encode(PutJob(self._holder, state, progress, report, failure))
        return msgspec.json.decode(self._call("PUT", f"/v1/jobs/{which}", body=body), type=Job).state

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str | int] | None = None,
        body: bytes | None = None,
    ) -> bytes:
        try:
            answer = self._client.request(method, path, params=query, content=body)
        except httpx2.HTTPError as problem:
            raise Unreachable(f"{method} {path}: {problem or type(problem).__name__}") from problem
        if answer.status_code not in (200, 204):
            raise Unreachable(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.content
