"""How a message reaches people: webhooks, e-mail, commands, the log."""
