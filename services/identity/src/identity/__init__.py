"""Who people are: sign-in, sign-ins, organisations, workspaces, roles, app state, backers, notifications."""
