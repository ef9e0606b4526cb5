"""What the toolkit's commands can fail with.

ToolkitError            the command line prints its message as one line and exits with status 2
├── ConfigError         pyproject.toml or the environment is not as it must be
├── ServerError         a server could not be started, or did not become ready
├── BrokerError         the Pact Broker could not be reached, or refused
└── PactError           pacts contradict each other, or there are none
"""


class ToolkitError(Exception):
    """A command cannot do its work; the message says what to do."""


class ConfigError(ToolkitError):
    """A setting is missing, unknown or wrong."""


class ServerError(ToolkitError):
    """A server process could not be started or did not answer."""


class BrokerError(ToolkitError):
    """The Pact Broker could not be reached or refused a call."""


class PactError(ToolkitError):
    """The pacts that consumers wrote cannot be merged, or none were written."""
