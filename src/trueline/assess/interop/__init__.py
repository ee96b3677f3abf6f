"""Results of other tools, read for the bounds their counts allow."""
