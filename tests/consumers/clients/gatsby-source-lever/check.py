"""Runs gatsby-source-lever's `sourceNodes` against the mock: check.py LEVER_MOCK FOLDER_WITH_NODE_MODULES."""

import json
import os
import pathlib
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent))
from held import Comparison, mock, run  # noqa: E402

program, folder = sys.argv[1:]

with mock(program) as lever:
    environment = os.environ | {"LEVER_MOCK": lever.api}
    output = run(["node", str(here / "nodes.cjs"), folder], env=environment)
    nodes = json.loads(output)

    held = [
        posting
        for posting in lever.records("postings")
        if posting["state"] == "published"
        and "public" in (posting["distributionChannels"] or [])
        and posting["confidentiality"] != "confidential"
    ]
    # The plugin renames what GraphQL reserves and writes the time as ISO 8601.
    got = [
        {
            "id": node["lever_id"],
            "text": node["text"],
            "createdAt": node["createdAt"],
            "country": node["country"],
            "workplaceType": node["workplaceType"],
            "categories": node["categories"],
            "content": {"descriptionHtml": node["description"], "description": node["descriptionPlain"]},
            "urls": {"show": node["hostedUrl"], "apply": node["applyUrl"]},
        }
        for node in nodes
    ]
    comparison = Comparison()
    comparison.stream("postings", got, held)
    comparison.end(lever)
