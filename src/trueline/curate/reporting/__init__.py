"""The figures of a run, from the files it left, and the pages that show them."""
