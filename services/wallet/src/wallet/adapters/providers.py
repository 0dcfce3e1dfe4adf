"""The two wallets as configured: what the composition root hands to actions. Either may be missing."""

from dataclasses import dataclass

from wallet.adapters.google_api import GoogleApi
from wallet.errors import AppleNotConfigured, GoogleNotConfigured
from wallet.formats.apple_credentials import AppleCredentials
from wallet.formats.google import GoogleIssuer


@dataclass(frozen=True, slots=True)
class Google:
    """The issuer, the origin links are made for, and the API where it is to be called."""

    issuer: GoogleIssuer
    origin: str
    api: GoogleApi | None


@dataclass(frozen=True, slots=True)
class Providers:
    """Apple's credentials and Google's account."""

    apple: AppleCredentials | None
    google: Google | None

    def require_apple(self) -> AppleCredentials:
        """The credentials, or the refusal that says there are none."""
        if self.apple is None:
            raise AppleNotConfigured
        return self.apple

    def require_google(self) -> Google:
        """The account, or the refusal that says there is none."""
        if self.google is None:
            raise GoogleNotConfigured
        return self.google
