"""`clv`, for tests that need the service in a process of its own."""

from clv.apps import cli
from clv.apps.commands import keys, serving

if __name__ == "__main__":
    if not any(group.name == "keys" for group in cli.app.registered_groups):
        keys.register(cli.app)
        serving.register(cli.app)
    cli.main()
