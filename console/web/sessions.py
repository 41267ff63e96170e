"""Who is signed in: a token, shown once in a form, becomes a session that a cookie names.

Sessions live in this process and end with it. What a session may do is asked of the tokens at each
request, so that a revoked token's sessions end with it.
"""

import hmac
from collections.abc import Callable

import msgspec

SESSION_S = 12 * 3600.0
MOST_SESSIONS = 1_000
RANDOM_BYTES = 24

Clock = Callable[[], float]


class Session(msgspec.Struct, frozen=True):
    """One browser. `authorization` is the value that its token would have as a header field."""

    id: str
    csrf: str
    authorization: str
    ends_at: float


class Sessions:
    """The sessions that there are."""

    def __init__(self, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._random = random
        self._sessions: dict[str, Session] = {}  # the oldest first

    def begin(self, authorization: str) -> Session:
        """A new session; where there are too many, the oldest ends."""
        session = Session(self._word(), self._word(), authorization, self._clock() + SESSION_S)
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[session.id] = session
        return session

    def of(self, cookie: str) -> Session | None:
        """The session that a cookie names, unless it has ended."""
        session = self._sessions.get(cookie)
        if session is not None and session.ends_at <= self._clock():
            self.end(session)
            return None
        return session

    def end(self, session: Session) -> None:
        """Sign out."""
        self._sessions.pop(session.id, None)

    def _word(self) -> str:
        return self._random(RANDOM_BYTES).hex()


def is_from_own_form(session: Session, csrf: str, *, fetch_site: str) -> bool:
    """Whether a form of ours was sent. Only browsers tell `fetch_site` (the field Sec-Fetch-Site)."""
    return fetch_site in ("", "same-origin") and hmac.compare_digest(session.csrf.encode(), csrf.encode())
