"""The billing provider: it serves the contract under spec/, and bills."""
