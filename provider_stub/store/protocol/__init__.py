"""What the use cases need of a store, in the domain's words: `records`, and the units of work that `tx` describes."""
