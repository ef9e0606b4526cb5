"""One class a tag, one method an operation: decode, one use case, encode; the generated Protocols say what they are."""
