import sys


def main() -> None:
    """The command line; a module that is missing is one line and status 2, wherever it is first needed."""
    try:
        from contractkit.cli import main as run

        run()
    except ModuleNotFoundError as error:
        sys.stderr.write(f"error: the Python module {error.name} is missing; remove .venv and run `make setup`\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
