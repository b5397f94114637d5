"""What a Lever client got, held against what the mock has.

Starts `lever-mock` on free ports and asks its admin side for the truth. Nothing but Python's standard library.
"""

import contextlib
import datetime
import json
import re
import subprocess
import sys
import time
import urllib.request


class Mock:
    def __init__(self, api, admin):
        self.api, self.admin = api, admin

    def ask(self, path):
        with urllib.request.urlopen(self.admin + path, timeout=60) as answer:
            return json.load(answer)

    def records(self, kind):
        return self.ask(f"/records/{kind}")["records"]

    def refused(self):
        """The requests that were answered with an error, as lines."""
        seen = self.ask("/requests")["requests"]
        bad = [it for it in seen if it["status"] is None or it["status"] >= 400]
        return [f"{it['method']} {it['path']} {it['query']} -> {it['status']}" for it in bad]


@contextlib.contextmanager
def mock(program, *options):
    """A running mock; without a rate limit, which would only make the clients wait."""
    command = [program, "--admin-port", "0", "--rate", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            greeting = ""
            while "admin side" not in greeting:
                line = process.stdout.readline()
                if not line:
                    raise SystemExit(f"{program} said only: {greeting}")
                greeting += line
            api = re.search(r"(http://[\d.:]+)/v1", greeting)[1]
            admin = re.search(r"admin side is (http://[\d.:]+\d)", greeting)[1]
            yield Mock(api, admin)
        finally:
            process.kill()


def milliseconds(text):
    """A time as ISO 8601 has it, in milliseconds since 1970; None if it is none."""
    try:
        at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return round(at.timestamp() * 1000)


def same(got, held):
    """Whether what a client got says what is held: it may leave keys out, and write times as ISO 8601."""
    if isinstance(got, dict) and isinstance(held, dict):
        return all(key in held and same(value, held[key]) for key, value in got.items())
    if isinstance(got, list) and isinstance(held, list):
        return len(got) == len(held) and all(map(same, got, held))
    if isinstance(got, str) and isinstance(held, int) and not isinstance(held, bool):
        return got == str(held) or milliseconds(got) == held
    return got == held


class Comparison:
    """Streams, each with the records a client got and those it should have."""

    def __init__(self):
        self.faults = []

    def stream(self, name, got, held, key="id", least=1):
        """Each held record once at least, no other, and each with its values; `least` records, so that none is empty."""
        by_key = {record[key]: record for record in held}
        found = {record[key] for record in got}
        if len(by_key) < least:
            self.faults.append(f"{name}: the mock holds only {len(by_key)}")
        for missing in sorted(by_key.keys() - found)[:3]:
            self.faults.append(f"{name}: {missing} is missing; {len(found)} of {len(by_key)} are there")
        for other in sorted(found - by_key.keys())[:3]:
            self.faults.append(f"{name}: {other} is not held")
        for record in got:
            truth = by_key.get(record[key])
            if truth is not None and not same(record, truth):
                wrong = [
                    f"{field}: {value!r}, held is {truth.get(field)!r}"
                    for field, value in record.items()
                    if not same(value, truth.get(field))
                ]
                self.faults.append(f"{name}: {record[key]} differs in {'; '.join(wrong)}")
                break
        print(f"  {name}: {len(found)} of {len(by_key)}")

    def end(self, mock):
        self.faults += [f"refused: {line}" for line in mock.refused()[:5]]
        if self.faults:
            sys.exit("\n".join(self.faults))


def run(command, seconds=240, **options):
    """The standard output of a client; its standard error only where it fails."""
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, **options)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    print(f"  it took {time.monotonic() - started:.0f} s")
    return done.stdout
