"""The safety case: one verdict, the claims under it, and a page that can be computed again."""
