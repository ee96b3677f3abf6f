"""Foundations: errors, records, policy, taxonomy, regulations."""
