/** How often an operation is sent while the service is unavailable, and how long the pauses are at most. */
export interface Retries {
  /** How often an operation is sent at most. */
  readonly attempts: number;
  /** The longest first pause. Each later pause is up to twice as long as the one before it. */
  readonly firstSeconds: number;
  /** The longest pause of all. */
  readonly mostSeconds: number;
}

export const defaultRetries: Retries = { attempts: 5, firstSeconds: 1, mostSeconds: 20 };

/**
 * Return the pause after an attempt, the first of which is 0, in seconds.
 * It is between half of its limit and the limit, at random, so that callers do not return together.
 */
export function pauseAfter(attempt: number, { firstSeconds, mostSeconds }: Retries): number {
  return Math.min(mostSeconds, firstSeconds * 2 ** attempt) * (0.5 + Math.random() / 2);
}
