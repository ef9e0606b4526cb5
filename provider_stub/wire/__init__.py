"""The JSON of the contract: `decode` makes engine values of it, `encode` shows them in it."""
