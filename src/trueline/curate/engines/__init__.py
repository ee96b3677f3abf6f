"""Engines: where batches are worked on. Every engine gives the same bytes."""
