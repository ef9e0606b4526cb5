"""Generated code: the typed client and the types of the provider, each wholly replaced by every run."""
