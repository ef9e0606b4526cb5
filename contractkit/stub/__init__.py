"""Serves any OpenAPI 3.0 document with Connexion: from handlers, from its examples, or some of each."""

import warnings

with warnings.catch_warnings():
    # Connexion imports a test client that its web framework means to retire; a user can do nothing about it.
    warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
    from contractkit.stub.app import create_app
from contractkit.stub.fault_rules import FaultsError, Rule
from contractkit.stub.faults import read_rules, with_faults
from contractkit.stub.parameters import argument_name
from contractkit.stub.problems import FieldError, Problem, StubError
from contractkit.stub.security import SecurityCheck
from contractkit.stub.server import serve

__all__ = [
    "FaultsError",
    "FieldError",
    "Problem",
    "Rule",
    "SecurityCheck",
    "StubError",
    "argument_name",
    "create_app",
    "read_rules",
    "serve",
    "with_faults",
]
