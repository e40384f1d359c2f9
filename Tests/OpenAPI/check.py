"""Holds a running omlx serve against its descriptions: each is valid OpenAPI 3.1, and schemathesis finds no answer that its
description does not have, no bad request that is taken and no error that is not meant.

Usage: check.py ADDRESS KEY FOLDER COUNT SERVER…   (schemathesis in the same environment; COUNT generated requests per operation;
the tools of the first server are called, the descriptions of all are looked at)
"""

import json
import os
import pathlib
import subprocess
import sys
import urllib.request

from openapi_spec_validator import validate

ADDRESS, KEY, FOLDER, COUNT, *SERVERS = sys.argv[1:]
HERE = pathlib.Path(__file__).parent
ANSWERS = "content_type_conformance,response_schema_conformance"
# A key that is wrong ten times is slowed down, which schemathesis would take for a fault: ignored_auth is not asked for.
OWN = "meant_errors,status_code_conformance,negative_data_rejection," + ANSWERS
# Their statuses, and what they take for a number, are mcpo's, whose descriptions have fewer.
TOOLS = "meant_errors," + ANSWERS


def described(path):
    request = urllib.request.Request(ADDRESS + path, headers={"Authorization": "Bearer " + KEY})
    with urllib.request.urlopen(request) as answer:
        document = json.load(answer)
    validate(document)
    return document


def check(name, document, base, checks, *words):
    place = pathlib.Path(FOLDER, name + ".json")
    place.write_text(json.dumps(document))
    program = pathlib.Path(sys.executable).parent / "st"
    run = subprocess.run(
        [program, "run", place, "--url", ADDRESS + base, "--header", "Authorization: Bearer " + KEY,
         "--checks", checks, "--phases", "examples,coverage,fuzzing", "--max-examples", COUNT, "--seed", "1",
         "--no-shrink", "--continue-on-failure", "--request-timeout", "60", "--warnings", "off", *words],
        cwd=FOLDER, capture_output=True, text=True, env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)})
    print(name, "exit", run.returncode, (run.stdout.strip().splitlines() or [""])[-1])
    if run.returncode != 0:
        print(run.stdout, run.stderr)
    return run.returncode == 0


own = described("/api/v1/openapi.json")
schemas = own["components"]["schemas"]
bare = [name for name, schema in schemas.items() if not {"properties", "enum", "oneOf", "anyOf", "description"} & set(schema)]
if bare:
    print("schemas without members:", bare)
# Events have no end, so no answer to look at.
fine = [not bare, check("api", own, "", OWN, "--exclude-path", "/api/v1/events")]
described("/openapi.json")
for server in SERVERS[1:]:
    described(f"/{server}/openapi.json")
for server in SERVERS[:1]:
    fine.append(check(server, described(f"/{server}/openapi.json"), f"/{server}", TOOLS))
sys.exit(0 if all(fine) else 1)
