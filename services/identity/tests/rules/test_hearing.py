"""identity hears exactly what the catalogue says it hears."""

from common.testing.hearing import assert_hears_what_it_is_told
from identity.actions.means import Means
from identity.consumers import handlers
from identity.domain.policy import SignInPolicy
from identity.formats.vault import Vault


def test_every_message_meant_for_identity_has_an_action_and_no_other_has() -> None:
    means = Means(Vault("a pepper for tests only"), SignInPolicy(), "https://lanyard.test")
    assert_hears_what_it_is_told("identity", handlers(means))
