"""Why the state does not do what it is asked. The control API turns each into a problem document."""

from collections.abc import Sequence

from kernel.problems import Problem


class NotHeld(Exception):
    """The caller does not hold the lease, or automation is paused."""


class Objected(Exception):
    """Overlays or a policy that are not allowed; `reasons` has every one."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class UnknownTenant(Exception):
    """This endpoint holds no policy of that tenant."""


class Unknown(Exception):
    """There is no revision, recommendation, job or token of that id."""


class Stale(Exception):
    """The write was made for another revision than the one in force, which is `current`."""

    def __init__(self, current: str) -> None:
        super().__init__(f"the policy has changed: revision {current} is in force; look at it and try again")
        self.current = current


class NotOpen(Exception):
    """The recommendation was decided already, is void, or no longer fits the policy."""


class Changed(Exception):
    """The recommendation is not the one that was reviewed."""


class WrongPolicy(Exception):
    """The policy file had errors when the process started."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(problem.text() for problem in problems))
        self.problems = tuple(problems)
