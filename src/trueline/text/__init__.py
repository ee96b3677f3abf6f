"""Text: undo disguises with offsets back to the original, tell the language, find sentences."""
