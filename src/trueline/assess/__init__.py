"""Assess: question a target, grade its replies, bound the rates, and write the safety case."""
