"""The whole platform on one machine, without Docker or root, and the `lanyard` command."""
