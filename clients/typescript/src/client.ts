import { PrivacyError, UnexpectedResponseError, UnreachableError } from './errors.js';
import { Operations } from './generated/operations.js';
import type { Role } from './generated/types.js';
import type { Operation } from './operation.js';
import { dataOf } from './response.js';
import { defaultRetries, pauseAfter, type Retries } from './retries.js';

/** What a client sends with each operation. */
export interface Acting {
  /** The reference of the case, for people: each read of personal data names one. */
  readonly case?: string;
  /** One of the token's roles; if absent, the first. */
  readonly role?: Role;
}

export interface ClientOptions extends Acting {
  /** The address of `/graphql`. */
  readonly url: string;
  /** A token, or a function that returns the current one. */
  readonly token: string | (() => string | Promise<string>);
  readonly retries?: Partial<Retries>;
  /** The seconds after which an attempt without an answer is given up: 30. */
  readonly timeoutSeconds?: number;
  /** A `fetch` of your own, for a proxy or a certificate authority. */
  readonly fetch?: typeof fetch;
}

/** One page of a list, as operations return it. */
export interface Page<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

const sleep = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));

/** Sends operations over HTTP. It caches no answer. */
export class PrivacyClient extends Operations {
  readonly #options: ClientOptions;
  readonly #retries: Retries;

  constructor(options: ClientOptions) {
    super();
    this.#options = options;
    this.#retries = { ...defaultRetries, ...options.retries };
  }

  /** Return a client for this case or role. */
  acting(acting: Acting): PrivacyClient {
    return new PrivacyClient({ ...this.#options, ...acting });
  }

  /** Yield the rows of all pages of a list, which a function reads after a cursor. */
  async *iterate<Node>(page: (after: string | null) => Promise<Page<Node>>): AsyncGenerator<Node, void> {
    for (let after: string | null = null; ; ) {
      const { edges, pageInfo }: Page<Node> = await page(after);
      for (const { node } of edges) yield node;
      if (!pageInfo.hasNextPage) return;
      after = pageInfo.endCursor;
    }
  }

  /** Send an operation of your own, and return its data. */
  async send<Data = Readonly<Record<string, unknown>>>(
    name: string,
    document: string,
    variables: object = {},
  ): Promise<Data> {
    const body = JSON.stringify({ operationName: name, query: document, variables });
    for (let attempt = 0; ; attempt += 1) {
      try {
        return (await this.#attempt(body)) as Data;
      } catch (error) {
        const isLast = attempt + 1 >= this.#retries.attempts;
        if (isLast || !(error instanceof PrivacyError) || !error.isRetryable) throw error;
      }
      await sleep(pauseAfter(attempt, this.#retries));
    }
  }

  protected override async run<Result>({ name, document, field }: Operation, variables: object): Promise<Result> {
    const data = await this.send(name, document, variables);
    if (document.startsWith('mutation') && data[field] == null) {
      throw new UnexpectedResponseError(`${field} has neither a result nor an error.`);
    }
    return data[field] as Result;
  }

  async #attempt(body: string): Promise<Readonly<Record<string, unknown>>> {
    const { url, timeoutSeconds = 30, fetch: send = fetch } = this.#options;
    const headers = await this.#headers();
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    let response: Response;
    let text: string;
    try {
      response = await send(url, { method: 'POST', body, headers, signal, cache: 'no-store', redirect: 'error' });
      text = await response.text();
    } catch (cause) {
      throw new UnreachableError('No answer came.', [], null, { cause });
    }
    return dataOf(response.status, text);
  }

  async #headers(): Promise<Record<string, string>> {
    const { token, case: case_, role } = this.#options;
    return {
      Accept: 'application/graphql-response+json',
      Authorization: `Bearer ${typeof token === 'string' ? token : await token()}`,
      'Cache-Control': 'no-store',
      'Content-Type': 'application/json',
      ...(case_ === undefined ? {} : { 'X-Case': case_ }),
      ...(role === undefined ? {} : { 'X-Role': role }),
    };
  }
}
