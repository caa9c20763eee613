"""The command line and the services: the only readers of arguments and environment."""
