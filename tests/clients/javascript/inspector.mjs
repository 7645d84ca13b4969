// graphql-inspector: the live schema of each role against schema.graphql, and documents against both.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CriticalityLevel, diff } from '@graphql-inspector/core';
import graphqlLoader from '@graphql-inspector/graphql-loader';
import { LoadersRegistry } from '@graphql-inspector/loaders';
import urlLoader from '@graphql-inspector/url-loader';
import { validateSchema } from 'graphql';

import * as service from './service.mjs';

const path = '../../../schema.graphql';
const loaders = new LoadersRegistry();
loaders.register(graphqlLoader);
loaders.register(urlLoader);

const whole = await loaders.loadSchema(path);
for (const role of service.roles) {
  const live = await loaders.loadSchema(service.url, { headers: service.authorization(role), oneOf: true });
  assert.deepEqual(validateSchema(live), [], role);
  const breaking = (await diff(live, whole)).filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
  const messages = breaking.map(({ message }) => message).filter((each) => !each.startsWith("Directive 'oneOf' was added"));
  assert.deepEqual(messages, [], `${role} sees a part of schema.graphql`); // introspection shows isOneOf and no directive
  for (const name of ['SubjectBy', 'SubjectsBy']) assert.notEqual(live.getType(name)?.isOneOf, false, `${role} ${name}`);
}

const folder = mkdtempSync(join(tmpdir(), 'inspector-'));
const documents = join(folder, 'documents.graphql');
const store = join(folder, 'STORE.graphql');
const { authorization } = service.authorization('STORE');
writeFileSync(documents, [service.decision, service.grant, service.optOut, service.forbidden, service.page].join('\n'));
const inspect = (...options) => spawnSync('npx', ['graphql-inspector', ...options], { encoding: 'utf8' });

execFileSync('npx', ['graphql-inspector', 'introspect', service.url, '--write', store, '--header', `authorization: ${authorization}`]);
assert.equal(inspect('validate', documents, path).status, 0);
const refusal = inspect('validate', documents, store);
assert.notEqual(refusal.status, 0, 'a field that STORE may not use is unknown in its schema');
assert.match(refusal.stdout + refusal.stderr, /displayName/);
