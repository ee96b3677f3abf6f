"""The HTTP gateway: an OpenAI-compatible server that puts a guard in front of a model."""
