"""What the toolkit's commands can fail with.

ToolkitError            the command line prints its message as one line and exits with status 2
├── ConfigError         pyproject.toml or the environment is not as it must be
├── SpecError           a file of the spec, or of its lint rules, is missing, unreadable or points nowhere
│   └── BundleError     the files are fine one by one, but make no one document
├── GenerationError     code cannot be generated from the spec as it stands
├── ServerError         a server could not be started, or did not become ready
├── BrokerError         the Pact Broker could not be reached, or refused
└── PactError           pacts contradict each other, or there are none
"""


class ToolkitError(Exception):
    """A command cannot do its work; the message says what to do."""


class ConfigError(ToolkitError):
    """A setting is missing, unknown or wrong."""


class SpecError(ToolkitError):
    """A file of the spec is missing or unreadable, or points nowhere; the message starts with file and line."""


class BundleError(SpecError):
    """The files of the spec cannot be bundled, or the bundle is not equal to them."""


class GenerationError(ToolkitError):
    """The client or the provider types cannot be generated; nothing that existed was touched."""


class ServerError(ToolkitError):
    """A server process could not be started or did not answer."""


class BrokerError(ToolkitError):
    """The Pact Broker could not be reached or refused a call."""


class PactError(ToolkitError):
    """The pacts that consumers wrote cannot be merged, or none were written."""
