"""Asks the warehouse for evidence, proposes, and says what of it the console does not know yet."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from analytics.bursts import CARD as BURST
from analytics.choosing import chosen, is_useless
from analytics.denials import AFTERWARDS_S, denied_by
from analytics.drafts import Facts, Grounds
from analytics.engine import Engine
from analytics.labels import AROUND_S, Vouched
from analytics.proposals import propose
from analytics.scans import CARD as SCAN
from analytics.stuffing import CARD as STUFFING
from analytics.tracker import Tracker
from analytics.withdrawing import USELESS, why_vouched, why_withdrawn
from kernel.findings import Finding
from kernel.policy import Policy
from kernel.recommendations import Attribute, Peers, Recommendation, Withdrawal
from kernel.replays import Example
from warehouse.conduct import MOST_ASKED, Conduct

EVERY_S = 2.0  # between two looks
REFRESH_S = 20.0  # evidence is asked for anew so often while its finding lasts
YOUNG_S, YOUNG_REFRESH_S = 30.0, 5.0  # whom stuffed logins are traced to grows fast at first
MOST_RECENT = 200  # findings that ended of late
USELESS_S = 600.0  # a limit that would not have helped is not proposed again before
GROWTH = 1.1  # more addresses: a denial that somebody may be reading is written anew
MOST_FACTS = 20  # findings for which the warehouse is asked
DENYING = frozenset((STUFFING.number, SCAN.number))
ACCUSING = frozenset((BURST.number, STUFFING.number, SCAN.number))
EARLIER_S = 5.0
NOTHING_VOUCHED = Vouched()


class Witness(Protocol):
    """Who knows more than the finding: see warehouse.evidence.EvidenceReader."""

    def accused(self, finding: Finding) -> tuple[str, ...]: ...
    def attributes(
        self, who: Sequence[str], route: str, *, since: float, until: float
    ) -> tuple[Attribute, ...]: ...
    def samples(
        self, who: Sequence[str], route: str, *, since: float, until: float
    ) -> tuple[Example, ...]: ...
    def login_peers(self, route: str, until: float) -> Peers | None: ...
    def conduct(self, who: Sequence[str], *, since: float, until: float) -> Conduct: ...


class Proposer:
    """What analytics proposes for one tenant, and what of it the console knows."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._looked_at = float("-inf")
        self._facts: dict[str, tuple[float, Facts]] = {}  # finding's id -> when it was asked for
        self._recent: dict[str, Finding] = {}  # stuffed logins, open or ended of late
        self._told: dict[str, tuple[float, Recommendation]] = {}
        self._open: dict[str, Recommendation] = {}  # at the console, as heard of last
        self._wanted: dict[str, float] = {}  # of these: when they were proposed last
        self._chosen: dict[str, Recommendation] = {}  # with the value that a replay chose
        self._useless: dict[str, float] = {}  # until when
        self._vouched = Vouched()

    def hear(
        self, open_: Sequence[Recommendation], now: float, *, vouched: Vouched = NOTHING_VOUCHED
    ) -> None:
        """Which proposals are open at the console, with their replays: their values may be better ones.

        `vouched`: whom operators call legitimate; nothing is proposed against them.
        """
        self._vouched = vouched
        self._open = {each.id: each for each in open_}
        self._wanted = {id_: self._wanted.get(id_, now) for id_ in self._open}
        for each in open_:
            bare = msgspec.structs.replace(each, replay=None)
            self._told = {each.id: (now, bare), **self._told}  # of another process, or of our last life
            if each.patch != self._told[each.id][1].patch:
                continue  # its replay is of what was proposed before
            better = chosen(each)
            if better is not None:
                self._chosen[each.id] = better
            if is_useless(each):
                self._useless[each.id] = now + USELESS_S

    def look(
        self, now: float, engine: Engine, *, policy: Policy, revision: str
    ) -> tuple[Recommendation, ...]:
        """What the console should be told now: new proposals, and evidence that has grown.

        Raises what the warehouse's client raises.
        """
        if now - self._looked_at < EVERY_S:
            return ()
        self._looked_at = now
        findings = self._standing(self._remembered(engine.tracker, now))
        self._gather(now, findings)
        self._told = {id_: each for id_, each in self._told.items() if each[1].expires_at > now}
        proposed = propose(
            Grounds(
                now=now,
                policy=policy,
                revision=revision,
                findings=findings,
                facts=self._facts_with_conduct(findings, now),
                usual_of=engine.usual,
                peers_of=engine.peers,
            )
        )
        self._useless = {id_: until for id_, until in self._useless.items() if until > now}
        proposed = tuple(each for each in proposed if each.id not in self._useless)
        self._wanted |= {each.id: now for each in proposed}
        settled = (self._settled(each) for each in proposed)
        return tuple(each for each in settled if self._is_news(each, now))

    def outdated(self, now: float, policy: Policy) -> tuple[Withdrawal, ...]:
        """What of the open proposals should be taken back."""
        found = (
            Withdrawal(
                id_,
                USELESS
                if id_ in self._useless
                else why_vouched(self._told.get(id_, (now, each))[1], self._vouched)
                or why_withdrawn(each, policy, now=now, wanted_at=self._wanted[id_]),
            )
            for id_, each in self._open.items()
        )
        return tuple(each for each in found if each.reason)

    def withdrew(self, withdrawn: Sequence[Withdrawal]) -> None:
        """The console knows: what comes again is new."""
        gone = {each.recommendation for each in withdrawn}
        self._open = {id_: each for id_, each in self._open.items() if id_ not in gone}
        self._told = {id_: each for id_, each in self._told.items() if id_ not in gone}

    def told(self, recommendations: Sequence[Recommendation], now: float) -> None:
        """The console took them."""
        self._told = self._told | {each.id: (now, each) for each in recommendations}

    def _standing(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Those that no operator called legitimate, nor whom they accuse."""
        vouched = self._vouched
        return tuple(
            each
            for each in findings
            if each.id not in vouched.findings and each.identity not in vouched.identities
        )

    def _remembered(self, tracker: Tracker, now: float) -> tuple[Finding, ...]:
        """Open findings, and those of stuffed logins that ended within AFTERWARDS_S, before a restart too."""
        open_ = tracker.open
        here = {each.id for each in open_}
        lately = tracker.ended(now - AFTERWARDS_S)
        known = {each.id: each for each in lately if each.detector == STUFFING.number} | self._recent
        ended = [
            each if each.closed_at else msgspec.structs.replace(each, closed_at=now)
            for id_, each in known.items()
            if id_ not in here
        ]
        ended = [each for each in ended if each.closed_at > now - AFTERWARDS_S][-MOST_RECENT:]
        stuffed = [each for each in open_ if each.detector == STUFFING.number]
        self._recent = {each.id: each for each in (*ended, *stuffed)}
        return (*open_, *ended)

    def about(self, finding: str) -> str:
        """Id of the first proposal about a finding that the console knows, or empty. Any thread may ask."""
        told = self._told  # never changed in place
        return next((id_ for id_, (_, each) in told.items() if each.finding == finding), "")

    def _gather(self, now: float, findings: Sequence[Finding]) -> None:
        """Ask for what the warehouse knows of the gravest findings, those that ended once more."""
        about = [each for each in findings if each.detector in ACCUSING]
        about = sorted(about, key=lambda each: (each.closed_at > 0, -each.score, each.id))[:MOST_FACTS]
        kept = {each.id: self._facts[each.id] for each in about if each.id in self._facts}
        for each in about:
            if each.id not in kept or is_stale(each, kept[each.id][0], now):
                kept[each.id] = (now, self._ask(each, now))
        self._facts = kept

    def _facts_with_conduct(self, findings: Sequence[Finding], now: float) -> dict[str, Facts]:
        """By finding, without whom operators vouch for; what the accused did besides may come later."""
        onsets = {each.id: each.onset for each in findings if each.detector in DENYING}
        found = {}
        for id_, (_, facts) in self._facts.items():
            who = tuple(each for each in facts.who if each not in self._vouched.identities)
            found[id_] = msgspec.structs.replace(facts, who=who)
            if id_ in onsets:
                conduct = self._witness.conduct(who[:MOST_ASKED], since=onsets[id_] - AROUND_S, until=now)
                found[id_] = msgspec.structs.replace(found[id_], conduct=conduct)
        return found

    def _ask(self, finding: Finding, now: float) -> Facts:
        who = self._witness.accused(finding) or ((finding.identity,) if finding.identity else ())
        route = "" if finding.detector == SCAN.number else finding.route
        since, until, named = finding.onset - EARLIER_S, finding.closed_at or now, who[:MOST_ASKED]
        is_login = finding.detector == STUFFING.number
        return Facts(
            who=who,
            attributes=self._witness.attributes(named, route, since=since, until=until),
            samples=self._witness.samples(named, route, since=since, until=until),
            login_peers=self._witness.login_peers(finding.route, until) if is_login else None,
        )

    def _settled(self, proposed: Recommendation) -> Recommendation:
        """What a person may be reading does not change under them: on the same policy only evidence grows.

        Whom to deny is evidence, too: a list that grew is proposed anew.
        """
        if proposed.id not in self._told:
            return proposed
        known = self._told[proposed.id][1]
        better = self._chosen.pop(proposed.id, known)
        is_other = known.patch.base != proposed.patch.base or known.finding != proposed.finding
        known = known if is_other else better
        if is_other or (proposed.kind == "deny-stuffers" and self._has_grown(known, proposed)):
            return msgspec.structs.replace(proposed, created_at=known.created_at)
        return msgspec.structs.replace(known, evidence=proposed.evidence, confidence=proposed.confidence)

    def _has_grown(self, known: Recommendation, proposed: Recommendation) -> bool:
        """Whether a denial names many more (any, once it is over), or spares somebody whom it named."""
        before, after = denied_by(known.patch), denied_by(proposed.patch)
        is_over = self._recent[proposed.finding].closed_at > 0
        return not before <= after or len(after) > len(before) * (1.0 if is_over else GROWTH)

    def _is_news(self, proposed: Recommendation, now: float) -> bool:
        if proposed.id not in self._told:
            return True
        told_at, known = self._told[proposed.id]
        if known.patch != proposed.patch or known.finding != proposed.finding:
            return True
        return bool(proposed.finding) and now - told_at >= REFRESH_S and proposed != known


def is_stale(finding: Finding, asked_at: float, now: float) -> bool:
    """Whether the warehouse may know more by now; once a finding ended, it is asked a last time."""
    if finding.closed_at:
        return asked_at <= finding.closed_at
    is_young = finding.detector == STUFFING.number and now - finding.found_at < YOUNG_S
    return now - asked_at >= (YOUNG_REFRESH_S if is_young else REFRESH_S)
