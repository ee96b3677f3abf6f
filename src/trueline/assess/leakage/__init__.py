"""What a model gives away about its training data: membership, canaries, personal information."""
