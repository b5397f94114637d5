"""Lists opportunities with lever.wasm from Python.

pip install wasmtime==50.0.1 && lever-host component --out lever.wasm
LEVER_BASE_URL=http://127.0.0.1:8123/v1 LEVER_API_KEY=mock-api-key python python.py lever.wasm
"""

import os
import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, ListType, Record

engine = Engine()
linker = Linker(engine)
linker.add_wasip2()
linker.add_wasi_http()
wasi = WasiConfig()
wasi.env = [(name, value) for name, value in os.environ.items() if name.startswith("LEVER_")]
store = Store(engine)
store.set_wasi(wasi)
store.set_wasi_http()
lever = linker.instantiate(store, Component.from_file(engine, sys.argv[1]))


def function(interface, name):
    index = lever.get_export_index(store, f"ats:lever/{interface}@0.1.0")
    return lever.get_func(store, lever.get_export_index(store, name, index))


def record(type, **given):
    """A record with these fields; the others are empty lists or absent."""
    made = Record()
    for name, kind in type.fields:
        setattr(made, name, given.get(name, [] if isinstance(kind, ListType) else None))
    return made


list_all = function("opportunities", "list-all")
(_, query), _ = list_all.type(store).params
result = list_all(store, record(query, limit=50), None)
if result.tag == "err":
    sys.exit(result.payload.message)
people = result.payload.items
print(f"{len(people)} opportunities, the first is {people[0].name}")

result = function("opportunities", "get")(store, "no-such-id", [], [])
error = result.payload
print(f"{result.tag}: {error.kind} {error.status} {error.outcome}: {error.message}")
