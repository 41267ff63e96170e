"""What the demo's operator asks of the control API, with a token of the role `operator` and no more."""

from console.asking import Asker
from kernel.control import Approve, AskToken, MadeToken, PolicyInForce, ReviewInFull
from kernel.recommendations import Reviewed

NAME = "the control endpoint"
OPERATOR = "demo-operator"  # whom the audit and the revision name as the author
TOKEN_LASTS_S = 86_400


class ControlDesk:
    """Calls block; each may raise NoAnswer."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def proposed(self) -> tuple[Reviewed, ...]:
        """The open recommendations, changed last first."""
        return self._asker.get("/v1/recommendations", tuple[Reviewed, ...], state="open")

    def review(self, which: str) -> ReviewInFull:
        """One, with its difference to the policy in force."""
        return self._asker.get(f"/v1/recommendations/{which}", ReviewInFull)

    def approve(self, which: str, asked: Approve) -> Reviewed:
        """Put it in force, provided that the policy is still the one that is in force now."""
        revision = self._asker.get("/v1/policy", PolicyInForce).revision
        return self._asker.post(f"/v1/recommendations/{which}/approve", asked, Reviewed, expected=revision)


def operators_desk(url: str, admin_token: str) -> ControlDesk:
    """A desk with a token of its own, which `admin_token` makes. Raises NoAnswer."""
    asked = AskToken(OPERATOR, "operator", TOKEN_LASTS_S)
    made = Asker(NAME, url, admin_token).post("/v1/tokens", asked, MadeToken)
    return ControlDesk(Asker(NAME, url, made.secret))
