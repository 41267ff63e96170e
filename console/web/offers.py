"""What a recommendation is about, whom its rules act on, and whether it is worth an operator's look. Pure."""

import ipaddress

from kernel.findings import Finding
from kernel.patch import AddAccess
from kernel.recommendations import Recommendation, Reviewed

ADDRESS = "ip:"  # what identities by address begin with


def is_about(recommendation: Recommendation, finding: Finding) -> bool:
    """Whether a recommendation answers a finding, or answered an earlier one of the same detector about the
    same route or client: an attack that comes back is a new finding."""
    if recommendation.finding == finding.id:
        return True
    about = {finding.route, finding.identity, finding.key} - {""}
    return recommendation.detector == finding.detector and bool(
        {recommendation.route, recommendation.key} & about
    )


def acts_on(recommendation: Recommendation, finding: Finding) -> bool:
    """Whether its rules, once in force, act on what a finding is about, whatever they were proposed for."""
    return is_about(recommendation, finding) or denies(recommendation, finding)


def denies(recommendation: Recommendation, finding: Finding) -> bool:
    """Whether its patch denies the addresses of a finding's identity, there where the finding is."""
    if not finding.identity.startswith(ADDRESS):
        return False
    whom = ipaddress.ip_network(finding.identity.removeprefix(ADDRESS), strict=False)
    rules = [each.access for each in recommendation.patch.operations if isinstance(each, AddAccess)]
    networks = [
        ipaddress.ip_network(network, strict=False)
        for rule in rules
        if rule.action == "deny" and (not rule.routes or not finding.route or finding.route in rule.routes)
        for network in rule.networks
    ]
    return any(
        int(network.network_address) <= int(whom.network_address)
        and int(whom.broadcast_address) <= int(network.broadcast_address)
        for network in networks
        if network.version == whom.version
    )


def is_idle(recommendation: Recommendation) -> bool:
    """Whether a proposal against an attack would refuse nothing of it, as its replay says."""
    return bool(recommendation.detector) and recommendation.replay is not None and not stopped(recommendation)


def stopped(recommendation: Recommendation) -> int:
    """Requests of the attack that it would refuse, among them those that no route takes anyway."""
    replay = recommendation.replay
    return replay.newly_attack.requests + replay.unrouted_attack.requests if replay else 0


def usefulness(proposal: Reviewed) -> tuple[bool, int]:
    """What would have refused the most of an attack first, then what was not replayed; what refuses nothing
    of an attack last."""
    return is_idle(proposal.recommendation), -stopped(proposal.recommendation)
