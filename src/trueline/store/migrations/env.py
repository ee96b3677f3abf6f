"""Alembic's entry point: runs inside the transaction that `migrate.upgrade` opened."""

from __future__ import annotations

from alembic import context

from trueline.store.schema import metadata


def run() -> None:
    """Run the migrations that Alembic has chosen."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


# Alembic loads this file under this name; importing the module does nothing.
if __name__ == "env_py":
    run()
