#!/usr/bin/env bash
# wasmtime-py 50.0.1: what a record may be depends on what stands around it.
#
# A parameter of a record type takes any object with the fields as attributes.
# The same record inside an option takes wasmtime.component.Record alone: a
# plain object of the same attributes is refused with "value not valid for this
# variant", which names neither the class that is wanted nor the field. Python
# callers that build their own classes meet it at the first optional record.
#
# Needs python3 with venv; installs wasmtime 50.0.1 into a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet wasmtime==50.0.1
cat > "$folder/records.py" <<'PYTHON'
from importlib.metadata import version
from types import SimpleNamespace

import wasmtime
from wasmtime import component

WAT = """
(component
  (type $fields (record (field "a" u32) (field "b" u32)))
  (export $pair "pair" (type $fields))
  (core module $m
    (func (export "bare") (param i32 i32) (result i32) local.get 0)
    (func (export "optional") (param i32 i32 i32) (result i32) local.get 0))
  (core instance $i (instantiate $m))
  (func (export "bare") (param "x" $pair) (result u32)
    (canon lift (core func $i "bare")))
  (func (export "optional") (param "x" (option $pair)) (result u32)
    (canon lift (core func $i "optional"))))
"""

engine = wasmtime.Engine()
store = wasmtime.Store(engine)
instance = component.Linker(engine).instantiate(store, component.Component(engine, WAT))


def call(name, value):
    function = instance.get_func(store, name)
    try:
        result = function(store, value)
    except ValueError as error:
        return str(error)
    function.post_return(store)
    return result


plain = SimpleNamespace(a=1, b=2)
record = component.Record()
record.a, record.b = 1, 2
seen = {
    (name, kind): call(name, value)
    for name in ("bare", "optional")
    for kind, value in (("plain object", plain), ("component.Record", record))
}
print("wasmtime", version("wasmtime"))
for (name, kind), result in seen.items():
    print(f"{name}: {kind}: {result}")
assert seen == {
    ("bare", "plain object"): 1,
    ("bare", "component.Record"): 1,
    ("optional", "plain object"): "value not valid for this variant",
    ("optional", "component.Record"): 1,
}, "the behaviour has changed"
PYTHON
"$folder/venv/bin/python" "$folder/records.py"
# Seen on 2026-11-29:
#   wasmtime 50.0.1
#   bare: plain object: 1
#   bare: component.Record: 1
#   optional: plain object: value not valid for this variant
#   optional: component.Record: 1
