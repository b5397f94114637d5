"""Runs Airbyte's source-lever-hiring against the mock: check.py LEVER_MOCK VENV."""

import datetime
import json
import os
import pathlib
import sys
import tempfile

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent))
from held import Comparison, mock, run  # noqa: E402

program, venv = sys.argv[1:]

# It reads all opportunities again for each kind below them.
with mock(program, "--modern", "--opportunities", "120") as lever, tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=100)
    config = {
        "credentials": {"auth_type": "Api Key", "api_key": "mock-api-key"},
        "start_date": start.strftime("%Y-%m-%dT00:00:00Z"),
        "environment": "Production",
    }
    (work / "config.json").write_text(json.dumps(config))
    environment = os.environ | {"LEVER_MOCK": lever.api, "PYTHONPATH": str(here.parent / "redirect")}
    source = [f"{venv}/bin/source-lever-hiring"]
    with_config = ["--config", str(work / "config.json")]

    def messages(kind, *arguments):
        output = run([*source, *arguments, *with_config], env=environment, cwd=work)
        rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        return [row[kind] for row in rows if kind in row]

    (status,) = messages("connectionStatus", "check")
    assert status["status"] == "SUCCEEDED", status
    (catalog,) = messages("catalog", "discover")
    configured = {
        "streams": [
            {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
            for stream in catalog["streams"]
        ]
    }
    (work / "catalog.json").write_text(json.dumps(configured))
    got = {stream["name"]: [] for stream in catalog["streams"]}
    for row in messages("record", "read", "--catalog", str(work / "catalog.json")):
        got[row["stream"]].append(row["data"])

    people = [it for it in lever.records("opportunities") if it["confidentiality"] != "confidential"]
    shown = {it["id"] for it in people}
    comparison = Comparison()
    for name, records in got.items():
        held = lever.records(name)
        if name == "opportunities":
            held = people
        elif name != "users":
            held = [it for it in held if it.get("$opportunity", it.get("opportunityId")) in shown]
        comparison.stream(name, records, held)
    comparison.end(lever)
