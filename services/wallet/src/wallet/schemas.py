"""What the routes answer."""

from common.schemas import View
from wallet.domain.wallet_pass import WalletPass


class WalletLink(View):
    """One vendor's wallet: how the pass stands there, and where to fetch it."""

    status: str
    url: str


class BadgeLink(View):
    """Where the printable badge is."""

    url: str


class WalletView(View):
    """Where a pass can be put."""

    apple: WalletLink
    google: WalletLink
    badge: BadgeLink

    @classmethod
    def of(cls, wallet_pass: WalletPass, public_url: str) -> "WalletView":
        """The links carry the wallet pass's own key, because a phone that opens them has no access token to send."""
        base = f"{public_url.rstrip('/')}/v1/wallet/passes/{wallet_pass.pass_id}"
        return cls(
            apple=WalletLink(status=wallet_pass.apple, url=f"{base}/apple?key={wallet_pass.link_key}"),
            google=WalletLink(status=wallet_pass.google, url=f"{base}/google?key={wallet_pass.link_key}"),
            badge=BadgeLink(url=f"{base}/badge?key={wallet_pass.link_key}"),
        )


class SaveLink(View):
    """The link that adds a ticket to Google Wallet."""

    save_url: str
