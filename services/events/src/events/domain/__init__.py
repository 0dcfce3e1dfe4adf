"""The rules of events, ticket tiers, passes and doors: frozen values in, a decision or a refusal out."""
