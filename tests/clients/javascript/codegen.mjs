// graphql-codegen: from schema.graphql, and live as each role sees the schema.
import assert from 'node:assert/strict';

import { generate } from '@graphql-codegen/cli';

import * as service from './service.mjs';

const viewer = 'query Viewer { viewer { name role } }';
const run = async (schema, documents) => {
  const config = { strictScalars: true, scalars: { BigInt: 'number', Cursor: 'string', Date: 'string', DateTime: 'string' } };
  const generates = { 'types.ts': { plugins: ['typescript', 'typescript-operations'], config } };
  const [{ content }] = await generate({ schema, documents, generates, silent: true }, false);
  return content;
};

const file = await run('../../../schema.graphql', [service.decision, service.grant, service.forbidden, service.page]);
assert.match(file, /export type DecisionQuery = /);
assert.match(file, /export type ErasureStep = /);
for (const role of service.roles) {
  const live = await run({ [service.url]: { headers: service.authorization(role) } }, [viewer]);
  assert.match(live, /export type ViewerQuery = /, role);
}
const live = await run({ [service.url]: { headers: service.authorization('STORE') } }, [service.decision, service.grant]);
assert.match(live, /export type GrantMutation = /);
