"""Catches every mail the platform sends and shows it: SMTP in, Mailpit's JSON shapes and a local page out."""
