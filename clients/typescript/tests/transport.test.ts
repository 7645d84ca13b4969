// Tests of retries, headers and the batcher, against a server whose answers are written here.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  CursorExpiredError,
  DecisionBatcher,
  InternalError,
  PrivacyClient,
  PrivacyError,
  RateLimitedError,
  UnavailableError,
  UnexpectedResponseError,
  UnknownPurposeError,
  UnreachableError,
  type SubjectBy,
} from '../src/index.js';
import { defaultRetries, pauseAfter } from '../src/retries.js';
import { Scripted } from './scripted.js';

const ada = { email: 'ada@example.com' };
const retries = { attempts: 3, firstSeconds: 0.002 };
const allowed = {
  subjectId: 'sub_1',
  purpose: 'newsletter',
  allowed: true,
  reason: 'GRANTED',
  legalBasis: 'CONSENT',
  effectiveAt: '2026-01-01T00:00:00Z',
  lapsesAt: null,
};
const clientOf = ({ url }: Scripted) => new PrivacyClient({ url, token: 'token', retries });

test('an unavailable service is asked again', async (context) => {
  const scripted = await Scripted.start(context);
  scripted.error('UNAVAILABLE', 503, { retryable: true });
  scripted.answers.push({ status: 502, body: '<html>' });
  scripted.data({ consentDecision: allowed });
  const decision = await clientOf(scripted).consentDecision({ subject: ada, purpose: 'newsletter' });
  assert.equal(decision.allowed, true);
  assert.equal(scripted.bodies.length, 3);
});

test('a service that stays unavailable is given up', async (context) => {
  const scripted = await Scripted.start(context);
  for (let count = 0; count < 3; count += 1) scripted.error('UNAVAILABLE', 503, { retryable: true });
  await assert.rejects(clientOf(scripted).viewer(), UnavailableError);
  assert.equal(scripted.bodies.length, 3);
});

test('other errors are thrown at once', async (context) => {
  const cases = { INTERNAL: InternalError, RATE_LIMITED: RateLimitedError, CURSOR_EXPIRED: CursorExpiredError, A_NEW_CODE: PrivacyError };
  for (const [code, Expected] of Object.entries(cases)) {
    const scripted = await Scripted.start(context);
    scripted.error(code, 400, { retryAfterSeconds: 7 });
    const error = await clientOf(scripted).viewer().catch((each: unknown) => each);
    assert(error instanceof Expected);
    assert.equal(error.constructor, Expected);
    assert.equal(error.retryAfterSeconds, 7);
    assert.equal(scripted.bodies.length, 1);
  }
});

test('no answer, and an answer that is not of GraphQL, are errors of their own', async (context) => {
  const nobody = new PrivacyClient({ url: 'http://127.0.0.1:1/graphql', token: 'token', retries });
  await assert.rejects(nobody.viewer(), UnreachableError);
  const scripted = await Scripted.start(context);
  scripted.answers.push({ status: 404, body: 'not here' });
  await assert.rejects(clientOf(scripted).viewer(), UnexpectedResponseError);
  scripted.data({ removePaymentFragment: null });
  await assert.rejects(clientOf(scripted).removePaymentFragment({ id: 'pay_1' }), UnexpectedResponseError);
});

test('pauses grow to a limit and differ', () => {
  const limits = [1, 2, 4, 8, 16, 20, 20];
  const pauses = limits.map((_, attempt) => pauseAfter(attempt, defaultRetries));
  pauses.forEach((pause, index) => assert(pause >= limits[index]! / 2 && pause <= limits[index]!));
  assert.notDeepEqual(
    pauses,
    limits.map((_, attempt) => pauseAfter(attempt, defaultRetries)),
  );
});

test('token, case and role are sent, and nothing may be stored', async (context) => {
  const scripted = await Scripted.start(context);
  scripted.error('UNAVAILABLE', 503, { retryable: true });
  scripted.data({ removePaymentFragment: 'pay_1' });
  const tokens = ['first', 'second'];
  const client = new PrivacyClient({ url: scripted.url, token: async () => tokens.shift() ?? '', retries });
  await client.acting({ case: '#1042' }).acting({ role: 'BILLING' }).removePaymentFragment({ id: 'pay_1' });
  assert.deepEqual(
    scripted.headers.map((each) => [each['authorization'], each['x-case'], each['x-role'], each['cache-control']]),
    [
      ['Bearer first', '#1042', 'BILLING', 'no-store'],
      ['Bearer second', '#1042', 'BILLING', 'no-store'],
    ],
  );
});

test('times are sent in UTC, and arguments that are left out are not sent', async (context) => {
  const scripted = await Scripted.start(context);
  scripted.data({ consentDecision: allowed });
  const at = new Date(Date.UTC(2026, 0, 1));
  await clientOf(scripted).consentDecision({ subject: ada, purpose: 'newsletter', at });
  scripted.data({ purposes: [] });
  await clientOf(scripted).purposes();
  assert.deepEqual(scripted.bodies.map(({ variables }) => variables), [
    { subject: ada, purpose: 'newsletter', at: '2026-01-01T00:00:00.000Z' },
    {},
  ]);
});

test('a batch is one operation for each purpose and kind of key', async (context) => {
  const scripted = await Scripted.start(context);
  const batcher = new DecisionBatcher(clientOf(scripted));
  scripted.data({ consentDecisions: [allowed, { ...allowed, allowed: false }] });
  const decisions = await Promise.all([batcher.decide(ada, 'newsletter'), batcher.decide(ada, 'newsletter')]);
  assert.deepEqual(decisions.map((each) => each.allowed), [true, false]);
  assert.deepEqual(scripted.bodies.map(({ variables }) => variables), [
    { subjects: { emails: [ada.email, ada.email] }, purpose: 'newsletter' },
  ]);
  scripted.data({ consentDecisions: [allowed] });
  scripted.data({ consentDecisions: [allowed] });
  await Promise.all([batcher.decide(ada, 'newsletter'), batcher.decide({ id: 'sub_1' }, 'newsletter')]);
  assert.equal(scripted.bodies.length, 3, 'decisions of a later tick are asked anew');
});

test('a failed batch fails each of its callers', async (context) => {
  const scripted = await Scripted.start(context);
  const batcher = new DecisionBatcher(clientOf(scripted));
  scripted.error('UNKNOWN_PURPOSE');
  const results = await Promise.allSettled([batcher.decide(ada, 'nothing'), batcher.decide(ada, 'nothing')]);
  for (const result of results) {
    assert(result.status === 'rejected' && result.reason instanceof UnknownPurposeError);
  }
});

test('exactly one key names a person, to the compiler and in the batcher', async (context) => {
  const scripted = await Scripted.start(context);
  // @ts-expect-error -- two keys
  const both: SubjectBy = { id: 'sub_1', email: 'ada@example.com' };
  await assert.rejects(new DecisionBatcher(clientOf(scripted)).decide(both, 'newsletter'), TypeError);
  assert.equal(scripted.bodies.length, 0);
});
