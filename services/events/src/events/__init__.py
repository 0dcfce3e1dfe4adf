"""What happens when: events, agendas, ticket tiers, passes, check-ins."""
