"""Monitor: keep measuring E[C] on traffic, raise alarms that stay valid, learn from labels."""
