"""What runs without torch: bundled models, how they are loaded, and their cards."""
