"""What actions work with besides the transaction."""

from dataclasses import dataclass

from identity.domain.policy import SignInPolicy
from identity.formats.vault import Vault


@dataclass(frozen=True, slots=True)
class Means:
    """The vault, the operator's policy, and what links in mails begin with."""

    vault: Vault
    policy: SignInPolicy
    public_url: str
