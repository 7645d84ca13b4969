// graphql-request, as scripts use it.
import assert from 'node:assert/strict';

import { GraphQLClient } from 'graphql-request';

import * as service from './service.mjs';

const clientAs = (role) => new GraphQLClient(service.url, { headers: service.authorization(role) });
const store = clientAs('STORE');
const codeOf = async (promise) => {
  const error = await promise.then(() => assert.fail('no refusal'), (each) => each);
  return error.response.errors[0].extensions.code;
};

const decide = (subject, purpose) => store.request(service.decision, { subject, purpose });
await store.request(service.grant, { subject: service.bo });
assert.equal((await decide(service.bo, 'newsletter')).consentDecision.allowed, true);
assert.deepEqual((await store.request(service.optOut, { subject: service.bo })).optOut.purposes, ['newsletter']);
assert.equal((await decide(service.bo, 'newsletter')).consentDecision.allowed, false);
assert.equal(await codeOf(decide(service.ada, 'nothing')), 'UNKNOWN_PURPOSE');
assert.equal(await codeOf(store.request(service.forbidden, { by: service.ada })), 'FORBIDDEN');

const admin = clientAs('ADMIN');
const first = (await admin.request(service.page, { first: 2 })).subjects;
const second = (await admin.request(service.page, { first: 2, after: first.pageInfo.endCursor })).subjects;
assert.equal(new Set([...first.edges, ...second.edges].map(({ node }) => node.id)).size, 4);
