export { DecisionBatcher, type ConsentDecision } from './batcher.js';
export { PrivacyClient, type Acting, type ClientOptions, type Page } from './client.js';
export { PrivacyError, UnexpectedResponseError, UnreachableError, type ErrorEntry } from './errors.js';
export * from './generated/errors.js';
export type * from './generated/types.js';
export { type Retries } from './retries.js';
