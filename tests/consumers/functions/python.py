"""Drives lever.wasm in wasmtime-py for check.py: python.py lever.wasm."""

import base64
import json
import os
import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record, Variant

engine = Engine()
linker = Linker(engine)
linker.add_wasip2()
linker.add_wasi_http()
component = Component.from_file(engine, sys.argv[1])


def instantiate():
    wasi = WasiConfig()
    wasi.env = [(name, value) for name, value in os.environ.items() if name.startswith("LEVER_")]
    store = Store(engine)
    store.set_wasi(wasi)
    store.set_wasi_http()
    return store, linker.instantiate(store, component)


def value(typed):
    """What the host takes for a typed value."""
    if isinstance(typed, list):
        return [value(item) for item in typed]
    if not isinstance(typed, dict):
        return typed
    (kind, inner), = typed.items()
    if kind == "record":
        record = Record()
        vars(record).update((name, value(field)) for name, field in inner.items())
        return record
    return int(inner) if kind == "u64" else base64.b64decode(inner)


def plain(result):
    """What the host returned, as JSON."""
    if isinstance(result, list):
        return [plain(item) for item in result]
    if isinstance(result, bytes | bytearray):
        return {"bytes": len(result)}
    if isinstance(result, Variant):
        return {result.tag: plain(result.payload)}
    if isinstance(result, Record):
        return {name: plain(field) for name, field in vars(result).items()}
    return result


def answered(result):
    """A WIT result. The host tags it only where both sides may be records; else the error is the record."""
    if isinstance(result, Variant):
        return {result.tag: plain(result.payload)}
    return {"err" if isinstance(result, Record) else "ok": plain(result)}


store, lever = instantiate()
for line in sys.stdin:
    call = json.loads(line)
    interface, name = call["function"].split(".")
    index = lever.get_export_index(store, f"ats:lever/{interface}@0.1.0")
    function = lever.get_func(store, lever.get_export_index(store, name, index))
    try:
        answer = answered(function(store, *map(value, call["arguments"])))
    except Exception as error:  # A trap, or a value that the host does not take.
        answer = {"trap": f"{type(error).__name__}: {error}"}
        store, lever = instantiate()
    print(json.dumps(answer), flush=True)
