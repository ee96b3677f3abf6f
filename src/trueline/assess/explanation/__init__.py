"""Why a model said what it said: attributions, attention, concepts, and the guard's reasons."""
