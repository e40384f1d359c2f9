"""Validates JSON documents from standard input, one after the other, against the schemas in a folder.

Each document names its schema in its member "schema", such as omlx/status/1. Prints one line for every document that
does not fit; exit code 1 when there is any.
"""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

folder = pathlib.Path(sys.argv[1])
schemas = {path.name: json.loads(path.read_text()) for path in folder.glob("*.schema.json")}
registry = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in schemas.items())

text = sys.stdin.read()
decoder = json.JSONDecoder()
place = 0
failures = 0
while place < len(text):
    if text[place].isspace():
        place += 1
        continue
    document, place = decoder.raw_decode(text, place)
    name = str(document.get("schema", "")).split("/")
    schema = schemas.get(f"{name[1]}.schema.json") if len(name) == 3 else None
    if schema is None:
        problems = ["there is no such schema"]
    else:
        errors = Draft202012Validator(schema, registry=registry).iter_errors(document)
        problems = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]
    for problem in problems:
        failures += 1
        print(f"{document.get('schema')}: {problem[:600]}")
sys.exit(1 if failures else 0)
