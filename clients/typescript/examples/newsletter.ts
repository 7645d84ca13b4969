// Sends an issue of the newsletter to the people of a list who permit it, and opts out the one who replied.
// Run it beside `make serve`: `npm run example`.
import { readFileSync } from 'node:fs';

import { DecisionBatcher, PrivacyClient, PrivacyError } from '../src/index.js'; // 'privacy-client' in a project of yours

const url = `${process.env['PRIVACY_URL'] ?? 'http://127.0.0.1:8000'}/graphql`;
const path = process.env['PRIVACY_TOKENS'] ?? '../../var/demo-tokens.json';
const { SERVICE: token } = JSON.parse(readFileSync(path, 'utf8')) as { SERVICE: string };
const readers = ['ada@example.com', 'bo@example.com', 'never-asked@example.com'];

const client = new PrivacyClient({ url, token });
const batcher = new DecisionBatcher(client);

/** Ask at the moment of sending, and send only where the answer is yes. */
async function sendTo(email: string): Promise<string> {
  try {
    const { allowed, reason } = await batcher.decide({ email }, 'newsletter');
    return allowed ? `${email}: sent` : `${email}: not sent, ${reason}`;
  } catch (error) {
    if (error instanceof PrivacyError) return `${email}: not sent, no decision (${error.code})`;
    throw error;
  }
}

console.log((await Promise.all(readers.map(sendTo))).join('\n'));
const subject = { email: 'never-asked@example.com' };
const { purposes, at } = await client.optOut({ subject, purposes: ['newsletter'], channel: 'NEWSLETTER' });
console.log(`opted out of ${purposes.join(', ')} at ${at}`);
