"""Serves any OpenAPI 3.0 document with Connexion: from handlers, from its examples, or some of each."""

from contractkit.stub.app import create_app
from contractkit.stub.parameters import argument_name
from contractkit.stub.problems import FieldError, Problem, StubError
from contractkit.stub.security import SecurityCheck
from contractkit.stub.server import serve

__all__ = ["FieldError", "Problem", "SecurityCheck", "StubError", "argument_name", "create_app", "serve"]
