"""Passes on phones and lapels: makes the wallet copy of every pass and keeps it true."""
