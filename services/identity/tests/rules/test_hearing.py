"""identity hears exactly what the catalogue says it hears."""

from common.topology import heard_by
from identity.actions.means import Means
from identity.consumers import handlers
from identity.domain.policy import SignInPolicy
from identity.formats.vault import Vault


def test_every_message_meant_for_identity_has_an_action_and_no_other_has() -> None:
    means = Means(Vault("a pepper for tests only"), SignInPolicy(), "https://lanyard.test")
    assert set(handlers(means)) == set(heard_by("identity"))
