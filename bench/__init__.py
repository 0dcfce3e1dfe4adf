"""Every figure this project claims, measured beside its peer or its limit, as a ratio from one run."""
