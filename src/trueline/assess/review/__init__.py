"""Review: people label a random sample of replies, so that the judge's errors enter the bound."""
