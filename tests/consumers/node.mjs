// In a copy of this folder: npm install && lever-host component --out lever.wasm
// LEVER_BASE_URL=http://127.0.0.1:8123/v1 LEVER_API_KEY=mock-api-key npm start

import { _setEnv } from '@bytecodealliance/preview2-shim/cli';
import { opportunities } from './lever/lever.js';

// Otherwise the component sees every variable of this process.
const ours = Object.entries(process.env).filter(([name]) => name.startsWith('LEVER_'));
_setEnv(Object.fromEntries(ours));

const everything = {
  include: [], expand: [], tag: [], email: [], origin: [], source: [], stageId: [], postingId: [],
  archivedPostingId: [], archiveReasonId: [], contactId: [], location: [],
};
const page = opportunities.listAll({ ...everything, limit: 50 }, undefined);
console.log(`${page.items.length} opportunities, the first is ${page.items[0].name}`);

try {
  opportunities.get('no-such-id', [], []);
} catch (thrown) {
  const { kind, status, outcome, message } = thrown.payload;
  console.log(`${kind} ${status} ${outcome}: ${message}`);
}
