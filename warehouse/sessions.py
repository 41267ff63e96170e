"""Sessions of the embedded server: connections that keep their temporary tables and settings."""

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

MAX_SESSIONS = 512  # each holds a context of the engine, some 100 KB
MAX_TIMEOUT_S = 3600


class Closable(Protocol):
    """What a session keeps: a connection of the engine."""

    def close(self) -> None: ...


C = TypeVar("C", bound=Closable)


class SessionLocked(Exception):
    """Another request of the same session runs."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"Session {session_id} is locked by a concurrent client.")


class SessionUnknown(Exception):
    """`session_check=1` asked for a session that does not exist."""

    def __init__(self, session_id: str) -> None:
        super().__init__(f"Session {session_id} not found.")


class TooManySessions(Exception):
    """The cap of open sessions is reached, and all are in use."""


class _Session(Generic[C]):
    __slots__ = ("busy", "connection", "expires_at")

    def __init__(self, connection: C, expires_at: float) -> None:
        self.connection = connection
        self.expires_at = expires_at
        self.busy = True


class Sessions(Generic[C]):
    """Sessions by (user, session id), bounded; the clock (seconds) is an argument."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[tuple[str, str], _Session[C]] = {}

    def acquire(self, key: tuple[str, str], create: Callable[[], C], *, must_exist: bool = False) -> C:
        """The session's connection, for this caller alone until `release`."""
        with self._lock:
            self._expire()
            session = self._sessions.get(key)
            if session is not None:
                if session.busy:
                    raise SessionLocked(key[1])
                session.busy = True
                return session.connection
            if must_exist:
                raise SessionUnknown(key[1])
            self._make_room()
            session = _Session(create(), self._clock())
            self._sessions[key] = session
            return session.connection

    def release(self, key: tuple[str, str], timeout_s: int) -> None:
        """Gives the connection back; the session ends after `timeout_s` without a request."""
        with self._lock:
            session = self._sessions[key]
            session.busy = False
            session.expires_at = self._clock() + min(timeout_s, MAX_TIMEOUT_S)

    def discard(self, key: tuple[str, str]) -> None:
        """Ends a session that its caller holds."""
        with self._lock:
            self._sessions.pop(key).connection.close()

    def close(self) -> None:
        """Ends every session that no request holds."""
        with self._lock:
            for key in [key for key, session in self._sessions.items() if not session.busy]:
                self._sessions.pop(key).connection.close()

    def _expire(self) -> None:
        now = self._clock()
        ended = [key for key, found in self._sessions.items() if not found.busy and found.expires_at <= now]
        for key in ended:
            self._sessions.pop(key).connection.close()

    def _make_room(self) -> None:
        """The idle session that would expire first makes room for a new one."""
        if len(self._sessions) < MAX_SESSIONS:
            return
        idle = [(session.expires_at, key) for key, session in self._sessions.items() if not session.busy]
        if not idle:
            raise TooManySessions(f"{MAX_SESSIONS} sessions are open")
        self._sessions.pop(min(idle)[1]).connection.close()
