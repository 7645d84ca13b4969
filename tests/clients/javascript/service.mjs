// What every script needs: the address, a token of each role, the four documents, and how to end.
import { readFileSync } from 'node:fs';

const { PRIVACY_URL, PRIVACY_TOKENS } = process.env;
export const url = `${PRIVACY_URL}/graphql`;
export const tokens = JSON.parse(readFileSync(PRIVACY_TOKENS, 'utf8'));
export const roles = Object.keys(tokens);
export const authorization = (role) => ({ authorization: `Bearer ${tokens[role]}` });

export const decision = /* GraphQL */ `
  query Decision($subject: SubjectBy!, $purpose: String!) {
    consentDecision(subject: $subject, purpose: $purpose) { allowed reason }
  }
`;
export const grant = /* GraphQL */ `
  mutation Grant($subject: SubjectBy!) {
    grantConsent(subject: $subject, purpose: "newsletter", channel: WEBSITE) { state purpose { key } }
  }
`;
export const optOut = /* GraphQL */ `
  mutation OptOut($subject: SubjectBy!) {
    optOut(subject: $subject, purposes: ["newsletter"], channel: WEBSITE) { purposes }
  }
`;
export const forbidden = /* GraphQL */ `
  query Forbidden($by: SubjectBy!) { subject(by: $by) { displayName } }
`;
export const page = /* GraphQL */ `
  query People($first: Int, $after: Cursor) {
    subjects(first: $first, after: $after) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } }
  }
`;
export const ada = { email: 'ada@example.com' };
export const bo = { email: 'bo@example.com' };
