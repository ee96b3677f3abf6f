"""New documents from old ones, whose labels still hold: one file for each operation."""
