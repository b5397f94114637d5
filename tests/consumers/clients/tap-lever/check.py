"""Runs tap-lever (Singer) against the mock: check.py LEVER_MOCK VENV."""

import collections
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

with mock(program, "--modern") as lever, tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=100)
    config = {"token": "mock-api-key", "start_date": start.strftime("%Y-%m-%dT00:00:00Z")}
    (work / "config.json").write_text(json.dumps(config))
    environment = os.environ | {"LEVER_MOCK": lever.api, "PYTHONPATH": str(here.parent / "redirect")}
    tap = [f"{venv}/bin/tap-lever", "--config", str(work / "config.json")]

    catalog = json.loads(run([*tap, "--discover"], env=environment))
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            entry["metadata"]["selected"] = True
    (work / "catalog.json").write_text(json.dumps(catalog))
    output = run([*tap, "--catalog", str(work / "catalog.json")], env=environment)

    got = {stream["stream"]: [] for stream in catalog["streams"]}
    for message in map(json.loads, output.splitlines()):
        if message["type"] == "RECORD":
            got[message["stream"]].append(message["record"])

    people = [it for it in lever.records("opportunities") if it["confidentiality"] != "confidential"]
    shown = {it["id"] for it in people}
    sources = collections.Counter(
        source for it in lever.records("opportunities") for source in it["sources"]
    )
    held = {
        "candidates": people,
        "opportunities": people,
        "postings": [it for it in lever.records("postings") if it["confidentiality"] != "confidential"],
        "requisitions": [it for it in lever.records("requisitions") if it["confidentiality"] != "confidential"],
        "users": [it for it in lever.records("users") if it["deactivatedAt"] is None],
        "stages": lever.records("stages"),
        "archive_reasons": lever.records("archive_reasons"),
    }
    for kind in ["offers", "referrals", "resumes"]:
        rows = [it | {"opportunityId": it["$opportunity"]} for it in lever.records(kind)]
        rows = [it for it in rows if it["$opportunity"] in shown]
        held["candidate_" + kind] = held["opportunity_" + kind] = rows
    rows = [it for it in lever.records("applications") if it["opportunityId"] in shown]
    held["candidate_applications"] = held["opportunity_applications"] = rows

    # Where its schemas are wrong it converts: followers are a string there, and who approved nothing said no.
    held["postings"] = [it | {"followers": str(it["followers"])} for it in held["postings"]]
    held["opportunity_offers"] = [it | {"approved": bool(it["approved"])} for it in held["opportunity_offers"]]

    comparison = Comparison()
    for name, records in got.items():
        if name == "sources":
            counted = [{"text": text, "count": count} for text, count in sources.items()]
            comparison.stream(name, records, counted, key="text")
        else:
            comparison.stream(name, records, held[name])
    comparison.end(lever)
