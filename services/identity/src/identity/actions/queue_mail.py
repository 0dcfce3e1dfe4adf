"""Queues a mail in the transaction that gives reason for it. Its words are sealed: they may hold a code or a secret link."""

from datetime import timedelta

from common.db import Transaction
from common.sealing import NONCE_BYTES
from identity.actions.means import Means
from identity.domain.mail_schedule import WORTH_HAVING
from identity.formats.mails import MailText
from identity.store import mails

SEAL = "mail"


def queue_mail(
    tx: Transaction, means: Means, key: str, recipient: str, mail: MailText, worth_having: timedelta = WORTH_HAVING
) -> None:
    """Queue a mail as this commits, once per `key` for ever.

    Args:
        worth_having: after so long nobody wants it any more, and it is given up.
    """
    sealed = means.vault.sealing.seal(SEAL, mail.to_bytes(), tx.entropy.bytes(NONCE_BYTES))
    mails.insert_mail(tx, key, recipient, sealed, tx.now + worth_having)
