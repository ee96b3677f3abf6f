"""Graders: the Judge, rules and references, a judge model, and how their opinions combine."""
