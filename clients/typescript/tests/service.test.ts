// Tests of the client against a running service with demo people: PRIVACY_URL, PRIVACY_TOKENS.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import {
  CardNumberRefusedError,
  CaseRequiredError,
  DecisionBatcher,
  ForbiddenError,
  PrivacyClient,
  UnauthenticatedError,
  UnknownPurposeError,
  type Role,
} from '../src/index.js';

const url = `${process.env['PRIVACY_URL'] ?? 'http://127.0.0.1:8000'}/graphql`;
const path = process.env['PRIVACY_TOKENS'] ?? '../../var/demo-tokens.json';
const tokens = JSON.parse(readFileSync(path, 'utf8')) as Record<Role, string>;
const as = (role: Role) => new PrivacyClient({ url, token: tokens[role] });
const ada = { email: 'ada@example.com' };

test('a choice changes the next decision', async () => {
  const store = as('STORE');
  const subject = { email: 'typescript-choice@example.com' };
  const ask = async () => (await store.consentDecision({ subject, purpose: 'newsletter' })).reason;
  assert.match((await store.registerSubject({ input: { ...subject, country: 'DE' } })).id, /^sub_/);
  assert.equal(await ask(), 'NEVER_ASKED');
  const consent = await store.grantConsent({ subject, purpose: 'newsletter', channel: 'WEBSITE' });
  assert.equal(consent.purpose.key, 'newsletter');
  assert.equal(await ask(), 'GRANTED');
  assert.deepEqual((await store.optOut({ subject, purposes: ['newsletter'], channel: 'EMAIL' })).purposes, ['newsletter']);
  assert.equal(await ask(), 'WITHDRAWN');
});

test('a time and a byte count are sent and come back', async () => {
  const input = { reference: 'ts-sync', storageBytes: 2 ** 40, fileCount: 3, syncedAt: new Date(), files: [] };
  const account = await as('SYNC').recordSync({ subject: ada, input });
  assert.equal(account.storageBytes, 2 ** 40);
  assert.equal(new Date(account.lastSyncedAt ?? '').getTime(), input.syncedAt.getTime());
});

test('refusals are classes by code', async () => {
  const store = as('STORE');
  await assert.rejects(store.consentDecision({ subject: ada, purpose: 'nothing' }), (error) => {
    assert(error instanceof UnknownPurposeError);
    assert.deepEqual([error.argument, error.path], ['purpose', ['consentDecision']]);
    return !error.isRetryable;
  });
  await assert.rejects(store.subjectProfile({ by: ada }), ForbiddenError);
  await assert.rejects(as('SUPPORT').subjectProfile({ by: ada }), CaseRequiredError);
  await assert.rejects(new PrivacyClient({ url, token: 'nonsense' }).viewer(), UnauthenticatedError);
});

test('a person is read for a case in a role', async () => {
  const profile = await as('SUPPORT').acting({ case: '#1042', role: 'SUPPORT' }).subjectProfile({ by: ada });
  assert.equal(profile?.displayName, 'Ada Example');
  assert.deepEqual(profile?.emails.map(({ address }) => address), ['ada@example.com']);
});

test('pages are read to the end', async () => {
  const store = as('STORE');
  const ids: string[] = [];
  for (let number = 0; number < 5; number += 1) {
    ids.push((await store.registerSubject({ input: { email: `typescript-page-${number}@example.com` } })).id);
  }
  const admin = as('ADMIN');
  const rows: string[] = [];
  for await (const { id } of admin.iterate((after) => admin.subjects({ first: 2, after }))) rows.push(id);
  assert.equal(new Set(rows).size, rows.length);
  for (const id of ids) assert(rows.includes(id));
});

test('decisions of one tick have each its own answer', async () => {
  const batcher = new DecisionBatcher(as('STORE'));
  const emails = ['ada@example.com', 'nobody@example.com', 'ada@example.com', '4111111111111111@example.com'];
  const results = await Promise.allSettled(emails.map((email) => batcher.decide({ email }, 'newsletter')));
  assert.deepEqual(
    results.map((each) => (each.status === 'fulfilled' ? each.value.allowed : each.reason instanceof CardNumberRefusedError)),
    [true, false, true, true],
  );
});

test('an operation of your own is sent the same way', async () => {
  const data = await as('STORE').send<{ viewer: { role: Role } }>('Who', 'query Who { viewer { role } }');
  assert.equal(data.viewer.role, 'STORE');
});
