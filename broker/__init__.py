"""A Pact Broker in pure Python."""
