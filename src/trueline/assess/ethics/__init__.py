"""Ethics review: people answer a checklist for each category and clause, and sign off."""
