"""The provider under test: put into the states that consumers name, and onto the data that the fuzzer needs."""
