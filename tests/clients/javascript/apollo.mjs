// Apollo Client: decisions are asked with `network-only`, or a cached answer outlives an opt-out.
import assert from 'node:assert/strict';

import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client/core/index.js';

import * as service from './service.mjs';

const clientAs = (role) =>
  new ApolloClient({
    cache: new InMemoryCache(),
    link: new HttpLink({ uri: service.url, headers: service.authorization(role) }),
    defaultOptions: { query: { fetchPolicy: 'network-only' }, watchQuery: { fetchPolicy: 'network-only' } },
  });
const store = clientAs('STORE');
const ask = async () => {
  const variables = { subject: service.bo, purpose: 'newsletter' };
  return (await store.query({ query: gql(service.decision), variables })).data.consentDecision;
};
const codeOf = async (promise) => {
  const error = await promise.then(() => assert.fail('no refusal'), (each) => each);
  assert(CombinedGraphQLErrors.is(error), String(error));
  return error.errors[0].extensions.code;
};

await store.mutate({ mutation: gql(service.grant), variables: { subject: service.bo } });
assert.equal((await ask()).allowed, true);
const { data } = await store.mutate({ mutation: gql(service.optOut), variables: { subject: service.bo } });
assert.deepEqual(data.optOut.purposes, ['newsletter']);
assert.equal((await ask()).allowed, false, 'network-only asks again');

const nothing = { subject: service.ada, purpose: 'nothing' };
assert.equal(await codeOf(store.query({ query: gql(service.decision), variables: nothing })), 'UNKNOWN_PURPOSE');
assert.equal(await codeOf(store.query({ query: gql(service.forbidden), variables: { by: service.ada } })), 'FORBIDDEN');

const admin = clientAs('ADMIN');
const first = (await admin.query({ query: gql(service.page), variables: { first: 2 } })).data.subjects;
const variables = { first: 2, after: first.pageInfo.endCursor };
const second = (await admin.query({ query: gql(service.page), variables })).data.subjects;
assert.equal(new Set([...first.edges, ...second.edges].map(({ node }) => node.id)).size, 4);
