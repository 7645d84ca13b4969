/** An error of an answer, as the service writes it. */
export interface ErrorEntry {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Thrown when an operation has errors. Each code of the service has a class of its own. */
export class PrivacyError extends Error {
  override readonly name: string = 'PrivacyError';
  readonly code: string = '';

  /** Takes all errors of the answer, the first of which this is, and what the answer has beside them. */
  constructor(
    message: string,
    readonly errors: readonly ErrorEntry[] = [],
    readonly data: unknown = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The code, and what the code's entry in docs/errors.md lists. */
  get extensions(): Readonly<Record<string, unknown>> {
    return this.errors[0]?.extensions ?? {};
  }

  /** Where in the answer the value is missing. */
  get path(): readonly (string | number)[] {
    return this.errors[0]?.path ?? [];
  }

  /** The argument that was refused, dotted for a part of an input. */
  get argument(): string | undefined {
    return this.extensions['argument'] as string | undefined;
  }

  /** Whether nothing was done and the same operation may succeed later. */
  get isRetryable(): boolean {
    return this.extensions['retryable'] === true;
  }

  /** The seconds after which a limit permits the operation again. */
  get retryAfterSeconds(): number | undefined {
    return this.extensions['retryAfterSeconds'] as number | undefined;
  }
}

export type ErrorClass = new (...values: ConstructorParameters<typeof PrivacyError>) => PrivacyError;

/** Thrown when no answer came. Mutations are idempotent: repeat the operation. */
export class UnreachableError extends PrivacyError {
  override readonly name = 'UnreachableError';

  override get isRetryable(): boolean {
    return true;
  }
}

/** Thrown when an answer is not one of this service. */
export class UnexpectedResponseError extends PrivacyError {
  override readonly name = 'UnexpectedResponseError';
}
