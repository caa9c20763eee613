"""Groups of commands, each with a `register` that adds it to the command line."""
