"""The rules: frozen values in, a decision or a refusal out."""
