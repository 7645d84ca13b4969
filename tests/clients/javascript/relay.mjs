// Relay: its compiler reads schema.graphql, its runtime runs the artifacts. `force` asks the network each time.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

import relay from 'relay-runtime';

import * as service from './service.mjs';

mkdirSync('relay/__generated__', { recursive: true });
execFileSync('npx', ['relay-compiler', 'relay.config.json'], { stdio: ['ignore', 'ignore', 'inherit'] });
const artifact = async (name) => (await import(`./relay/__generated__/operations${name}.graphql.js`)).default;

const environmentAs = (role) =>
  new relay.Environment({
    store: new relay.Store(new relay.RecordSource()),
    network: relay.Network.create(async ({ text }, variables) => {
      const response = await fetch(service.url, {
        method: 'POST',
        headers: { ...service.authorization(role), 'content-type': 'application/json' },
        body: JSON.stringify({ query: text, variables }),
      });
      return response.json();
    }),
  });
const force = { networkCacheConfig: { force: true } };
const store = environmentAs('STORE');
const read = async (environment, name, variables) =>
  relay.fetchQuery(environment, await artifact(name), variables, force).toPromise();
const commit = async (name, variables) => {
  const mutation = await artifact(name);
  return new Promise((onCompleted, onError) => relay.commitMutation(store, { mutation, variables, onCompleted, onError }));
};
const newsletter = (subject) => read(store, 'DecisionQuery', { subject, purpose: 'newsletter' });
const refusal = (promise) => promise.then(() => assert.fail('no refusal'), ({ source }) => source.errors[0].extensions.code);

await commit('GrantMutation', { subject: service.bo });
assert.equal((await newsletter(service.bo)).consentDecision.allowed, true);
assert.deepEqual((await commit('OptOutMutation', { subject: service.bo })).optOut.purposes, ['newsletter']);
assert.equal((await newsletter(service.bo)).consentDecision.allowed, false);
assert.equal(await refusal(read(store, 'DecisionQuery', { subject: service.ada, purpose: 'nothing' })), 'UNKNOWN_PURPOSE');
assert.equal(await refusal(read(store, 'ForbiddenQuery', { by: service.ada })), 'FORBIDDEN');

const admin = environmentAs('ADMIN');
const first = (await read(admin, 'PeopleQuery', {})).subjects;
assert.equal(first.edges.length, 2);
const second = (await read(admin, 'PeopleQuery', { after: first.pageInfo.endCursor })).subjects;
const ids = [...first.edges, ...second.edges].map(({ node }) => node.id);
assert(new Set(ids).size >= 4, 'the connection of the second page has the rows of both');
