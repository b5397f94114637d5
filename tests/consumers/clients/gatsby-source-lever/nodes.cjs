// Prints the nodes that gatsby-source-lever makes: node nodes.cjs FOLDER_WITH_NODE_MODULES.
// Requests to Lever are led to LEVER_MOCK in axios, below the plugin.

const crypto = require('node:crypto');
const { createRequire } = require('node:module');
const path = require('node:path');

const from = createRequire(path.join(path.resolve(process.argv[2]), 'index.js'));
const plugin = from.resolve('gatsby-source-lever/gatsby-node');
const axios = createRequire(plugin)('axios');

axios.interceptors.request.use((request) => {
  const lever = 'https://api.lever.co/';
  if (!request.url.startsWith(lever)) throw new Error(`${request.url} is not Lever's`);
  return { ...request, url: `${process.env.LEVER_MOCK}/${request.url.slice(lever.length)}` };
});

const digest = (value) => crypto.createHash('sha256').update(JSON.stringify(value)).digest('hex');
const nodes = [];
const gatsby = {
  actions: { createNode: (node) => nodes.push(node), createTypes() {} },
  createNodeId: (id) => digest(id),
  createContentDigest: digest,
};

(async () => {
  const { createSchemaCustomization, sourceNodes } = require(plugin);
  await createSchemaCustomization(gatsby);
  await sourceNodes(gatsby, { site: 'harborlight' });
  console.log(JSON.stringify(nodes));
})();
