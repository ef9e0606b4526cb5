"""From one OpenAPI 3.0 document to a typed client, a checked provider, fuzzing and verified Pact contracts."""
