"""What Alembic runs: on the connection it is handed, in the transaction that is open there."""

from alembic import context

from clv.ops.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    compare_server_default=True,
)
context.run_migrations()
