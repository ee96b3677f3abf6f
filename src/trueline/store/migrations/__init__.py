"""Alembic migrations, run by `trueline.store.migrate` when a database is opened."""
