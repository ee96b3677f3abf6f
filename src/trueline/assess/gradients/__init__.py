"""Attacks on the embeddings of a classifier, led by its gradients, and noise beside them."""
