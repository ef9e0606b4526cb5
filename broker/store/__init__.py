"""All SQL of the broker. Each module holds the statements about one kind of thing."""
