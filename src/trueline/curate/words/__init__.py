"""Words of Chinese and English texts: where they are, what they are, which say little."""
