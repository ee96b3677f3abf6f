"""Measure predictions against the truth: classes, entities, translations, language models."""
