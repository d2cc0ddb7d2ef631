"""What Alembic runs: the migrations, inside the transaction that its caller has begun."""

from alembic import context

from bostan_scheduler.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
