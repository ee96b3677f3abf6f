"""Steps of a recipe: one file a step, its options beside it."""
