// Drives lever.wasm in jco for check.py: node node.mjs FOLDER, with node_modules and lever/lever.js in it.

import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const folder = path.resolve(process.argv[2]);
const shim = createRequire(path.join(folder, 'index.js')).resolve('@bytecodealliance/preview2-shim/cli');
const { _setEnv } = await import(pathToFileURL(shim));
const ours = Object.entries(process.env).filter(([name]) => name.startsWith('LEVER_'));
_setEnv(Object.fromEntries(ours));
const lever = await import(pathToFileURL(path.join(folder, 'lever/lever.js')));

const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

// What the host takes for a typed value.
function value(typed) {
  if (typed === null) return undefined;
  if (Array.isArray(typed)) return typed.map(value);
  if (typeof typed !== 'object') return typed;
  if ('u64' in typed) return BigInt(typed.u64);
  if ('bytes' in typed) return new Uint8Array(Buffer.from(typed.bytes, 'base64'));
  return Object.fromEntries(Object.entries(typed.record).map(([name, field]) => [camel(name), value(field)]));
}

// What the host returned, as JSON.
function plain(result) {
  if (result === undefined) return null;
  if (typeof result === 'bigint') return Number(result);
  if (result instanceof Uint8Array) return { bytes: result.length };
  if (Array.isArray(result)) return result.map(plain);
  if (result === null || typeof result !== 'object') return result;
  return Object.fromEntries(Object.entries(result).map(([name, field]) => [kebab(name), plain(field)]));
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const call = JSON.parse(line);
  const [module, name] = call.function.split('.').map(camel);
  let answer;
  try {
    answer = { ok: plain(lever[module][name](...call.arguments.map(value))) };
  } catch (thrown) {
    answer = thrown.payload ? { err: plain(thrown.payload) } : { trap: String(thrown.stack ?? thrown) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
