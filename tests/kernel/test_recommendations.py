import msgspec

from kernel.patch import AddLimit, Patch, RemoveRule
from kernel.policy import Limit
from kernel.recommendations import patch_digest, recommendation_id


def test_the_id_of_a_recommendation_depends_on_what_it_is_about() -> None:
    one = recommendation_id("default", "limit-client", "ip:192.0.2.7")
    assert one == recommendation_id("default", "limit-client", "ip:192.0.2.7")
    assert len({one, recommendation_id("other", "limit-client", "ip:192.0.2.7")}) == 2
    assert len(one) == 16


def test_the_digest_of_a_patch_tells_what_it_does_and_not_for_which_revision_it_was_made() -> None:
    one = Patch("a", (AddLimit(Limit(name="slow", rate=1.0, burst=5)), RemoveRule("old")))
    digest = patch_digest(one)
    assert len(digest) == 16
    assert patch_digest(Patch("b", one.operations)) == digest
    assert patch_digest(msgspec.json.decode(msgspec.json.encode(one), type=Patch)) == digest
    others = (Patch("a", one.operations[:1]), Patch("a", one.operations[::-1]), Patch("a", ()))
    assert digest not in {patch_digest(each) for each in others}
