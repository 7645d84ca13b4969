/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** The kind of an access event. */
export type AccessAction =
  /** An access grant was asked for, approved, or used. */
  | 'GRANT'
  /** Personal fields were read. */
  | 'READ'
  /** Access to fields was refused. */
  | 'REFUSED'
  /** A mutation was carried out. */
  | 'WRITE';

/** A person, identified by an account in an internal system. */
export type AccountRef = {
  /** The person's reference in that system. */
  readonly reference: string;
  /** The internal system, such as `store`. */
  readonly system: string;
};

/** The kind of a bounce. */
export type BounceKind =
  /** The person reported the letter as spam, and is opted out of all marketing. */
  | 'COMPLAINT'
  /** The address does not exist or accepts no mail. Mail to it stops until it is corrected. */
  | 'HARD'
  /** The letter could not be delivered for the moment. Nothing changes. */
  | 'SOFT';

/** The channel on which a choice or a request was received. */
export type Channel =
  /** In an app. */
  | 'APP'
  /** By email. */
  | 'EMAIL'
  /** By the Global Privacy Control signal of a browser. */
  | 'GPC'
  /** By an import of earlier records. */
  | 'IMPORT'
  /** By letter. */
  | 'MAIL'
  /** In a newsletter. */
  | 'NEWSLETTER'
  /** By phone. */
  | 'PHONE'
  /** By an administrator's script. */
  | 'SCRIPT'
  /** In the store. */
  | 'STORE'
  /** Through a support agent. */
  | 'SUPPORT'
  /** On the sync server. */
  | 'SYNC'
  /** On the website. */
  | 'WEBSITE';

/** The kind of a change of what a person allows. */
export type ConsentChangeKind =
  /** The person's choice for a purpose changed. */
  | 'CHOICE'
  /** The person was erased. */
  | 'ERASED'
  /** The erasure of the person began. */
  | 'ERASING'
  /** The person opted out of everything. */
  | 'OPTED_OUT_OF_ALL'
  /** Processing was restricted. */
  | 'RESTRICTED'
  /** A restriction of processing was lifted. */
  | 'RESTRICTION_LIFTED';

/** A person's choice for a purpose. */
export type ConsentState =
  /** The person consented, or no longer objects. */
  | 'GRANTED'
  /** The consent is older than the purpose permits, or than a policy that requires a new one. */
  | 'LAPSED'
  /** The person objected (Art. 21 GDPR). */
  | 'OBJECTED'
  /** The person withdrew their consent. */
  | 'WITHDRAWN';

/** The values to correct. An absent key changes nothing; null clears a value. */
export type CorrectSubjectInput = {
  /** An address to add. */
  readonly addEmail?: string | null | undefined;
  /** The person's country, as an ISO 3166-1 alpha-2 code. */
  readonly country?: string | null | undefined;
  /** The person's name. */
  readonly displayName?: string | null | undefined;
  /** The address that letters are sent to from now on. */
  readonly primaryEmail?: string | null | undefined;
  /** An address to remove. The last address of a person cannot be removed. */
  readonly removeEmail?: string | null | undefined;
};

/** What personal data is about. Every personal field and every retention rule belongs to one category. */
export type DataCategory =
  /** Who read or changed what, and access grants. */
  | 'ACCESS_EVENTS'
  /** References of internal systems. */
  | 'ACCOUNTS'
  /** Choices and the consent ledger. */
  | 'CONSENTS'
  /** Email addresses. */
  | 'CONTACT'
  /** Letters to a person, and what became of them. */
  | 'LETTERS'
  /** The stored parts of cards. */
  | 'PAYMENT_FRAGMENTS'
  /** The name, the country and the status of a person. */
  | 'PROFILE'
  /** Rights requests and their steps. */
  | 'REQUESTS'
  /** Names, sizes and times of synced files. */
  | 'SYNC_FILE_NAMES'
  /** Sync accounts and client state: sizes, counts, programs. */
  | 'SYNC_METADATA';

/** The reason for a consent decision. */
export type DecisionReason =
  /** Refused whatever the person chose: they are erased. */
  | 'ERASED'
  /** Refused whatever the person chose: they are being erased. */
  | 'ERASING'
  /** Allowed: the person consented. */
  | 'GRANTED'
  /** Refused: the consent is older than the purpose permits. */
  | 'LAPSED'
  /** Allowed: a contract or a law requires it. */
  | 'NECESSARY'
  /** Refused: the person was never asked. */
  | 'NEVER_ASKED'
  /** Allowed: the basis is legitimate interests, and the person has not objected. */
  | 'NOT_OBJECTED'
  /** Refused: the person objected. */
  | 'OBJECTED'
  /** Refused: the consent was given under an older privacy policy, and must be asked for again. */
  | 'POLICY_CHANGED'
  /** Refused whatever the person chose: processing is restricted. */
  | 'RESTRICTED'
  /** Refused: no person is known by this identifier. */
  | 'UNKNOWN_SUBJECT'
  /** Refused: the person declined, or withdrew their consent. */
  | 'WITHDRAWN';

/** The reason for denying a request. */
export type DenialReason =
  /** The law does not grant this right in this case. */
  | 'CLAIM_NOT_COVERED'
  /** The identity of the person was not proved. */
  | 'INSUFFICIENT_VERIFICATION'
  /** It concerns no person known to this service. */
  | 'NO_MATCH'
  /** Another reason, which the case documents. */
  | 'OTHER'
  /** No law that applies to the company grants this right. */
  | 'OUTSIDE_JURISDICTION'
  /** The request appears to come from another person. */
  | 'SUSPECTED_FRAUD'
  /** The requests are manifestly unfounded or excessive (Art. 12(5) GDPR). */
  | 'TOO_MANY_REQUESTS';

/** The reason of a disclosure decision. They are checked in the order: person, contract, categories, purpose, safeguard, choice. */
export type DisclosureReason =
  /** The disclosure is permitted. */
  | 'ALLOWED'
  /** The recipient may not get one of the categories. */
  | 'CATEGORY_NOT_ALLOWED'
  /** The person is erased. */
  | 'ERASED'
  /** The person is being erased. */
  | 'ERASING'
  /** The recipient, or its contract, has ended. */
  | 'NO_CONTRACT'
  /** The recipient is in a country that needs a safeguard, and names none that covers the transfer. */
  | 'NO_SAFEGUARD'
  /** The recipient may not get data for this purpose. */
  | 'PURPOSE_NOT_ALLOWED'
  /** Processing is restricted. */
  | 'RESTRICTED'
  /** The person did not consent, or objected. */
  | 'SUBJECT_REFUSED'
  /** No person is registered under the identifier. */
  | 'UNKNOWN_SUBJECT';

/** The reason for an erasure. */
export type ErasureReason =
  /** The person withdrew the consent on which the processing was based. */
  | 'CONSENT_WITHDRAWN'
  /** The person asks for it. */
  | 'REQUESTED'
  /** The person is under 13. There is no cooling-off period, and no code is required. */
  | 'UNDERAGE'
  /** The processing was unlawful. */
  | 'UNLAWFUL';

/** Why the deadline of a request is extended (Art. 12(3) GDPR). */
export type ExtensionReason =
  /** The request is complex. */
  | 'COMPLEXITY'
  /** There are too many requests to answer all of them in time. */
  | 'NUMBER_OF_REQUESTS';

/** Where a reader of the feed without a cursor begins. */
export type FeedStart =
  /** At the oldest change that is kept. */
  | 'BEGINNING'
  /** After the newest change. */
  | 'NOW';

/** A disclosure that law or an emergency forced. */
export type ForcedDisclosureInput = {
  /** The authority or party that got the data, at most 100 characters. */
  readonly authority: string;
  /** The categories of data. */
  readonly categories: ReadonlyArray<DataCategory>;
  /** Why the law permits the delay, at most 200 characters. */
  readonly delayGround?: string | null | undefined;
  /** When the data was disclosed. */
  readonly disclosedAt: Date | string;
  /** Why the data had to be disclosed. */
  readonly ground: ForcedGround;
  /** When a lawful delay of the letters ends. */
  readonly noticeDelayedUntil?: Date | string | null | undefined;
  /** The reference of the order or the case, at most 100 characters. It names no person. */
  readonly reference: string;
  /** The people affected, up to 1,000 a call. A later call adds people. */
  readonly subjects: SubjectsBy;
};

/** Why data had to be disclosed. */
export type ForcedGround =
  /** It was needed to protect people in an emergency. */
  | 'EMERGENCY'
  /** A law obliges the company to. */
  | 'LEGAL_OBLIGATION'
  /** A court or an authority ordered it. */
  | 'LEGAL_PROCESS'
  /** It was needed to protect rights or property. */
  | 'PROTECTION_OF_RIGHTS';

/** The state of an access grant. */
export type GrantState =
  /** It was ended by hand. */
  | 'ENDED'
  /** Its duration is over, or it was not approved within 24 hours. */
  | 'EXPIRED'
  /** It is open for the actor who asked for it. */
  | 'OPEN'
  /** It was refused. */
  | 'REFUSED'
  /** It waits for the approval of another actor with the role PRIVACY. */
  | 'WAITING';

/** How the identity of the person is to be proved. */
export type IdentityCheck =
  /** By the actor, who vouches for it and is recorded. */
  | 'ATTESTED'
  /** By a code that is mailed to the person. */
  | 'EMAIL_CODE';

/** How the identity of the person is proved. */
export type IdentityProof =
  /** By the actor, who vouches for it and is recorded. */
  | 'ATTESTED'
  /** By a code that was mailed to the person. */
  | 'EMAIL_CODE'
  /** It is not proved yet. */
  | 'NONE_YET';

/** An incident. It affects the people of the access events of an actor or a token in a time range, and the people who are named. */
export type IncidentInput = {
  /** The name of an actor whose access events count. */
  readonly actor?: string | null | undefined;
  /** When the company became aware of it. The 72 hours begin here. */
  readonly awareAt: Date | string;
  /** The categories of data. */
  readonly categories: ReadonlyArray<DataCategory>;
  /** What happened. */
  readonly kind: IncidentKind;
  /** Whether the token is revoked at once. PRIVACY and ADMIN only. */
  readonly revokeToken?: boolean;
  /** Only access events from this time on count. */
  readonly since?: Date | string | null | undefined;
  /** People who are affected beside those of the access events. */
  readonly subjects?: SubjectsBy | null | undefined;
  /** The id of a token whose access events count. */
  readonly token?: string | null | undefined;
  /** Only access events up to this time count. */
  readonly until?: Date | string | null | undefined;
};

/** What happened in an incident. */
export type IncidentKind =
  /** A password, key or token was misused. */
  | 'CREDENTIAL_MISUSE'
  /** Data was lost. */
  | 'LOSS'
  /** Another breach of security. */
  | 'OTHER'
  /** Data was stolen. */
  | 'THEFT'
  /** Data was read without a right to. */
  | 'UNAUTHORISED_READ'
  /** Data went to a wrong recipient. */
  | 'WRONG_RECIPIENT';

/** The state of an incident. */
export type IncidentState =
  /** It is closed. */
  | 'CLOSED'
  /** It is being handled. */
  | 'OPEN';

/** The legal basis of processing (Art. 6(1) GDPR). */
export type LegalBasis =
  /** The person has consented, and may withdraw at any time. */
  | 'CONSENT'
  /** A contract with the person requires it. */
  | 'CONTRACT'
  /** A law requires it. */
  | 'LEGAL_OBLIGATION'
  /** Legitimate interests of the company justify it, unless the person objects. */
  | 'LEGITIMATE_INTERESTS';

/** What became of a letter. */
export type LetterState =
  /** It was not sent, because the person may not be written to any more. */
  | 'DROPPED'
  /** It could not be sent. */
  | 'FAILED'
  /** It was not accepted so far and is tried again. */
  | 'HELD'
  /** It waits to be sent. */
  | 'QUEUED'
  /** A mail server accepted it. */
  | 'SENT'
  /** The mail server did not confirm it. It may have been sent. */
  | 'UNCERTAIN';

/** The parts of a card that are stored. No other part is accepted. */
export type PaymentFragmentInput = {
  /** The month in which the card expires, 1 to 12. */
  readonly expiryMonth: number;
  /** The year in which the card expires, four digits. */
  readonly expiryYear: number;
  /** The last four digits, exactly. */
  readonly lastDigits: string;
  /** The store's own key for this card: neither its number nor a token that can charge it. */
  readonly reference: string;
};

/** The terms of a recipient. */
export type RecipientInput = {
  /** Its postal address, at most 200 characters. Direct marketing needs it. */
  readonly address?: string | null | undefined;
  /** The categories of data that it may get. */
  readonly categories: ReadonlyArray<DataCategory>;
  /** The last day of its contract. */
  readonly contractEndsOn?: string | null | undefined;
  /** The reference of its contract, at most 100 characters. */
  readonly contractReference: string;
  /** Its country, as an ISO 3166-1 alpha-2 code. */
  readonly country: string;
  /** What it does, at most 200 characters. It names no person. */
  readonly function: string;
  /** Whether it gets data for its own direct marketing. */
  readonly isDirectMarketing?: boolean;
  /** The name in programs: lower-case words, joined by dashes. */
  readonly key: string;
  /** Its role in the processing. */
  readonly kind: RecipientKind;
  /** The name of the company or authority, at most 100 characters. */
  readonly name: string;
  /** The purposes that it may get data for. */
  readonly purposes: ReadonlyArray<string>;
  /** What makes transfers to it lawful. Needed outside the European Economic Area and Switzerland, unless the country has a full adequacy decision. */
  readonly safeguard?: TransferSafeguard | null | undefined;
};

/** The role of a recipient in the processing. */
export type RecipientKind =
  /** A company of the same group. */
  | 'AFFILIATE'
  /** It decides by itself. */
  | 'CONTROLLER'
  /** It decides together with the company (Art. 26 GDPR). */
  | 'JOINT_CONTROLLER'
  /** It processes for the company, under its instructions (Art. 28 GDPR). */
  | 'PROCESSOR';

/** The law whose deadlines apply to a person's requests. */
export type Regime =
  /** The United States, under the California Consumer Privacy Act: 45 calendar days. */
  | 'CCPA'
  /** The European Economic Area: one month. */
  | 'GDPR'
  /** Elsewhere, or unknown: one month. */
  | 'OTHER'
  /** Switzerland: 30 days. */
  | 'SWISS_FADP'
  /** The United Kingdom: one month. */
  | 'UK_GDPR';

/** The values with which a service registers a person. */
export type RegisterSubjectInput = {
  /** The person's account in the service. */
  readonly account?: AccountRef | null | undefined;
  /** The person's country, as an ISO 3166-1 alpha-2 code. */
  readonly country?: string | null | undefined;
  /** The person's name, at most 200 characters. */
  readonly displayName?: string | null | undefined;
  /** The person's email address. */
  readonly email: string;
  /** Whether the person is known to be under 13. If true, nothing is stored. */
  readonly isUnder13?: boolean;
};

/** The right that a person exercises. */
export type RequestKind =
  /** The right of access: a copy of all that is held about the person (Art. 15 GDPR). */
  | 'ACCESS'
  /** Which data was disclosed to third parties for their direct marketing (Cal. Civ. Code 1798.83): 30 days. */
  | 'CA_DIRECT_MARKETING_DISCLOSURE'
  /** A complaint about the processing of the person's data. */
  | 'COMPLAINT'
  /** Any other question about personal data. */
  | 'ENQUIRY'
  /** The right to erasure (Art. 17 GDPR). */
  | 'ERASURE'
  /** The right to object (Art. 21 GDPR). */
  | 'OBJECTION'
  /** The right to data portability: a copy of what the person gave (Art. 20 GDPR). */
  | 'PORTABILITY'
  /** The right to rectification (Art. 16 GDPR). */
  | 'RECTIFICATION'
  /** The right to restriction of processing (Art. 18 GDPR). */
  | 'RESTRICTION';

/** The order of a list of requests. */
export type RequestOrder =
  /** By deadline, extended or not, the earliest first. */
  | 'DUE_FIRST'
  /** By receipt, the newest first. */
  | 'NEWEST_FIRST';

/** The state of a request. */
export type RequestState =
  /** It waits for proof of identity. */
  | 'AWAITING_VERIFICATION'
  /** It was cancelled. */
  | 'CANCELLED'
  /** It is done: for an erasure, all live systems have finished. */
  | 'COMPLETED'
  /** It was denied. */
  | 'DENIED'
  /** It is being carried out. An erasure cannot be cancelled any more. */
  | 'IN_PROGRESS'
  /** This service has erased everything. An internal system has not answered yet, or has failed. */
  | 'PARTIALLY_COMPLETED'
  /** It waits for the end of the cooling-off period. */
  | 'SCHEDULED';

/** The ground for keeping something after an erasure (Art. 17(3) GDPR). */
export type RetentionGround =
  /** It is evidence for or against a legal claim. */
  | 'LEGAL_CLAIM'
  /** A law requires it. */
  | 'LEGAL_OBLIGATION'
  /** The person published it, and the company can no longer withdraw it. */
  | 'PUBLISHED_BY_SUBJECT';

/** The role of a caller. A caller acts in exactly one role at a time. */
export type Role =
  /** An administrator's script, which acts on people by id, account or address and reads no personal data. */
  | 'ADMIN'
  /** An analyst, who reads aggregates only. */
  | 'ANALYST'
  /** An auditor, who reads the audit log but no personal data. */
  | 'AUDITOR'
  /** A billing agent with an open case. */
  | 'BILLING'
  /** The privacy officer. */
  | 'PRIVACY'
  /** Any other internal service that must ask before it processes, such as newsletter, forums or statistics. */
  | 'SERVICE'
  /** The store service, which sells, charges and refunds. */
  | 'STORE'
  /** A support agent with an open case. */
  | 'SUPPORT'
  /** The sync service, which stores Customer Data. */
  | 'SYNC';

/** The state of an erasure step. */
export type StepState =
  /** The internal system has erased the person. */
  | 'DONE'
  /** The internal system failed or did not answer; retryErasure sends the webhook again. */
  | 'FAILED'
  /** The internal system has not answered yet. */
  | 'PENDING';

/** Identifies one person, by exactly one key. */
export type SubjectBy =
  {   /** An account of the person in an internal system. */
  readonly account: AccountRef; readonly email?: never; readonly id?: never; }
  |  { readonly account?: never;   /** An email address of the person. Any text with an `@` can be looked up and opted out. */
  readonly email: string; readonly id?: never; }
  |  { readonly account?: never; readonly email?: never;   /** The person's id: `sub_` and 32 hex digits. */
  readonly id: string; };

/** The status of a person. */
export type SubjectStatus =
  /** The person's own choices decide. */
  | 'ACTIVE'
  /** The person is erased. */
  | 'ERASED'
  /** The person is being erased. */
  | 'ERASING'
  /** Processing is restricted (Art. 18 GDPR): every decision is a refusal. The choices are kept. */
  | 'RESTRICTED';

/** Identifies up to 1,000 people, by exactly one key. The answers keep this order. */
export type SubjectsBy =
  {   /** Accounts of people in internal systems. */
  readonly accounts: ReadonlyArray<AccountRef>; readonly emails?: never; readonly ids?: never; }
  |  { readonly accounts?: never;   /** Email addresses of people. A text that is no address is an unknown person. */
  readonly emails: ReadonlyArray<string>; readonly ids?: never; }
  |  { readonly accounts?: never; readonly emails?: never;   /** Ids of people. */
  readonly ids: ReadonlyArray<string>; };

/** A program that synced. */
export type SyncClientInput = {
  /** The program's name. */
  readonly app: string;
  /** The platform that it runs on. */
  readonly platform: string;
  /** Its User-Agent header. */
  readonly userAgent: string;
  /** The program's version. */
  readonly version: string;
};

/** The metadata of a file. */
export type SyncFileInput = {
  /** When the file was last changed. */
  readonly modifiedAt: Date | string;
  /** The file's name, stored unchanged. A name that looks like a card number is replaced by a placeholder. */
  readonly name: string;
  /** The file's size in bytes. */
  readonly sizeBytes: number;
};

/** The report of the sync service after a sync. */
export type SyncInput = {
  /** The program that synced. */
  readonly client?: SyncClientInput | null | undefined;
  /** The number of files that the person stores. */
  readonly fileCount: number;
  /** All files of the account at that time, at most 1,000. */
  readonly files?: ReadonlyArray<SyncFileInput> | null | undefined;
  /** The sync service's own reference of the account. */
  readonly reference: string;
  /** The number of bytes that the person stores. */
  readonly storageBytes: number;
  /** When the account synced. A report that arrives late does not overwrite a newer one. */
  readonly syncedAt: Date | string;
};

/** What makes a transfer to a country outside the European Economic Area and Switzerland lawful. */
export type TransferSafeguard =
  /** An adequacy decision of the European Commission (Art. 45 GDPR). */
  | 'ADEQUACY'
  /** Binding corporate rules (Art. 47 GDPR). */
  | 'BINDING_RULES'
  /** An approved certification (Art. 46(2)(f) GDPR). */
  | 'CERTIFICATION'
  /** An approved code of conduct (Art. 46(2)(e) GDPR). */
  | 'CODE_OF_CONDUCT'
  /** An instrument between public authorities (Art. 46(2)(a) GDPR). */
  | 'PUBLIC_INSTRUMENT'
  /** Standard data protection clauses (Art. 46(2)(c) and (d) GDPR). */
  | 'STANDARD_CLAUSES';

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { readonly viewer: { readonly name: string, readonly role: Role, readonly roles: ReadonlyArray<Role>, readonly case: string | null, readonly permissions: ReadonlyArray<string> } };

export type NodeQueryVariables = Exact<{
  id: string;
}>;


export type NodeQuery = { readonly node:
    | { readonly __typename: 'AccessGrant', readonly id: string }
    | { readonly __typename: 'Backup', readonly id: string }
    | { readonly __typename: 'ErasureStep', readonly id: string }
    | { readonly __typename: 'ExportStep', readonly id: string }
    | { readonly __typename: 'ForcedDisclosure', readonly id: string }
    | { readonly __typename: 'Incident', readonly id: string }
    | { readonly __typename: 'PaymentFragment', readonly id: string }
    | { readonly __typename: 'RightsRequest', readonly id: string }
    | { readonly __typename: 'Subject', readonly id: string }
    | { readonly __typename: 'SyncAccount', readonly id: string }
   | null };

export type NodesQueryVariables = Exact<{
  ids: ReadonlyArray<string> | string;
}>;


export type NodesQuery = { readonly nodes: ReadonlyArray<
    | { readonly __typename: 'AccessGrant', readonly id: string }
    | { readonly __typename: 'Backup', readonly id: string }
    | { readonly __typename: 'ErasureStep', readonly id: string }
    | { readonly __typename: 'ExportStep', readonly id: string }
    | { readonly __typename: 'ForcedDisclosure', readonly id: string }
    | { readonly __typename: 'Incident', readonly id: string }
    | { readonly __typename: 'PaymentFragment', readonly id: string }
    | { readonly __typename: 'RightsRequest', readonly id: string }
    | { readonly __typename: 'Subject', readonly id: string }
    | { readonly __typename: 'SyncAccount', readonly id: string }
   | null> };

export type SubjectQueryVariables = Exact<{
  by: SubjectBy;
}>;


export type SubjectQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus } | null };

export type SubjectsQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type SubjectsQuery = { readonly subjects: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly status: SubjectStatus, readonly registeredAt: string, readonly regime: Regime } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type ConsentDecisionQueryVariables = Exact<{
  subject: SubjectBy;
  purpose: string;
  at?: Date | string | null | undefined;
}>;


export type ConsentDecisionQuery = { readonly consentDecision: { readonly subjectId: string | null, readonly purpose: string, readonly allowed: boolean, readonly reason: DecisionReason, readonly legalBasis: LegalBasis, readonly effectiveAt: string | null, readonly lapsesAt: string | null } };

export type ConsentDecisionsQueryVariables = Exact<{
  subjects: SubjectsBy;
  purpose: string;
}>;


export type ConsentDecisionsQuery = { readonly consentDecisions: ReadonlyArray<{ readonly subjectId: string | null, readonly purpose: string, readonly allowed: boolean, readonly reason: DecisionReason, readonly legalBasis: LegalBasis, readonly effectiveAt: string | null, readonly lapsesAt: string | null }> };

export type PurposesQueryVariables = Exact<{ [key: string]: never; }>;


export type PurposesQuery = { readonly purposes: ReadonlyArray<{ readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null }> };

export type AccessEventsQueryVariables = Exact<{
  subject?: string | null | undefined;
  actor?: string | null | undefined;
  since?: Date | string | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type AccessEventsQuery = { readonly accessEvents: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly at: string, readonly actor: string, readonly actorIdentity: string | null, readonly role: Role, readonly case: string | null, readonly subjectId: string | null, readonly action: AccessAction, readonly fields: ReadonlyArray<string>, readonly operation: string | null, readonly operationHash: string | null, readonly grantId: string | null, readonly occurrences: number } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type RightsRequestQueryVariables = Exact<{
  id: string;
}>;


export type RightsRequestQuery = { readonly rightsRequest: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly subjectId: string, readonly channel: Channel, readonly case: string | null, readonly receivedAt: string, readonly dueAt: string, readonly isOverdue: boolean, readonly executeAt: string | null, readonly completedAt: string | null, readonly backupsClearAt: string | null, readonly identity: IdentityProof, readonly denialReason: DenialReason | null, readonly extendedUntil: string | null, readonly extensionReason: ExtensionReason | null, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }>, readonly certificate: { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> } | null, readonly export: { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null } | null } | null };

export type RightsRequestsQueryVariables = Exact<{
  state?: RequestState | null | undefined;
  overdue?: boolean | null | undefined;
  kind?: RequestKind | null | undefined;
  dueBefore?: Date | string | null | undefined;
  order?: RequestOrder | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type RightsRequestsQuery = { readonly rightsRequests: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly subjectId: string, readonly channel: Channel, readonly case: string | null, readonly receivedAt: string, readonly dueAt: string, readonly isOverdue: boolean, readonly executeAt: string | null, readonly completedAt: string | null, readonly backupsClearAt: string | null, readonly identity: IdentityProof, readonly denialReason: DenialReason | null, readonly extendedUntil: string | null, readonly extensionReason: ExtensionReason | null, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }>, readonly certificate: { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> } | null, readonly export: { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null } | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type ErasurePlanQueryVariables = Exact<{
  subject: SubjectBy;
}>;


export type ErasurePlanQuery = { readonly erasurePlan: { readonly subjectId: string, readonly hash: string, readonly items: ReadonlyArray<{ readonly system: string, readonly what: string, readonly records: number }>, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }> } };

export type ErasureStepsQueryVariables = Exact<{
  system: string;
  state?: StepState | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ErasureStepsQuery = { readonly erasureSteps: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly requestId: string, readonly subjectId: string | null, readonly system: string, readonly state: StepState, readonly attempts: number, readonly nextAttemptAt: string | null, readonly completedAt: string | null, readonly recordsErased: number | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type ExportStepsQueryVariables = Exact<{
  system: string;
  state?: StepState | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ExportStepsQuery = { readonly exportSteps: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly requestId: string, readonly subjectId: string, readonly kind: RequestKind, readonly system: string, readonly state: StepState, readonly attempts: number, readonly dueAt: string, readonly completedAt: string | null, readonly sizeBytes: number | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type AccessGrantsQueryVariables = Exact<{
  state?: GrantState | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type AccessGrantsQuery = { readonly accessGrants: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly subjectId: string, readonly actor: string, readonly case: string, readonly minutes: number, readonly state: GrantState, readonly askedAt: string, readonly expiresAt: string | null, readonly approvedBy: string | null, readonly endedAt: string | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type ConsentChangesQueryVariables = Exact<{
  after?: string | null | undefined;
  start?: FeedStart | null | undefined;
  first?: number | null | undefined;
}>;


export type ConsentChangesQuery = { readonly consentChanges: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly at: string, readonly subjectId: string, readonly kind: ConsentChangeKind, readonly purpose: string | null, readonly state: ConsentState | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type TokensQueryVariables = Exact<{ [key: string]: never; }>;


export type TokensQuery = { readonly tokens: ReadonlyArray<{ readonly id: string, readonly name: string, readonly system: string | null, readonly isApproved: boolean, readonly roles: ReadonlyArray<Role>, readonly issuedAt: string, readonly expiresAt: string | null, readonly lastUsedAt: string | null, readonly revokedAt: string | null }> };

export type RecipientsQueryVariables = Exact<{ [key: string]: never; }>;


export type RecipientsQuery = { readonly recipients: ReadonlyArray<{ readonly key: string, readonly name: string, readonly kind: RecipientKind, readonly function: string, readonly categories: ReadonlyArray<DataCategory>, readonly purposes: ReadonlyArray<string>, readonly country: string, readonly safeguard: TransferSafeguard | null, readonly isDirectMarketing: boolean, readonly address: string | null, readonly contractReference: string, readonly contractEndsOn: string | null, readonly endedAt: string | null }> };

export type DisclosureDecisionQueryVariables = Exact<{
  subject: SubjectBy;
  recipient: string;
  categories: ReadonlyArray<DataCategory> | DataCategory;
  purpose: string;
}>;


export type DisclosureDecisionQuery = { readonly disclosureDecision: { readonly allowed: boolean, readonly reason: DisclosureReason } };

export type BackupsQueryVariables = Exact<{
  overdue?: boolean | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type BackupsQuery = { readonly backups: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly system: string, readonly label: string, readonly madeAt: string, readonly destroyBy: string, readonly destroyedAt: string | null, readonly isOverdue: boolean } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type ErasedAccountsQueryVariables = Exact<{
  system: string;
  references: ReadonlyArray<string> | string;
}>;


export type ErasedAccountsQuery = { readonly erasedAccounts: ReadonlyArray<string> };

export type PolicyVersionsQueryVariables = Exact<{ [key: string]: never; }>;


export type PolicyVersionsQuery = { readonly policyVersions: ReadonlyArray<{ readonly version: string, readonly effectiveOn: string, readonly url: string, readonly mustAskAgain: ReadonlyArray<string>, readonly publishedAt: string }> };

export type ForcedDisclosuresQueryVariables = Exact<{
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ForcedDisclosuresQuery = { readonly forcedDisclosures: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly ground: ForcedGround, readonly authority: string, readonly reference: string, readonly categories: ReadonlyArray<DataCategory>, readonly disclosedAt: string, readonly affectedCount: number, readonly noticeDelayedUntil: string | null, readonly delayGround: string | null, readonly isNoticeOverdue: boolean, readonly noticesSent: number, readonly noticesPending: number, readonly noticesFailed: number } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type IncidentsQueryVariables = Exact<{
  state?: IncidentState | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type IncidentsQuery = { readonly incidents: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly kind: IncidentKind, readonly state: IncidentState, readonly awareAt: string, readonly authorityDueAt: string, readonly isOverdue: boolean, readonly authorityNoticedAt: string | null, readonly categories: ReadonlyArray<DataCategory>, readonly affectedCount: number, readonly noticesSent: number, readonly noticesPending: number, readonly noticesFailed: number } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type RetentionRulesQueryVariables = Exact<{ [key: string]: never; }>;


export type RetentionRulesQuery = { readonly retentionRules: ReadonlyArray<{ readonly category: DataCategory, readonly days: number | null, readonly reason: string | null, readonly lastRunAt: string | null, readonly lastRunRemoved: number, readonly wouldRemove: number }> };

export type StatisticsQueryVariables = Exact<{ [key: string]: never; }>;


export type StatisticsQuery = { readonly statistics: { readonly asOf: string, readonly subjects: number | null, readonly storage: { readonly accounts: number | null, readonly totalBytes: number | null, readonly medianBytes: number | null, readonly p90Bytes: number | null } } };

export type RegisterSubjectMutationVariables = Exact<{
  input: RegisterSubjectInput;
}>;


export type RegisterSubjectMutation = { readonly registerSubject: { readonly id: string, readonly status: SubjectStatus } | null };

export type CorrectSubjectMutationVariables = Exact<{
  subject: SubjectBy;
  input: CorrectSubjectInput;
}>;


export type CorrectSubjectMutation = { readonly correctSubject: { readonly id: string, readonly status: SubjectStatus, readonly registeredAt: string, readonly regime: Regime, readonly optedOutOfAllAt: string | null, readonly consents: ReadonlyArray<{ readonly state: ConsentState, readonly effectiveAt: string, readonly lapsesAt: string | null, readonly channel: Channel, readonly policyVersion: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } }> } | null };

export type RestrictProcessingMutationVariables = Exact<{
  subject: SubjectBy;
}>;


export type RestrictProcessingMutation = { readonly restrictProcessing: { readonly id: string, readonly status: SubjectStatus, readonly registeredAt: string, readonly regime: Regime } | null };

export type LiftRestrictionMutationVariables = Exact<{
  subject: SubjectBy;
}>;


export type LiftRestrictionMutation = { readonly liftRestriction: { readonly id: string, readonly status: SubjectStatus, readonly registeredAt: string, readonly regime: Regime } | null };

export type GrantConsentMutationVariables = Exact<{
  subject: SubjectBy;
  purpose: string;
  channel: Channel;
  at?: Date | string | null | undefined;
}>;


export type GrantConsentMutation = { readonly grantConsent: { readonly state: ConsentState, readonly effectiveAt: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } } | null };

export type OptOutMutationVariables = Exact<{
  subject: SubjectBy;
  purposes: ReadonlyArray<string> | string;
  channel: Channel;
}>;


export type OptOutMutation = { readonly optOut: { readonly suppressed: boolean, readonly purposes: ReadonlyArray<string>, readonly at: string } | null };

export type OptOutOfAllMutationVariables = Exact<{
  subject: SubjectBy;
  channel: Channel;
}>;


export type OptOutOfAllMutation = { readonly optOutOfAll: { readonly suppressed: boolean, readonly purposes: ReadonlyArray<string>, readonly at: string } | null };

export type StorePaymentFragmentMutationVariables = Exact<{
  subject: SubjectBy;
  input: PaymentFragmentInput;
}>;


export type StorePaymentFragmentMutation = { readonly storePaymentFragment: { readonly id: string, readonly storedAt: string } | null };

export type RemovePaymentFragmentMutationVariables = Exact<{
  id: string;
}>;


export type RemovePaymentFragmentMutation = { readonly removePaymentFragment: string | null };

export type RecordSyncMutationVariables = Exact<{
  subject: SubjectBy;
  input: SyncInput;
}>;


export type RecordSyncMutation = { readonly recordSync: { readonly id: string, readonly storageBytes: number, readonly fileCount: number, readonly lastSyncedAt: string | null, readonly replacedNameCount: number | null } | null };

export type OpenAccessGrantMutationVariables = Exact<{
  subject: string;
  minutes?: number | null | undefined;
}>;


export type OpenAccessGrantMutation = { readonly openAccessGrant: { readonly id: string, readonly subjectId: string, readonly actor: string, readonly case: string, readonly minutes: number, readonly state: GrantState, readonly askedAt: string, readonly expiresAt: string | null, readonly approvedBy: string | null, readonly endedAt: string | null } | null };

export type ApproveAccessGrantMutationVariables = Exact<{
  id: string;
}>;


export type ApproveAccessGrantMutation = { readonly approveAccessGrant: { readonly id: string, readonly subjectId: string, readonly actor: string, readonly case: string, readonly minutes: number, readonly state: GrantState, readonly askedAt: string, readonly expiresAt: string | null, readonly approvedBy: string | null, readonly endedAt: string | null } | null };

export type RefuseAccessGrantMutationVariables = Exact<{
  id: string;
}>;


export type RefuseAccessGrantMutation = { readonly refuseAccessGrant: { readonly id: string, readonly subjectId: string, readonly actor: string, readonly case: string, readonly minutes: number, readonly state: GrantState, readonly askedAt: string, readonly expiresAt: string | null, readonly approvedBy: string | null, readonly endedAt: string | null } | null };

export type EndAccessGrantMutationVariables = Exact<{
  id: string;
}>;


export type EndAccessGrantMutation = { readonly endAccessGrant: { readonly id: string, readonly subjectId: string, readonly actor: string, readonly case: string, readonly minutes: number, readonly state: GrantState, readonly askedAt: string, readonly expiresAt: string | null, readonly approvedBy: string | null, readonly endedAt: string | null } | null };

export type RequestErasureMutationVariables = Exact<{
  subject: SubjectBy;
  channel: Channel;
  identity?: IdentityCheck | null | undefined;
  reason?: ErasureReason | null | undefined;
  immediately?: boolean | null | undefined;
  planHash?: string | null | undefined;
}>;


export type RequestErasureMutation = { readonly requestErasure: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly receivedAt: string, readonly dueAt: string, readonly executeAt: string | null } | null };

export type ConfirmIdentityMutationVariables = Exact<{
  id: string;
  code: string;
}>;


export type ConfirmIdentityMutation = { readonly confirmIdentity: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly receivedAt: string, readonly dueAt: string, readonly executeAt: string | null } | null };

export type OpenRequestMutationVariables = Exact<{
  subject: SubjectBy;
  kind: RequestKind;
  channel: Channel;
  identity?: IdentityCheck | null | undefined;
}>;


export type OpenRequestMutation = { readonly openRequest: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly receivedAt: string, readonly dueAt: string, readonly executeAt: string | null } | null };

export type ExtendRequestMutationVariables = Exact<{
  id: string;
  reason: ExtensionReason;
}>;


export type ExtendRequestMutation = { readonly extendRequest: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly subjectId: string, readonly channel: Channel, readonly case: string | null, readonly receivedAt: string, readonly dueAt: string, readonly isOverdue: boolean, readonly executeAt: string | null, readonly completedAt: string | null, readonly backupsClearAt: string | null, readonly identity: IdentityProof, readonly denialReason: DenialReason | null, readonly extendedUntil: string | null, readonly extensionReason: ExtensionReason | null, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }>, readonly certificate: { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> } | null, readonly export: { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null } | null } | null };

export type CompleteRequestMutationVariables = Exact<{
  id: string;
}>;


export type CompleteRequestMutation = { readonly completeRequest: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly subjectId: string, readonly channel: Channel, readonly case: string | null, readonly receivedAt: string, readonly dueAt: string, readonly isOverdue: boolean, readonly executeAt: string | null, readonly completedAt: string | null, readonly backupsClearAt: string | null, readonly identity: IdentityProof, readonly denialReason: DenialReason | null, readonly extendedUntil: string | null, readonly extensionReason: ExtensionReason | null, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }>, readonly certificate: { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> } | null, readonly export: { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null } | null } | null };

export type CancelRequestMutationVariables = Exact<{
  id: string;
}>;


export type CancelRequestMutation = { readonly cancelRequest: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly subjectId: string, readonly channel: Channel, readonly case: string | null, readonly receivedAt: string, readonly dueAt: string, readonly isOverdue: boolean, readonly executeAt: string | null, readonly completedAt: string | null, readonly backupsClearAt: string | null, readonly identity: IdentityProof, readonly denialReason: DenialReason | null, readonly extendedUntil: string | null, readonly extensionReason: ExtensionReason | null, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }>, readonly certificate: { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> } | null, readonly export: { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null } | null } | null };

export type DenyRequestMutationVariables = Exact<{
  id: string;
  reason: DenialReason;
}>;


export type DenyRequestMutation = { readonly denyRequest: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly subjectId: string, readonly channel: Channel, readonly case: string | null, readonly receivedAt: string, readonly dueAt: string, readonly isOverdue: boolean, readonly executeAt: string | null, readonly completedAt: string | null, readonly backupsClearAt: string | null, readonly identity: IdentityProof, readonly denialReason: DenialReason | null, readonly extendedUntil: string | null, readonly extensionReason: ExtensionReason | null, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }>, readonly certificate: { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> } | null, readonly export: { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null } | null } | null };

export type RetryErasureMutationVariables = Exact<{
  id: string;
}>;


export type RetryErasureMutation = { readonly retryErasure: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly subjectId: string, readonly channel: Channel, readonly case: string | null, readonly receivedAt: string, readonly dueAt: string, readonly isOverdue: boolean, readonly executeAt: string | null, readonly completedAt: string | null, readonly backupsClearAt: string | null, readonly identity: IdentityProof, readonly denialReason: DenialReason | null, readonly extendedUntil: string | null, readonly extensionReason: ExtensionReason | null, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }>, readonly certificate: { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> } | null, readonly export: { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null } | null } | null };

export type CompleteErasureStepMutationVariables = Exact<{
  id: string;
  recordsErased: number;
}>;


export type CompleteErasureStepMutation = { readonly completeErasureStep: { readonly id: string, readonly requestId: string, readonly subjectId: string | null, readonly system: string, readonly state: StepState, readonly attempts: number, readonly nextAttemptAt: string | null, readonly completedAt: string | null, readonly recordsErased: number | null } | null };

export type FailErasureStepMutationVariables = Exact<{
  id: string;
  error: string;
}>;


export type FailErasureStepMutation = { readonly failErasureStep: { readonly id: string, readonly requestId: string, readonly subjectId: string | null, readonly system: string, readonly state: StepState, readonly attempts: number, readonly nextAttemptAt: string | null, readonly completedAt: string | null, readonly recordsErased: number | null } | null };

export type FailExportStepMutationVariables = Exact<{
  id: string;
  error: string;
}>;


export type FailExportStepMutation = { readonly failExportStep: { readonly id: string, readonly requestId: string, readonly subjectId: string, readonly kind: RequestKind, readonly system: string, readonly state: StepState, readonly attempts: number, readonly dueAt: string, readonly completedAt: string | null, readonly sizeBytes: number | null } | null };

export type CreateUnsubscribeLinkMutationVariables = Exact<{
  subject: SubjectBy;
  purpose: string;
}>;


export type CreateUnsubscribeLinkMutation = { readonly createUnsubscribeLink: { readonly url: string, readonly headers: ReadonlyArray<{ readonly name: string, readonly value: string }> } | null };

export type RecordBounceMutationVariables = Exact<{
  address: string;
  kind: BounceKind;
}>;


export type RecordBounceMutation = { readonly recordBounce: boolean | null };

export type LiftSuppressionMutationVariables = Exact<{
  email: string;
}>;


export type LiftSuppressionMutation = { readonly liftSuppression: boolean | null };

export type IssueTokenMutationVariables = Exact<{
  name: string;
  roles: ReadonlyArray<Role> | Role;
  expiresAt?: Date | string | null | undefined;
  system?: string | null | undefined;
}>;


export type IssueTokenMutation = { readonly issueToken: { readonly secret: string, readonly token: { readonly id: string, readonly name: string, readonly system: string | null, readonly isApproved: boolean, readonly roles: ReadonlyArray<Role>, readonly issuedAt: string, readonly expiresAt: string | null, readonly lastUsedAt: string | null, readonly revokedAt: string | null } } | null };

export type ApproveTokenMutationVariables = Exact<{
  id: string;
}>;


export type ApproveTokenMutation = { readonly approveToken: { readonly id: string, readonly name: string, readonly system: string | null, readonly isApproved: boolean, readonly roles: ReadonlyArray<Role>, readonly issuedAt: string, readonly expiresAt: string | null, readonly lastUsedAt: string | null, readonly revokedAt: string | null } | null };

export type RevokeTokenMutationVariables = Exact<{
  id: string;
}>;


export type RevokeTokenMutation = { readonly revokeToken: { readonly id: string, readonly name: string, readonly system: string | null, readonly isApproved: boolean, readonly roles: ReadonlyArray<Role>, readonly issuedAt: string, readonly expiresAt: string | null, readonly lastUsedAt: string | null, readonly revokedAt: string | null } | null };

export type PutRecipientMutationVariables = Exact<{
  input: RecipientInput;
}>;


export type PutRecipientMutation = { readonly putRecipient: { readonly key: string, readonly name: string, readonly kind: RecipientKind, readonly function: string, readonly categories: ReadonlyArray<DataCategory>, readonly purposes: ReadonlyArray<string>, readonly country: string, readonly safeguard: TransferSafeguard | null, readonly isDirectMarketing: boolean, readonly address: string | null, readonly contractReference: string, readonly contractEndsOn: string | null, readonly endedAt: string | null } | null };

export type EndRecipientMutationVariables = Exact<{
  key: string;
}>;


export type EndRecipientMutation = { readonly endRecipient: { readonly key: string, readonly name: string, readonly kind: RecipientKind, readonly function: string, readonly categories: ReadonlyArray<DataCategory>, readonly purposes: ReadonlyArray<string>, readonly country: string, readonly safeguard: TransferSafeguard | null, readonly isDirectMarketing: boolean, readonly address: string | null, readonly contractReference: string, readonly contractEndsOn: string | null, readonly endedAt: string | null } | null };

export type RecordDisclosureMutationVariables = Exact<{
  subjects: SubjectsBy;
  recipient: string;
  categories: ReadonlyArray<DataCategory> | DataCategory;
  purpose: string;
  at?: Date | string | null | undefined;
}>;


export type RecordDisclosureMutation = { readonly recordDisclosure: number | null };

export type RecordBackupMutationVariables = Exact<{
  system: string;
  label: string;
  madeAt: Date | string;
}>;


export type RecordBackupMutation = { readonly recordBackup: { readonly id: string, readonly system: string, readonly label: string, readonly madeAt: string, readonly destroyBy: string, readonly destroyedAt: string | null, readonly isOverdue: boolean } | null };

export type RecordBackupDestroyedMutationVariables = Exact<{
  id: string;
}>;


export type RecordBackupDestroyedMutation = { readonly recordBackupDestroyed: { readonly id: string, readonly system: string, readonly label: string, readonly madeAt: string, readonly destroyBy: string, readonly destroyedAt: string | null, readonly isOverdue: boolean } | null };

export type PublishPolicyMutationVariables = Exact<{
  version: string;
  effectiveOn: string;
  url: string;
  mustAskAgain?: ReadonlyArray<string> | string | null | undefined;
  notify?: boolean | null | undefined;
}>;


export type PublishPolicyMutation = { readonly publishPolicy: { readonly version: string, readonly effectiveOn: string, readonly url: string, readonly mustAskAgain: ReadonlyArray<string>, readonly publishedAt: string } | null };

export type RecordForcedDisclosureMutationVariables = Exact<{
  input: ForcedDisclosureInput;
}>;


export type RecordForcedDisclosureMutation = { readonly recordForcedDisclosure: { readonly id: string, readonly ground: ForcedGround, readonly authority: string, readonly reference: string, readonly categories: ReadonlyArray<DataCategory>, readonly disclosedAt: string, readonly affectedCount: number, readonly noticeDelayedUntil: string | null, readonly delayGround: string | null, readonly isNoticeOverdue: boolean, readonly noticesSent: number, readonly noticesPending: number, readonly noticesFailed: number } | null };

export type LiftNoticeDelayMutationVariables = Exact<{
  id: string;
}>;


export type LiftNoticeDelayMutation = { readonly liftNoticeDelay: { readonly id: string, readonly ground: ForcedGround, readonly authority: string, readonly reference: string, readonly categories: ReadonlyArray<DataCategory>, readonly disclosedAt: string, readonly affectedCount: number, readonly noticeDelayedUntil: string | null, readonly delayGround: string | null, readonly isNoticeOverdue: boolean, readonly noticesSent: number, readonly noticesPending: number, readonly noticesFailed: number } | null };

export type ReportIncidentMutationVariables = Exact<{
  input: IncidentInput;
}>;


export type ReportIncidentMutation = { readonly reportIncident: { readonly id: string } | null };

export type RecordAuthorityNoticeMutationVariables = Exact<{
  id: string;
  authority: string;
  at: Date | string;
}>;


export type RecordAuthorityNoticeMutation = { readonly recordAuthorityNotice: { readonly id: string, readonly kind: IncidentKind, readonly state: IncidentState, readonly awareAt: string, readonly authorityDueAt: string, readonly isOverdue: boolean, readonly authorityNoticedAt: string | null, readonly categories: ReadonlyArray<DataCategory>, readonly affectedCount: number, readonly noticesSent: number, readonly noticesPending: number, readonly noticesFailed: number } | null };

export type NotifyAffectedMutationVariables = Exact<{
  id: string;
  consequences: string;
  measures: string;
}>;


export type NotifyAffectedMutation = { readonly notifyAffected: { readonly id: string, readonly kind: IncidentKind, readonly state: IncidentState, readonly awareAt: string, readonly authorityDueAt: string, readonly isOverdue: boolean, readonly authorityNoticedAt: string | null, readonly categories: ReadonlyArray<DataCategory>, readonly affectedCount: number, readonly noticesSent: number, readonly noticesPending: number, readonly noticesFailed: number } | null };

export type CloseIncidentMutationVariables = Exact<{
  id: string;
}>;


export type CloseIncidentMutation = { readonly closeIncident: { readonly id: string, readonly kind: IncidentKind, readonly state: IncidentState, readonly awareAt: string, readonly authorityDueAt: string, readonly isOverdue: boolean, readonly authorityNoticedAt: string | null, readonly categories: ReadonlyArray<DataCategory>, readonly affectedCount: number, readonly noticesSent: number, readonly noticesPending: number, readonly noticesFailed: number } | null };

export type SetRetentionRuleMutationVariables = Exact<{
  category: DataCategory;
  days?: number | null | undefined;
  reason?: string | null | undefined;
}>;


export type SetRetentionRuleMutation = { readonly setRetentionRule: { readonly category: DataCategory, readonly days: number | null, readonly reason: string | null, readonly lastRunAt: string | null, readonly lastRunRemoved: number, readonly wouldRemove: number } | null };

export type HoldRetentionMutationVariables = Exact<{
  subject: SubjectBy;
  ground: RetentionGround;
  reference: string;
}>;


export type HoldRetentionMutation = { readonly holdRetention: { readonly id: string, readonly status: SubjectStatus, readonly registeredAt: string, readonly regime: Regime, readonly optedOutOfAllAt: string | null, readonly consents: ReadonlyArray<{ readonly state: ConsentState, readonly effectiveAt: string, readonly lapsesAt: string | null, readonly channel: Channel, readonly policyVersion: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } }> } | null };

export type ReleaseRetentionMutationVariables = Exact<{
  subject: SubjectBy;
}>;


export type ReleaseRetentionMutation = { readonly releaseRetention: { readonly id: string, readonly status: SubjectStatus, readonly registeredAt: string, readonly regime: Regime, readonly optedOutOfAllAt: string | null, readonly consents: ReadonlyArray<{ readonly state: ConsentState, readonly effectiveAt: string, readonly lapsesAt: string | null, readonly channel: Channel, readonly policyVersion: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } }> } | null };

export type AccessEventFragment = { readonly id: string, readonly at: string, readonly actor: string, readonly actorIdentity: string | null, readonly role: Role, readonly case: string | null, readonly subjectId: string | null, readonly action: AccessAction, readonly fields: ReadonlyArray<string>, readonly operation: string | null, readonly operationHash: string | null, readonly grantId: string | null, readonly occurrences: number };

export type AccessGrantFragment = { readonly id: string, readonly subjectId: string, readonly actor: string, readonly case: string, readonly minutes: number, readonly state: GrantState, readonly askedAt: string, readonly expiresAt: string | null, readonly approvedBy: string | null, readonly endedAt: string | null };

export type BackupFragment = { readonly id: string, readonly system: string, readonly label: string, readonly madeAt: string, readonly destroyBy: string, readonly destroyedAt: string | null, readonly isOverdue: boolean };

export type ConsentFragment = { readonly state: ConsentState, readonly effectiveAt: string, readonly lapsesAt: string | null, readonly channel: Channel, readonly policyVersion: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } };

export type ConsentChangeFragment = { readonly at: string, readonly subjectId: string, readonly kind: ConsentChangeKind, readonly purpose: string | null, readonly state: ConsentState | null };

export type ConsentDecisionFragment = { readonly subjectId: string | null, readonly purpose: string, readonly allowed: boolean, readonly reason: DecisionReason, readonly legalBasis: LegalBasis, readonly effectiveAt: string | null, readonly lapsesAt: string | null };

export type ConsentOfGrantConsentFragment = { readonly state: ConsentState, readonly effectiveAt: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } };

export type DisclosureDecisionFragment = { readonly allowed: boolean, readonly reason: DisclosureReason };

export type ErasureCertificateFragment = { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> };

export type ErasurePlanFragment = { readonly subjectId: string, readonly hash: string, readonly items: ReadonlyArray<{ readonly system: string, readonly what: string, readonly records: number }>, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }> };

export type ErasurePlanItemFragment = { readonly system: string, readonly what: string, readonly records: number };

export type ErasureStepFragment = { readonly id: string, readonly requestId: string, readonly subjectId: string | null, readonly system: string, readonly state: StepState, readonly attempts: number, readonly nextAttemptAt: string | null, readonly completedAt: string | null, readonly recordsErased: number | null };

export type ExportFragment = { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null };

export type ExportStepFragment = { readonly id: string, readonly requestId: string, readonly subjectId: string, readonly kind: RequestKind, readonly system: string, readonly state: StepState, readonly attempts: number, readonly dueAt: string, readonly completedAt: string | null, readonly sizeBytes: number | null };

export type ForcedDisclosureFragment = { readonly id: string, readonly ground: ForcedGround, readonly authority: string, readonly reference: string, readonly categories: ReadonlyArray<DataCategory>, readonly disclosedAt: string, readonly affectedCount: number, readonly noticeDelayedUntil: string | null, readonly delayGround: string | null, readonly isNoticeOverdue: boolean, readonly noticesSent: number, readonly noticesPending: number, readonly noticesFailed: number };

export type IncidentFragment = { readonly id: string, readonly kind: IncidentKind, readonly state: IncidentState, readonly awareAt: string, readonly authorityDueAt: string, readonly isOverdue: boolean, readonly authorityNoticedAt: string | null, readonly categories: ReadonlyArray<DataCategory>, readonly affectedCount: number, readonly noticesSent: number, readonly noticesPending: number, readonly noticesFailed: number };

export type IncidentOfReportIncidentFragment = { readonly id: string };

export type IssuedTokenFragment = { readonly secret: string, readonly token: { readonly id: string, readonly name: string, readonly system: string | null, readonly isApproved: boolean, readonly roles: ReadonlyArray<Role>, readonly issuedAt: string, readonly expiresAt: string | null, readonly lastUsedAt: string | null, readonly revokedAt: string | null } };

export type MailHeaderFragment = { readonly name: string, readonly value: string };

export type OptOutFragment = { readonly suppressed: boolean, readonly purposes: ReadonlyArray<string>, readonly at: string };

export type PaymentFragmentFragment = { readonly id: string, readonly storedAt: string };

export type PolicyVersionFragment = { readonly version: string, readonly effectiveOn: string, readonly url: string, readonly mustAskAgain: ReadonlyArray<string>, readonly publishedAt: string };

export type PurposeFragment = { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null };

export type RecipientFragment = { readonly key: string, readonly name: string, readonly kind: RecipientKind, readonly function: string, readonly categories: ReadonlyArray<DataCategory>, readonly purposes: ReadonlyArray<string>, readonly country: string, readonly safeguard: TransferSafeguard | null, readonly isDirectMarketing: boolean, readonly address: string | null, readonly contractReference: string, readonly contractEndsOn: string | null, readonly endedAt: string | null };

export type RetainedItemFragment = { readonly what: string, readonly ground: RetentionGround, readonly until: string | null };

export type RetentionRuleFragment = { readonly category: DataCategory, readonly days: number | null, readonly reason: string | null, readonly lastRunAt: string | null, readonly lastRunRemoved: number, readonly wouldRemove: number };

export type RightsRequestFragment = { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly subjectId: string, readonly channel: Channel, readonly case: string | null, readonly receivedAt: string, readonly dueAt: string, readonly isOverdue: boolean, readonly executeAt: string | null, readonly completedAt: string | null, readonly backupsClearAt: string | null, readonly identity: IdentityProof, readonly denialReason: DenialReason | null, readonly extendedUntil: string | null, readonly extensionReason: ExtensionReason | null, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }>, readonly certificate: { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> } | null, readonly export: { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null } | null };

export type RightsRequestOfRequestErasureFragment = { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly receivedAt: string, readonly dueAt: string, readonly executeAt: string | null };

export type StatisticsFragment = { readonly asOf: string, readonly subjects: number | null, readonly storage: { readonly accounts: number | null, readonly totalBytes: number | null, readonly medianBytes: number | null, readonly p90Bytes: number | null } };

export type StorageCountsFragment = { readonly accounts: number | null, readonly totalBytes: number | null, readonly medianBytes: number | null, readonly p90Bytes: number | null };

export type SubjectFragment = { readonly id: string, readonly status: SubjectStatus };

export type SubjectOfCorrectSubjectFragment = { readonly id: string, readonly status: SubjectStatus, readonly registeredAt: string, readonly regime: Regime, readonly optedOutOfAllAt: string | null, readonly consents: ReadonlyArray<{ readonly state: ConsentState, readonly effectiveAt: string, readonly lapsesAt: string | null, readonly channel: Channel, readonly policyVersion: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } }> };

export type SubjectOfSubjectsFragment = { readonly id: string, readonly status: SubjectStatus, readonly registeredAt: string, readonly regime: Regime };

export type SyncAccountFragment = { readonly id: string, readonly storageBytes: number, readonly fileCount: number, readonly lastSyncedAt: string | null, readonly replacedNameCount: number | null };

export type TokenFragment = { readonly id: string, readonly name: string, readonly system: string | null, readonly isApproved: boolean, readonly roles: ReadonlyArray<Role>, readonly issuedAt: string, readonly expiresAt: string | null, readonly lastUsedAt: string | null, readonly revokedAt: string | null };

export type UnsubscribeLinkFragment = { readonly url: string, readonly headers: ReadonlyArray<{ readonly name: string, readonly value: string }> };

export type ViewerFragment = { readonly name: string, readonly role: Role, readonly roles: ReadonlyArray<Role>, readonly case: string | null, readonly permissions: ReadonlyArray<string> };

export type SubjectProfileQueryVariables = Exact<{
  by: SubjectBy;
}>;


export type SubjectProfileQuery = { readonly subject: { readonly registeredAt: string, readonly regime: Regime, readonly displayName: string | null, readonly country: string | null, readonly optedOutOfAllAt: string | null, readonly id: string, readonly status: SubjectStatus, readonly emails: ReadonlyArray<{ readonly address: string, readonly isPrimary: boolean, readonly verifiedAt: string | null, readonly stoppedBy: BounceKind | null }>, readonly accounts: ReadonlyArray<{ readonly system: string, readonly reference: string }>, readonly consents: ReadonlyArray<{ readonly state: ConsentState, readonly effectiveAt: string, readonly lapsesAt: string | null, readonly channel: Channel, readonly policyVersion: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } }> } | null };

export type SubjectForBillingQueryVariables = Exact<{
  by: SubjectBy;
}>;


export type SubjectForBillingQuery = { readonly subject: { readonly displayName: string | null, readonly id: string, readonly status: SubjectStatus, readonly emails: ReadonlyArray<{ readonly address: string, readonly isPrimary: boolean, readonly verifiedAt: string | null, readonly stoppedBy: BounceKind | null }>, readonly paymentFragments: ReadonlyArray<{ readonly id: string, readonly reference: string, readonly lastDigits: string, readonly expiryMonth: number, readonly expiryYear: number, readonly isExpired: boolean, readonly storedAt: string }> } | null };

export type PaymentFragmentsQueryVariables = Exact<{
  by: SubjectBy;
}>;


export type PaymentFragmentsQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus, readonly paymentFragments: ReadonlyArray<{ readonly id: string, readonly reference: string, readonly lastDigits: string, readonly expiryMonth: number, readonly expiryYear: number, readonly isExpired: boolean, readonly storedAt: string }> } | null };

export type SubjectConsentsQueryVariables = Exact<{
  by: SubjectBy;
  at?: Date | string | null | undefined;
}>;


export type SubjectConsentsQuery = { readonly subject: { readonly optedOutOfAllAt: string | null, readonly id: string, readonly status: SubjectStatus, readonly consents: ReadonlyArray<{ readonly state: ConsentState, readonly effectiveAt: string, readonly lapsesAt: string | null, readonly channel: Channel, readonly policyVersion: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } }>, readonly decisions: ReadonlyArray<{ readonly subjectId: string | null, readonly purpose: string, readonly allowed: boolean, readonly reason: DecisionReason, readonly legalBasis: LegalBasis, readonly effectiveAt: string | null, readonly lapsesAt: string | null }> } | null };

export type ConsentReceiptQueryVariables = Exact<{
  by: SubjectBy;
  purpose: string;
}>;


export type ConsentReceiptQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus, readonly consentReceipt: { readonly issuedAt: string, readonly jws: string } | null } | null };

export type SyncAccountsQueryVariables = Exact<{
  by: SubjectBy;
}>;


export type SyncAccountsQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus, readonly syncAccounts: ReadonlyArray<{ readonly reference: string, readonly id: string, readonly storageBytes: number, readonly fileCount: number, readonly lastSyncedAt: string | null, readonly replacedNameCount: number | null, readonly clients: ReadonlyArray<{ readonly app: string, readonly version: string, readonly platform: string, readonly userAgent: string, readonly lastSeenAt: string }> }> } | null };

export type FileNamesQueryVariables = Exact<{
  by: SubjectBy;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type FileNamesQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus, readonly syncAccounts: ReadonlyArray<{ readonly id: string, readonly storageBytes: number, readonly fileCount: number, readonly lastSyncedAt: string | null, readonly replacedNameCount: number | null, readonly files: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly name: string, readonly sizeBytes: number, readonly modifiedAt: string } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } | null }> } | null };

export type ConsentHistoryQueryVariables = Exact<{
  by: SubjectBy;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ConsentHistoryQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus, readonly consentHistory: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly at: string, readonly state: ConsentState, readonly channel: Channel, readonly policyVersion: string, readonly actor: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } } | null };

export type LettersQueryVariables = Exact<{
  by: SubjectBy;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type LettersQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus, readonly letters: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly kind: string, readonly state: LetterState, readonly postedAt: string, readonly sentAt: string | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } } | null };

export type SubjectAccessEventsQueryVariables = Exact<{
  by: SubjectBy;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type SubjectAccessEventsQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus, readonly accessEvents: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly id: string, readonly at: string, readonly actor: string, readonly actorIdentity: string | null, readonly role: Role, readonly case: string | null, readonly subjectId: string | null, readonly action: AccessAction, readonly fields: ReadonlyArray<string>, readonly operation: string | null, readonly operationHash: string | null, readonly grantId: string | null, readonly occurrences: number } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } } | null };

export type DisclosuresQueryVariables = Exact<{
  by: SubjectBy;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type DisclosuresQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus, readonly disclosures: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly at: string, readonly categories: ReadonlyArray<DataCategory>, readonly purpose: string, readonly recipient: { readonly key: string, readonly name: string, readonly kind: RecipientKind, readonly function: string, readonly categories: ReadonlyArray<DataCategory>, readonly purposes: ReadonlyArray<string>, readonly country: string, readonly safeguard: TransferSafeguard | null, readonly isDirectMarketing: boolean, readonly address: string | null, readonly contractReference: string, readonly contractEndsOn: string | null, readonly endedAt: string | null } } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } } | null };

export type CaliforniaReportQueryVariables = Exact<{
  by: SubjectBy;
  year: number;
}>;


export type CaliforniaReportQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus, readonly californiaReport: { readonly year: number, readonly isNone: boolean, readonly lines: ReadonlyArray<{ readonly recipientName: string, readonly recipientAddress: string, readonly categories: ReadonlyArray<DataCategory> }> } } | null };

export type RequestsOfSubjectQueryVariables = Exact<{
  by: SubjectBy;
}>;


export type RequestsOfSubjectQuery = { readonly subject: { readonly id: string, readonly status: SubjectStatus, readonly rightsRequests: ReadonlyArray<{ readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly subjectId: string, readonly channel: Channel, readonly case: string | null, readonly receivedAt: string, readonly dueAt: string, readonly isOverdue: boolean, readonly executeAt: string | null, readonly completedAt: string | null, readonly backupsClearAt: string | null, readonly identity: IdentityProof, readonly denialReason: DenialReason | null, readonly extendedUntil: string | null, readonly extensionReason: ExtensionReason | null, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }>, readonly certificate: { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> } | null, readonly export: { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null } | null }> } | null };

export type RequestStepsQueryVariables = Exact<{
  id: string;
}>;


export type RequestStepsQuery = { readonly rightsRequest: { readonly id: string, readonly kind: RequestKind, readonly state: RequestState, readonly subjectId: string, readonly channel: Channel, readonly case: string | null, readonly receivedAt: string, readonly dueAt: string, readonly isOverdue: boolean, readonly executeAt: string | null, readonly completedAt: string | null, readonly backupsClearAt: string | null, readonly identity: IdentityProof, readonly denialReason: DenialReason | null, readonly extendedUntil: string | null, readonly extensionReason: ExtensionReason | null, readonly steps: ReadonlyArray<{ readonly id: string, readonly requestId: string, readonly subjectId: string | null, readonly system: string, readonly state: StepState, readonly attempts: number, readonly nextAttemptAt: string | null, readonly completedAt: string | null, readonly recordsErased: number | null }>, readonly exportSteps: ReadonlyArray<{ readonly id: string, readonly requestId: string, readonly subjectId: string, readonly kind: RequestKind, readonly system: string, readonly state: StepState, readonly attempts: number, readonly dueAt: string, readonly completedAt: string | null, readonly sizeBytes: number | null }>, readonly retained: ReadonlyArray<{ readonly what: string, readonly ground: RetentionGround, readonly until: string | null }>, readonly certificate: { readonly issuedAt: string, readonly jws: string, readonly replays: ReadonlyArray<string> } | null, readonly export: { readonly readyAt: string | null, readonly sizeBytes: number | null, readonly expiresAt: string | null, readonly downloadedAt: string | null } | null } | null };

export type PendingErasureStepsQueryVariables = Exact<{
  system: string;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type PendingErasureStepsQuery = { readonly erasureSteps: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly references: ReadonlyArray<string>, readonly id: string, readonly requestId: string, readonly subjectId: string | null, readonly system: string, readonly state: StepState, readonly attempts: number, readonly nextAttemptAt: string | null, readonly completedAt: string | null, readonly recordsErased: number | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type PendingExportStepsQueryVariables = Exact<{
  system: string;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type PendingExportStepsQuery = { readonly exportSteps: { readonly edges: ReadonlyArray<{ readonly cursor: string, readonly node: { readonly references: ReadonlyArray<string>, readonly id: string, readonly requestId: string, readonly subjectId: string, readonly kind: RequestKind, readonly system: string, readonly state: StepState, readonly attempts: number, readonly dueAt: string, readonly completedAt: string | null, readonly sizeBytes: number | null } }>, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null } } };

export type PurposeStatisticsQueryVariables = Exact<{
  purpose: string;
}>;


export type PurposeStatisticsQuery = { readonly statistics: { readonly asOf: string, readonly subjects: number | null, readonly choices: { readonly granted: number | null, readonly withdrawn: number | null, readonly objected: number | null, readonly neverAsked: number | null } } };

export type AccountFragment = { readonly system: string, readonly reference: string };

export type ConsentEventFragment = { readonly at: string, readonly state: ConsentState, readonly channel: Channel, readonly policyVersion: string, readonly actor: string, readonly purpose: { readonly key: string, readonly title: string, readonly description: string, readonly legalBasis: LegalBasis, readonly isMarketing: boolean, readonly lapsesAfterDays: number | null } };

export type EmailAddressFragment = { readonly address: string, readonly isPrimary: boolean, readonly verifiedAt: string | null, readonly stoppedBy: BounceKind | null };

export type LetterFragment = { readonly kind: string, readonly state: LetterState, readonly postedAt: string, readonly sentAt: string | null };

export type StoredPaymentFragmentFragment = { readonly id: string, readonly reference: string, readonly lastDigits: string, readonly expiryMonth: number, readonly expiryYear: number, readonly isExpired: boolean, readonly storedAt: string };

export type SyncClientFragment = { readonly app: string, readonly version: string, readonly platform: string, readonly userAgent: string, readonly lastSeenAt: string };

export type SyncFileFragment = { readonly name: string, readonly sizeBytes: number, readonly modifiedAt: string };
