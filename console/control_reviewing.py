"""Calls of the control API about recommendations and replays: proposed, reviewed, asked for, worked on."""

from typing import Annotated, Literal

from fastapi import Path, Request, Response

from console.answers import Refused, body_of, expected_of, to_json
from console.calls import READERS, Call, author_of
from console.state import ControlState
from console.tokens import Role
from kernel.control import Approve, ClaimJob, PutJob, PutRecommendations, Reject, ReviewInFull
from kernel.recommendations import KeptApproval, Realised, Reviewed
from kernel.replays import Job, ReplayRequest

Which = Annotated[str, Path(alias="id")]
AnyState = Literal["", "open", "approved", "rejected", "expired", "withdrawn"]


class ReviewingCalls:
    """One method for each call."""

    def __init__(self, state: ControlState) -> None:
        self._state = state

    async def put_recommendations(self, request: Request) -> Response:
        """Propose, and take back what is open: the lease's holder only."""
        asked = await body_of(request, PutRecommendations)
        self._state.require(asked.tenant)
        author = author_of(request)
        await self._state.withdraw(asked.holder, asked.withdrawn, author=author)
        return to_json(await self._state.propose(asked.holder, asked.recommendations, author=author))

    async def get_recommendations(self, state: AnyState = "") -> Response:
        """Those of a state, or all; changed last first."""
        return to_json(await self._state.recommendations(state))

    async def get_recommendation(self, which: Which) -> Response:
        """One, with what it would change of the policy in force."""
        return to_json(await self._state.recommendation(which))

    async def approve(self, which: Which, request: Request) -> Response:
        """Put it in force in the mode that the operator chooses."""
        expected = expected_of(request, self._state.revision)
        asked = await body_of(request, Approve)
        approved = await self._state.approve(which, asked, author=author_of(request), expected=expected)
        return to_json(approved, etag=self._state.revision)

    async def reject(self, which: Which, request: Request) -> Response:
        """Turn it down."""
        asked = await body_of(request, Reject)
        return to_json(await self._state.reject(which, asked.reason, author=author_of(request)))

    async def put_realised(self, which: Which, request: Request) -> Response:
        """What its rules did since they were approved."""
        asked = await body_of(request, Realised)
        if asked.recommendation != which:
            raise Refused(422, "malformed body", f"the body is of recommendation {asked.recommendation!r}")
        return to_json(await self._state.put_realised(which, asked, author=author_of(request)))

    async def get_approvals(self, recommendation: str = "") -> Response:
        """Every approval, or those of a recommendation; decided last first."""
        return to_json(await self._state.approvals(recommendation))

    async def post_job(self, request: Request) -> Response:
        """Ask for a replay."""
        asked = await body_of(request, ReplayRequest)
        return to_json(await self._state.ask_job(asked, author=author_of(request)), status=201)

    async def get_jobs(self) -> Response:
        """Newest first."""
        return to_json(await self._state.jobs())

    async def get_job(self, which: Which) -> Response:
        """One job."""
        return to_json(await self._state.job(which))

    async def cancel_job(self, which: Which, request: Request) -> Response:
        """Stop it."""
        return to_json(await self._state.cancel_job(which, author=author_of(request)))

    async def claim_job(self, request: Request) -> Response:
        """Take the oldest job that waits; 204 where none does."""
        asked = await body_of(request, ClaimJob)
        self._state.require(asked.tenant)
        job = await self._state.claim_job(asked.holder, author=author_of(request))
        return Response(status_code=204) if job is None else to_json(job)

    async def put_job(self, which: Which, request: Request) -> Response:
        """How far its worker is."""
        told = await body_of(request, PutJob)
        return to_json(await self._state.put_job(which, told, author=author_of(request)))


def reviewing_calls(state: ControlState) -> tuple[Call, ...]:
    """The calls and who may make them."""
    to = ReviewingCalls(state)
    analytics, operator = (Role.ANALYTICS,), (Role.OPERATOR,)
    listed, one = "/v1/recommendations", "/v1/recommendations/{id}"
    all_of = tuple[Reviewed, ...]
    return (
        Call("PUT", listed, to.put_recommendations, analytics, all_of, PutRecommendations),
        Call("GET", listed, to.get_recommendations, READERS, all_of),
        Call("GET", one, to.get_recommendation, READERS, ReviewInFull),
        Call("POST", one + "/approve", to.approve, operator, Reviewed, Approve, needs_revision=True),
        Call("POST", one + "/reject", to.reject, operator, Reviewed, Reject),
        Call("PUT", one + "/realised", to.put_realised, analytics, Reviewed, Realised),
        Call("GET", "/v1/approvals", to.get_approvals, READERS, tuple[KeptApproval, ...]),
        Call("POST", "/v1/jobs", to.post_job, operator, Job, ReplayRequest, status=201),
        Call("GET", "/v1/jobs", to.get_jobs, READERS, tuple[Job, ...]),
        Call("POST", "/v1/jobs/claim", to.claim_job, analytics, Job, ClaimJob),
        Call("GET", "/v1/jobs/{id}", to.get_job, READERS, Job),
        Call("PUT", "/v1/jobs/{id}", to.put_job, analytics, Job, PutJob),
        Call("POST", "/v1/jobs/{id}/cancel", to.cancel_job, operator, Job),
    )
