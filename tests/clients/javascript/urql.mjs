// urql: it sends queries with GET unless `preferGetMethod` is false, and the service takes POST only.
import assert from 'node:assert/strict';

import { Client, fetchExchange } from '@urql/core';

import * as service from './service.mjs';

const clientAs = (role, options = {}) =>
  new Client({
    url: service.url,
    exchanges: [fetchExchange],
    preferGetMethod: false,
    requestPolicy: 'network-only',
    fetchOptions: { headers: service.authorization(role) },
    ...options,
  });
const store = clientAs('STORE');
const decide = (client, subject, purpose) => client.query(service.decision, { subject, purpose }).toPromise();

await store.mutation(service.grant, { subject: service.bo }).toPromise();
assert.equal((await decide(store, service.bo, 'newsletter')).data.consentDecision.allowed, true);
const { data } = await store.mutation(service.optOut, { subject: service.bo }).toPromise();
assert.deepEqual(data.optOut.purposes, ['newsletter']);
assert.equal((await decide(store, service.bo, 'newsletter')).data.consentDecision.allowed, false);

const codeOf = ({ error }) => error.graphQLErrors[0].extensions.code;
assert.equal(codeOf(await decide(store, service.ada, 'nothing')), 'UNKNOWN_PURPOSE');
assert.equal(codeOf(await store.query(service.forbidden, { by: service.ada }).toPromise()), 'FORBIDDEN');
const refused = await decide(clientAs('STORE', { preferGetMethod: true }), service.ada, 'newsletter');
assert.equal(refused.error.response.status, 405, 'without the setting');

const admin = clientAs('ADMIN');
const first = (await admin.query(service.page, { first: 2 }).toPromise()).data.subjects;
const after = first.pageInfo.endCursor;
const second = (await admin.query(service.page, { first: 2, after }).toPromise()).data.subjects;
assert.equal(new Set([...first.edges, ...second.edges].map(({ node }) => node.id)).size, 4);
