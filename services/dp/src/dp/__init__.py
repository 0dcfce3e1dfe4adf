"""Display pictures: templates, campaigns, generation, moderation."""
