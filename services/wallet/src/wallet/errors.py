"""Why the wallet service refuses: each class name is the reason, each docstring the sentence people read."""

from common.refusals import Conflict, NotFound, Unavailable, Unprocessable


class NoSuchPass(NotFound):
    """There is no wallet pass for this ticket, or it is not yours."""

    code = "wallet.no_such_pass"


class PassVoided(Conflict):
    """This ticket is no longer valid, so it cannot be added to a wallet."""

    code = "wallet.pass_voided"


class AppleNotConfigured(Unavailable):
    """Apple Wallet passes are not set up on this platform."""

    code = "wallet.apple_not_configured"


class GoogleNotConfigured(Unavailable):
    """Google Wallet passes are not set up on this platform."""

    code = "wallet.google_not_configured"


class GoogleRefused(Unavailable):
    """Google Wallet did not take the pass (status {status}). Try again later."""

    code = "wallet.google_refused"


class CredentialUnreadable(Unprocessable):
    """The {part} cannot be read: it must be one PEM block without a password."""

    code = "wallet.credential_unreadable"


class KeyOfAnotherCertificate(Unprocessable):
    """The private key does not belong to the certificate."""

    code = "wallet.key_of_another_certificate"


class CertificateNotCurrent(Unprocessable):
    """The {part} is valid from {valid_from} to {valid_until}, and not now."""

    code = "wallet.certificate_not_current"


class WrongPassType(Unprocessable):
    """The certificate is for the pass type {found}, but {expected} is configured."""

    code = "wallet.wrong_pass_type"


class WrongTeam(Unprocessable):
    """The certificate belongs to the team {found}, but {expected} is configured."""

    code = "wallet.wrong_team"


class WrongIntermediate(Unprocessable):
    """The certificate was issued by {expected}, but the intermediate given is {found}."""

    code = "wallet.wrong_intermediate"


class ServiceAccountUnreadable(Unprocessable):
    """The Google service account cannot be read: it must be the JSON key file that Google hands out."""

    code = "wallet.service_account_unreadable"
