"""The rules: frozen values in, a decision or a refusal out. `now` is an argument; nothing here knows of a database."""
