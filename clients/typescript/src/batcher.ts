import type { PrivacyClient } from './client.js';
import { BadInputError, CardNumberRefusedError, SubjectAmbiguousError } from './generated/errors.js';
import type { ConsentDecisionQuery, SubjectBy, SubjectsBy } from './generated/types.js';

/** People of one operation, at most. */
const MOST_PEOPLE = 1_000;

/** Errors that one of the people may have caused: each is then asked about alone. */
const OF_ONE_PERSON = [BadInputError, CardNumberRefusedError, SubjectAmbiguousError];

export type ConsentDecision = ConsentDecisionQuery['consentDecision'];

interface Question {
  readonly subject: SubjectBy;
  readonly resolve: (decision: ConsentDecision | Promise<ConsentDecision>) => void;
  readonly reject: (error: unknown) => void;
}

function subjectsOf(questions: readonly Question[]): SubjectsBy {
  const subjects = questions.map(({ subject }) => subject);
  const [first] = subjects;
  if (first?.id != null) return { ids: subjects.map(({ id }) => id as string) };
  if (first?.email != null) return { emails: subjects.map(({ email }) => email as string) };
  return { accounts: subjects.map(({ account }) => account as NonNullable<typeof account>) };
}

/**
 * Asks about the people of one tick together. No decision is kept: each answer is that of its moment.
 * The roles STORE, SYNC, SERVICE and ADMIN may ask about many people.
 */
export class DecisionBatcher {
  #groups = new Map<string, Question[]>();

  constructor(private readonly client: PrivacyClient) {}

  /** Return whether a person's data may be processed for a purpose at this moment. */
  decide(subject: SubjectBy, purpose: string): Promise<ConsentDecision> {
    const keys = Object.keys(subject);
    if (keys.length !== 1) return Promise.reject(new TypeError('A person is named by exactly one key.'));
    return new Promise((resolve, reject) => {
      if (this.#groups.size === 0) setTimeout(() => this.#send(), 0);
      const group = `${keys[0]} ${purpose}`;
      const questions = this.#groups.get(group) ?? [];
      questions.push({ subject, resolve, reject });
      this.#groups.set(group, questions);
    });
  }

  #send(): void {
    const groups = this.#groups;
    this.#groups = new Map();
    for (const [group, questions] of groups) {
      const purpose = group.slice(group.indexOf(' ') + 1);
      for (let start = 0; start < questions.length; start += MOST_PEOPLE) {
        void this.#ask(purpose, questions.slice(start, start + MOST_PEOPLE));
      }
    }
  }

  async #ask(purpose: string, questions: readonly Question[]): Promise<void> {
    try {
      const decisions = await this.client.consentDecisions({ subjects: subjectsOf(questions), purpose });
      questions.forEach(({ resolve }, index) => resolve(decisions[index] as ConsentDecision));
    } catch (error) {
      if (OF_ONE_PERSON.some((each) => error instanceof each)) {
        for (const { subject, resolve } of questions) resolve(this.client.consentDecision({ subject, purpose }));
      } else {
        for (const { reject } of questions) reject(error);
      }
    }
  }
}
