"""Settings of the wallet service, beside those all services share. Secrets are named by their files."""

from pathlib import Path

from common.service import ServiceSettings


class Settings(ServiceSettings):
    """Both wallets are optional: without its settings, a wallet's routes say that it is not set up."""

    apple_pass_type_id: str = ""
    """`pass.…`, as Apple registered it. The certificate must be for it."""
    apple_team_id: str = ""
    """The team the certificate must belong to."""
    apple_certificate_file: Path | None = None
    """The pass certificate, PEM."""
    apple_key_file: Path | None = None
    """Its private key, PEM without a password."""
    apple_intermediate_file: Path | None = None
    """Apple's WWDR certificate that issued it, PEM."""
    google_issuer_id: str = ""
    """The issuer's number at Google."""
    google_service_account_file: Path | None = None
    """The JSON key file Google hands out for a service account."""
    google_api_url: str = ""
    """`https://walletobjects.googleapis.com` in production. Empty: Google is never called, and the save link carries
    the whole ticket instead."""
    google_token_url: str = "https://oauth2.googleapis.com/token"
    """Where a service account's signed word buys an access token."""
