"""The grader: from a folder of submissions to results, feedback pages and grades.csv."""

import sys

# jsonschema, which nbformat imports, loads a grammar of IRIs where it is installed. No notebook has an IRI to check,
# and the grammar takes longer to load than all the rest.
if "jsonschema" not in sys.modules:
    sys.modules["rfc3987_syntax"] = None
    import jsonschema  # noqa: F401

    del sys.modules["rfc3987_syntax"]
