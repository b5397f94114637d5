"""Plays Lever, and whoever takes the events, for a running lever-webhooks.wasm.

lever-host webhooks component --out lever-webhooks.wasm, start it in some host with

    LEVER_WEBHOOK_SIGNATURE_TOKEN=first,second
    LEVER_WEBHOOK_FORWARD_URL=http://127.0.0.1:9400/events
    LEVER_WEBHOOK_FORWARD_AUTHORIZATION='Bearer mine'

then: python receiver.py http://127.0.0.1:8080/
Its own signatures, by the reference; nothing but Python's standard library.
"""

import hashlib
import hmac
import http.client
import http.server
import json
import sys
import threading
import time
import urllib.parse
import uuid

AUTHORIZATION = "Bearer mine"
taken, statuses = [], []


class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        taken.append((self.path, dict(self.headers), body))
        status = statuses.pop(0) if statuses else 200
        self.send_response(status)
        if status == 302:
            self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def delivery(key="second", at=None, event="candidateStageChange", data=None, token=None):
    at = int(time.time() * 1000) if at is None else at
    token = token or hashlib.sha256(uuid.uuid4().bytes).hexdigest()[:48]
    signature = hmac.new(key.encode(), f"{token}{at}".encode(), hashlib.sha256).hexdigest()
    if data is None:
        data = {"opportunityId": "o-1", "fromStageId": "lead-new", "toStageId": "offer"}
    sent = {"id": str(uuid.uuid4()), "event": event, "triggeredAt": at, "token": token}
    return json.dumps(sent | {"signature": signature, "data": data}).encode()


def send(body, method="POST"):
    url = urllib.parse.urlsplit(sys.argv[1])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    headers = {"content-type": "application/json", "user-agent": "Lever-Webhooks"}
    try:
        connection.request(method, url.path or "/", body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("lever-webhooks")
    except OSError:
        return "closed", None
    finally:
        connection.close()


def check(what, answer, expected, forwarded):
    """Compares one answer, and how many events went on since the last one."""
    count = len(taken)
    taken.clear()
    good = answer in expected and count in forwarded
    print(f"{'ok' if good else 'NOT'}  {what}: {answer[0]} {answer[1]}, {count} forwarded")
    if not good:
        sys.exit(f"expected {expected} and {forwarded} forwarded")


sink = http.server.ThreadingHTTPServer(("127.0.0.1", 9400), Sink)
threading.Thread(target=sink.serve_forever, daemon=True).start()

for _ in range(300):
    if send(None, "GET") == (405, "method"):
        break
    time.sleep(0.1)

one = delivery()
answer = send(one)
path, headers, body = taken[0]
event, was = json.loads(body), json.loads(one)
assert path == "/events" and headers["authorization"] == AUTHORIZATION, (path, headers)
assert headers["content-type"] == "application/json", headers
assert event["kind"] == "candidate-stage-change" and event["toStageId"] == "offer", event
assert all(event[key] == was[key] for key in ("event", "id", "triggeredAt", "token", "data")), event
assert was["signature"].encode() not in body and b"second" not in body
check("a delivery", answer, [(200, "accepted")], [1])

# A host that makes an instance for each request has nothing to remember in.
again = send(one)
kept = again[1] == "repeat"
check("the same again", again, [(200, "repeat"), (200, "accepted")], [0 if kept else 1])
altered = one.replace(b"o-1", b"o-2")
refused = [(401, "altered")] if kept else [(200, "accepted")]
check("its token with other data", send(altered), refused, [0 if kept else 1])

check("a ping", send(delivery(data={})), [(200, "ping")], [0])
check("an unknown event", send(delivery(event="somethingNew")), [(200, "accepted")], [1])
check("another webhook's", send(delivery("first")), [(200, "accepted")], [1])
check("a forged one", send(delivery("third")), [(401, "forged")], [0])
check("one of 1970", send(delivery(at=1)), [(401, "old")], [0])
check("one of 2100", send(delivery(at=4102444800000)), [(401, "future")], [0])
check("garbage", send(b"<html>"), [(400, "no-delivery")], [0])
check("nothing", send(b""), [(400, "no-delivery")], [0])
check("a GET", send(None, "GET"), [(405, "method")], [0])
large = delivery(data={"x": "y" * (1 << 20)})
# Refused by its length: some hosts then close before all of it has come.
check("more than 1 MiB", send(large), [(413, "too-large"), ("closed", None)], [0])
large = delivery(data={"x": "y" * (1 << 19)})
check("half a MiB", send(large), [(200, "accepted")], [1])

late = delivery()
for status in (500, 302, 404):
    statuses.append(status)
    check(f"when the sink says {status}", send(late), [(503, "not-forwarded")], [1])
check("when it does not", send(late), [(200, "accepted")], [1])
statuses.append(409)
check("when it says 409", send(delivery()), [(401, "altered")], [1])

answers, both = [], delivery()
threads = [threading.Thread(target=lambda: answers.append(send(both))) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"    eight at once: {sorted(str(a[1]) for a in answers)}, {len(taken)} forwarded")
# One for each instance that the host has made.
assert len(taken) == sum(a[1] == "accepted" for a in answers), taken
sink.shutdown()
sink.server_close()
taken.clear()
check("when nothing listens", send(delivery()), [(503, "not-forwarded")], [0])
print("an instance remembers what was taken" if kept else "each request had an instance of its own")
