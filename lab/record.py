"""What the generator remembers of each request that it sent: the demo's ground truth."""

from typing import Literal, NamedTuple

Label = Literal["legitimate", "greedy", "attack"]
LEGITIMATE: Label = "legitimate"
GREEDY_LABEL: Label = "greedy"
ATTACK_LABEL: Label = "attack"

# The shop never answers so: whoever gets one of these was refused by the gateway.
REFUSALS = (403, 429)


class Sent(NamedTuple):
    """One request sent: seconds since 1970, who sent it as what, and the status that came back."""

    at: float
    identity: str
    label: Label
    route: str
    status: int
    duration_ms: float

    @property
    def is_refused(self) -> bool:
        """Whether the gateway refused it."""
        return self.status in REFUSALS

    @property
    def is_error(self) -> bool:
        """Whether the upstream, or nobody, answered properly."""
        return self.status >= 500 or self.status == 0
