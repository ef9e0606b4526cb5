"""Webhooks: definitions, the events that trigger them, and the delivery of what they send."""
