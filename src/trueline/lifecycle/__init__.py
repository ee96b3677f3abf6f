"""Where the stages meet: what one stage needs of another is put together here."""
