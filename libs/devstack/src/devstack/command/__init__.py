"""The `lanyard` command: one file per subcommand, each with `HELP`, `configure` and `run`."""
