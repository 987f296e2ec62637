"""The command line: ``python -m grading COMMAND ASSIGNMENT``."""

from grading import import_jsonschema


def main() -> None:
    """Run the command that was asked for."""
    import_jsonschema()
    from grading import commands

    commands.main()


if __name__ == "__main__":
    main()
