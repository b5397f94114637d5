"""Calls every function of the WIT in a host, against the mock: check.py LEVER_MOCK LEVER_HOST COMMAND...

COMMAND is a driver: it has lever.wasm in its host, reads a call a line (JSON, typed as below) and answers with a line.
The functions are those of the WIT, so that one without a row here fails. Of each call its result is checked, and that
the requests of its route line left and no other.
"""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import time

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent / "clients"))
from held import mock  # noqa: E402
from rows import ROWS, Truth  # noqa: E402

program, lever_host, *command = sys.argv[1:]


def functions():
    """Every function of the WIT with the names of its parameters and its routes, such as `GET /stages`."""
    found = {}
    for path in sorted((here.parents[2] / "wit").glob("*.wit")):
        interface, doc = None, ""
        text = path.read_text()
        for match in re.finditer(r"^\s*///(.*)|interface ([\w-]+) \{|^\s+([\w-]+): func\(([^)]*)\)", text, re.M):
            comment, opened, name, params = match.groups()
            if comment is not None:
                doc += comment + "\n"
                continue
            if opened:
                interface = opened
            else:
                names = [it.split(":")[0].strip().lstrip("%") for it in params.split(",") if it.strip()]
                routes = re.findall(r"`(GET|POST|PUT|DELETE) (/[^`]*)`", doc)
                found[f"{interface}.{name}"] = names, routes
            doc = ""
    return found


def schemas(names):
    """The parameters' types of each function, as JSON Schema."""
    grants = [option for name in names for option in ("--grant", f"{name}=allow")]
    output = subprocess.run([lever_host, *grants, "tools", "--json"], capture_output=True, text=True, check=True)
    # Names of tools have no dots for everybody.
    return {re.sub("[._]", ".", it["name"], count=1): it["parameters"]["properties"] for it in json.loads(output.stdout)}


def typed(schema, value):
    """A value with its type where JSON has none, and with everything that may be absent."""
    if "anyOf" in schema:
        raw = value.encode() if isinstance(value, str) else value or b""
        return {"bytes": base64.b64encode(raw).decode()}
    kind = schema["type"]
    kind = kind[0] if isinstance(kind, list) else kind
    if value is None and isinstance(schema["type"], list):
        return None
    if kind == "array":
        return [typed(schema["items"], item) for item in value or []]
    if kind == "object":
        given = dict(value or {})
        fields = {name: typed(field, given.pop(name, None)) for name, field in schema["properties"].items()}
        assert not given, f"no such field: {given}"
        return {"record": fields}
    assert value is not None, schema
    if kind == "integer" and schema.get("minimum") == 0 and "maximum" not in schema:
        return {"u64": str(value)}
    return float(value) if kind == "number" else value


def fits(template, path):
    """Whether a path is one of a route; `{path}` is any rest, as `raw.get` has it."""
    parts = re.split(r"(\{[\w-]+\})", template)
    pattern = "".join({"{path}": ".+"}.get(it, "[^/]+") if it[:1] == "{" else re.escape(it) for it in parts)
    return re.fullmatch(r"(/v1)?" + pattern, path)


def check(lever, driver, name, wit, types, arguments):
    """Calls one function; its result, or a sentence on what is wrong."""
    names, routes = wit
    arguments = dict(arguments)
    given = [typed(types[param], arguments.pop(param, None)) for param in names]
    assert not arguments, f"{name} has no parameter {arguments}"
    first = lever.ask("/requests")["next"]
    driver.stdin.write(json.dumps({"function": name, "arguments": given}) + "\n")
    driver.stdin.flush()
    line = driver.stdout.readline()
    if not line:
        sys.exit(f"{name}: the driver ended")
    answer = json.loads(line)
    seen = lever.ask(f"/requests?since={first}")["requests"]
    sent = [f"{it['method']} {it['path']} -> {it['status']}" for it in seen]
    if "ok" not in answer:
        return None, f"{name} failed: {json.dumps(answer)[:600]}; sent: {sent}"
    for it in seen:
        if it["status"] is None or it["status"] >= 400 or it["unknown_query"] or it["unknown_body"]:
            return None, f"{name}: Lever refused or did not know {it}"
        if not any(it["method"] == method and fits(path, it["path"]) for method, path in routes):
            return None, f"{name}: sent {sent}, which {routes} do not have"
    missing = [route for route in routes[:1] if not any(it["method"] == route[0] and fits(route[1], it["path"]) for it in seen)]
    if missing or (not routes and seen):
        return None, f"{name}: sent {sent}, and should have {routes}"
    return answer["ok"], None


def main():
    started = time.monotonic()
    wit = functions()
    rows = [name for name, _ in ROWS]
    assert len(wit) > 100 and sorted(rows) == sorted(wit), sorted(set(rows) ^ set(wit))
    types = schemas(wit)
    faults, slowest = [], (0.0, "")
    with mock(program) as lever:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LEVER_")} | {
            "LEVER_BASE_URL": lever.api + "/v1",
            "LEVER_AUTH_URL": lever.api,
            "LEVER_API_KEY": "mock-api-key",
            "LEVER_DOWNLOAD_HOSTS": "127.0.0.1",
            "LEVER_FIRST_BYTE_TIMEOUT_MS": "10000",
        }
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, text=True, env=environment, **pipes) as driver:
            try:
                truth, results = Truth(lever), {}
                for name, arguments in ROWS:
                    before = time.monotonic()
                    try:
                        given = arguments(truth, results)
                        results[name], fault = check(lever, driver, name, wit[name], types[name], given)
                    except (AssertionError, LookupError, TypeError) as error:
                        # A call that it builds on failed, or its row does not fit the WIT.
                        fault = f"{name} was not called: {error!r}"
                    faults += [fault] if fault else []
                    slowest = max(slowest, (time.monotonic() - before, name))
            finally:
                driver.kill()
    took = f"{time.monotonic() - started:.0f} s; slowest {slowest[1]}, {slowest[0]:.1f} s"
    print(f"  {len(rows) - len(faults)} of {len(wit)} functions, {took}")
    if faults:
        sys.exit("\n".join(faults))


main()
