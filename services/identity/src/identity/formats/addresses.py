"""Reads mail addresses.

The typed form is kept for sending. The key under which an address is unique folds what people type differently and mail
systems treat alike (case, width of letters, the spelling of an international domain) and nothing else: dots and `+tags`
make different mailboxes with many providers.
"""

import unicodedata

from email_validator import EmailNotValidError, validate_email

from identity.domain.address import Address


def parse_address(text: object) -> Address:
    """Read an address. Raises ValueError with a sentence for people."""
    if not isinstance(text, str) or len(text) > 254:
        raise ValueError("not a mail address")
    try:
        # Reserved names such as `.test` are let through: the mail server knows best what it can reach.
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    local = unicodedata.normalize("NFKC", found.local_part).casefold()
    return Address(typed=f"{found.local_part}@{found.domain}", key=f"{local}@{found.ascii_domain.lower()}")
