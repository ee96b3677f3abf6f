"""Events and ledgers: every exchange durable, hash-chained and searchable."""
