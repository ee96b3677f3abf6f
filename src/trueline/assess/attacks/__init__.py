"""Attack transforms: ways to put the same question in disguise, each repeatable by its seed."""
