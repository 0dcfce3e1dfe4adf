"""Pure work with libraries: addresses, hashes and seals, tokens, and the text of mails. No I/O."""
