import { PrivacyError, UnexpectedResponseError, UnreachableError, type ErrorEntry } from './errors.js';
import { errorClasses } from './generated/errors.js';

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly ErrorEntry[];
}

function parsed(body: string): Answer | null {
  try {
    const answer: unknown = JSON.parse(body);
    const isAnswer = typeof answer === 'object' && answer !== null && ('data' in answer || 'errors' in answer);
    return isAnswer ? (answer as Answer) : null;
  } catch {
    return null;
  }
}

/** Return the data of an answer without errors; throw the class of the first error's code otherwise. */
export function dataOf(status: number, body: string): Readonly<Record<string, unknown>> {
  const answer = parsed(body);
  if (answer === null) {
    const message = `The answer has the status ${status} and is not of GraphQL.`;
    throw status >= 500 ? new UnreachableError(message) : new UnexpectedResponseError(message);
  }
  const [error] = answer.errors ?? [];
  if (error !== undefined) {
    const code = String(error.extensions?.['code'] ?? '');
    const Refusal = errorClasses[code] ?? PrivacyError;
    throw new Refusal(`${code}: ${error.message}`, answer.errors, answer.data);
  }
  if (!answer.data) throw new UnexpectedResponseError('The answer has neither data nor errors.');
  return answer.data;
}
