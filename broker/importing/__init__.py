"""Everything of another Pact Broker, read over its public HTTP API and written into a database of this one.

It relies on nothing but what the Ruby broker serves; what an older one lacks is left out and told.
"""
