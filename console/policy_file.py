"""The policy file: read, checked, and watched for changes."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from kernel.check import read_policy
from kernel.compile import revision_of
from kernel.policy import Policy
from kernel.problems import Problem
from warehouse.exits import CannotRun


class FileReading(msgspec.Struct, frozen=True):
    """One reading of the file. `policy` is None where it has errors or could not be read."""

    text: str
    revision: str
    policy: Policy | None
    problems: tuple[Problem, ...]

    @property
    def is_unreadable(self) -> bool:
        """Whether there was no text to check."""
        return not self.revision


class Unreadable(Problem, frozen=True):
    """There is no text to check, and so no line of it."""

    def text(self) -> str:
        """`policy.yaml cannot be read: no such file or directory. Check the path and its permissions.`"""
        return f"{self.file} {self.what}. {self.todo}"


def read_policy_file(path: Path, now: float) -> FileReading:
    """Read and check; a file that cannot be read is a problem of the reading, not an exception."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        return FileReading("", "", None, (unreadable(path, trouble),))
    return read_text(text, str(path), now)


def read_text(text: str, name: str, now: float) -> FileReading:
    """Check a text; problems call it `name`."""
    reading = read_policy(text, name, now)
    return FileReading(text, revision_of(text), reading.policy, reading.problems)


def unreadable(path: Path, trouble: OSError | UnicodeDecodeError) -> Problem:
    """Why a file could not be read, as a problem of its first line."""
    if isinstance(trouble, OSError):
        what = f"cannot be read: {(trouble.strerror or str(trouble)).lower()}"
        return Unreadable("error", str(path), 1, 1, "", what, "Check the path and its permissions.")
    what = f"is not UTF-8 text (byte {trouble.start})"
    return Unreadable("error", str(path), 1, 1, "", what, "Save it as UTF-8.")


def why_refused(path: Path, problems: Sequence[Problem]) -> str:
    """Why a policy cannot be loaded: one line for one problem, else one line each."""
    if len(problems) == 1:
        return problems[0].text()
    return "\n".join((f"{path} is no policy that can be loaded:", *(each.text() for each in problems)))


def good_text_of(path: Path, now: float) -> str:
    """The file's text. Raises CannotRun with every problem, by the file's own name and lines."""
    reading = read_policy_file(path, now)
    if reading.policy is None:
        raise CannotRun(why_refused(path, reading.problems))
    return reading.text


def text_of(path: Path) -> str:
    """The file's text, unchecked. Raises CannotRun."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise CannotRun(unreadable(path, trouble).text()) from trouble


def loaded_policy(path: Path, now: float) -> tuple[Policy, str]:
    """The file's policy and its revision. Raises CannotRun with every problem of a wrong one."""
    reading = read_policy_file(path, now)
    if reading.policy is None:
        raise CannotRun(why_refused(path, reading.problems))
    return reading.policy, reading.revision


class PolicyFile:
    """A watched file: it has changed when its identity, size or time differ from the last reading's."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path = path
        self._clock = clock
        self._seen: tuple[int, int, int, int] | None = self._look()

    def read(self) -> FileReading:
        """Read it now."""
        self._seen = self._look()
        return read_policy_file(self.path, self._clock())

    def forget(self) -> None:
        """Let it be read again at the next look, changed or not."""
        self._seen = None

    def has_changed(self) -> bool:
        """Whether it is worth reading again; costs one stat."""
        return self._look() != self._seen

    def _look(self) -> tuple[int, int, int, int]:
        # The inode tells a file that an editor or a config map replaced by another of equal size.
        try:
            found = self.path.stat()
        except OSError:
            return (0, 0, 0, 0)
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
