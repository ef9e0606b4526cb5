import sys

try:
    from contractkit.cli import main
except ModuleNotFoundError as error:
    sys.exit(f"error: the Python module {error.name} is missing; remove .venv and run `make setup`")

main()
