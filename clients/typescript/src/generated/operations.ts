// Generated from schema.graphql by `npm run generate`. Do not edit.

import type { Operation } from '../operation.js';

import type {
  AccessEventsQuery,
  AccessEventsQueryVariables,
  AccessGrantsQuery,
  AccessGrantsQueryVariables,
  ApproveAccessGrantMutation,
  ApproveAccessGrantMutationVariables,
  ApproveTokenMutation,
  ApproveTokenMutationVariables,
  BackupsQuery,
  BackupsQueryVariables,
  CaliforniaReportQuery,
  CaliforniaReportQueryVariables,
  CancelRequestMutation,
  CancelRequestMutationVariables,
  CloseIncidentMutation,
  CloseIncidentMutationVariables,
  CompleteErasureStepMutation,
  CompleteErasureStepMutationVariables,
  CompleteRequestMutation,
  CompleteRequestMutationVariables,
  ConfirmIdentityMutation,
  ConfirmIdentityMutationVariables,
  ConsentChangesQuery,
  ConsentChangesQueryVariables,
  ConsentDecisionQuery,
  ConsentDecisionQueryVariables,
  ConsentDecisionsQuery,
  ConsentDecisionsQueryVariables,
  ConsentHistoryQuery,
  ConsentHistoryQueryVariables,
  ConsentReceiptQuery,
  ConsentReceiptQueryVariables,
  CorrectSubjectMutation,
  CorrectSubjectMutationVariables,
  CreateUnsubscribeLinkMutation,
  CreateUnsubscribeLinkMutationVariables,
  DenyRequestMutation,
  DenyRequestMutationVariables,
  DisclosureDecisionQuery,
  DisclosureDecisionQueryVariables,
  DisclosuresQuery,
  DisclosuresQueryVariables,
  EndAccessGrantMutation,
  EndAccessGrantMutationVariables,
  EndRecipientMutation,
  EndRecipientMutationVariables,
  ErasedAccountsQuery,
  ErasedAccountsQueryVariables,
  ErasurePlanQuery,
  ErasurePlanQueryVariables,
  ErasureStepsQuery,
  ErasureStepsQueryVariables,
  ExportStepsQuery,
  ExportStepsQueryVariables,
  ExtendRequestMutation,
  ExtendRequestMutationVariables,
  FailErasureStepMutation,
  FailErasureStepMutationVariables,
  FailExportStepMutation,
  FailExportStepMutationVariables,
  FileNamesQuery,
  FileNamesQueryVariables,
  ForcedDisclosuresQuery,
  ForcedDisclosuresQueryVariables,
  GrantConsentMutation,
  GrantConsentMutationVariables,
  HoldRetentionMutation,
  HoldRetentionMutationVariables,
  IncidentsQuery,
  IncidentsQueryVariables,
  IssueTokenMutation,
  IssueTokenMutationVariables,
  LettersQuery,
  LettersQueryVariables,
  LiftNoticeDelayMutation,
  LiftNoticeDelayMutationVariables,
  LiftRestrictionMutation,
  LiftRestrictionMutationVariables,
  LiftSuppressionMutation,
  LiftSuppressionMutationVariables,
  NodeQuery,
  NodeQueryVariables,
  NodesQuery,
  NodesQueryVariables,
  NotifyAffectedMutation,
  NotifyAffectedMutationVariables,
  OpenAccessGrantMutation,
  OpenAccessGrantMutationVariables,
  OpenRequestMutation,
  OpenRequestMutationVariables,
  OptOutMutation,
  OptOutMutationVariables,
  OptOutOfAllMutation,
  OptOutOfAllMutationVariables,
  PaymentFragmentsQuery,
  PaymentFragmentsQueryVariables,
  PendingErasureStepsQuery,
  PendingErasureStepsQueryVariables,
  PendingExportStepsQuery,
  PendingExportStepsQueryVariables,
  PolicyVersionsQuery,
  PolicyVersionsQueryVariables,
  PublishPolicyMutation,
  PublishPolicyMutationVariables,
  PurposeStatisticsQuery,
  PurposeStatisticsQueryVariables,
  PurposesQuery,
  PurposesQueryVariables,
  PutRecipientMutation,
  PutRecipientMutationVariables,
  RecipientsQuery,
  RecipientsQueryVariables,
  RecordAuthorityNoticeMutation,
  RecordAuthorityNoticeMutationVariables,
  RecordBackupDestroyedMutation,
  RecordBackupDestroyedMutationVariables,
  RecordBackupMutation,
  RecordBackupMutationVariables,
  RecordBounceMutation,
  RecordBounceMutationVariables,
  RecordDisclosureMutation,
  RecordDisclosureMutationVariables,
  RecordForcedDisclosureMutation,
  RecordForcedDisclosureMutationVariables,
  RecordSyncMutation,
  RecordSyncMutationVariables,
  RefuseAccessGrantMutation,
  RefuseAccessGrantMutationVariables,
  RegisterSubjectMutation,
  RegisterSubjectMutationVariables,
  ReleaseRetentionMutation,
  ReleaseRetentionMutationVariables,
  RemovePaymentFragmentMutation,
  RemovePaymentFragmentMutationVariables,
  ReportIncidentMutation,
  ReportIncidentMutationVariables,
  RequestErasureMutation,
  RequestErasureMutationVariables,
  RequestStepsQuery,
  RequestStepsQueryVariables,
  RequestsOfSubjectQuery,
  RequestsOfSubjectQueryVariables,
  RestrictProcessingMutation,
  RestrictProcessingMutationVariables,
  RetentionRulesQuery,
  RetentionRulesQueryVariables,
  RetryErasureMutation,
  RetryErasureMutationVariables,
  RevokeTokenMutation,
  RevokeTokenMutationVariables,
  RightsRequestQuery,
  RightsRequestQueryVariables,
  RightsRequestsQuery,
  RightsRequestsQueryVariables,
  SetRetentionRuleMutation,
  SetRetentionRuleMutationVariables,
  StatisticsQuery,
  StatisticsQueryVariables,
  StorePaymentFragmentMutation,
  StorePaymentFragmentMutationVariables,
  SubjectAccessEventsQuery,
  SubjectAccessEventsQueryVariables,
  SubjectConsentsQuery,
  SubjectConsentsQueryVariables,
  SubjectForBillingQuery,
  SubjectForBillingQueryVariables,
  SubjectProfileQuery,
  SubjectProfileQueryVariables,
  SubjectQuery,
  SubjectQueryVariables,
  SubjectsQuery,
  SubjectsQueryVariables,
  SyncAccountsQuery,
  SyncAccountsQueryVariables,
  TokensQuery,
  TokensQueryVariables,
  ViewerQuery,
  ViewerQueryVariables,
} from './types.js';


/** A method for each operation. */
export abstract class Operations {
  /** Run an operation and return the value of its field. */
  protected abstract run<Result>(operation: Operation, variables: object): Promise<Result>;

  /** Return the caller of this operation. */
  viewer(variables: ViewerQueryVariables = {}): Promise<ViewerQuery['viewer']> {
    return this.run({ name: 'Viewer', document: "query Viewer{viewer{...Viewer}}fragment Viewer on Viewer{name role roles case permissions}", field: 'viewer' }, variables);
  }

  /** Return the object with this id; null when there is none. The caller's role must be permitted to read the selected fields of its type. */
  node(variables: NodeQueryVariables): Promise<NodeQuery['node']> {
    return this.run({ name: 'Node', document: "query Node($id:ID!){node(id:$id){__typename id}}", field: 'node' }, variables);
  }

  /** Return the objects with these ids, in their order; null where there is none. */
  nodes(variables: NodesQueryVariables): Promise<NodesQuery['nodes']> {
    return this.run({ name: 'Nodes', document: "query Nodes($ids:[ID!]!){nodes(ids:$ids){__typename id}}", field: 'nodes' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  subject(variables: SubjectQueryVariables): Promise<SubjectQuery['subject']> {
    return this.run({ name: 'Subject', document: "query Subject($by:SubjectBy!){subject(by:$by){...Subject}}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return all people, in the order of their registration. */
  subjects(variables: SubjectsQueryVariables = {}): Promise<SubjectsQuery['subjects']> {
    return this.run({ name: 'Subjects', document: "query Subjects($first:Int$after:Cursor){subjects(first:$first after:$after){edges{cursor node{...SubjectOfSubjects}}pageInfo{hasNextPage endCursor}}}fragment SubjectOfSubjects on Subject{id status registeredAt regime}", field: 'subjects' }, variables);
  }

  /** Decide whether a person's data may be processed for a purpose at this moment. A service asks it immediately before it processes the data. With `at` it is the decision of a past time. */
  consentDecision(variables: ConsentDecisionQueryVariables): Promise<ConsentDecisionQuery['consentDecision']> {
    return this.run({ name: 'ConsentDecision', document: "query ConsentDecision($subject:SubjectBy!$purpose:String!$at:DateTime){consentDecision(subject:$subject purpose:$purpose at:$at){...ConsentDecision}}fragment ConsentDecision on ConsentDecision{subjectId purpose allowed reason legalBasis effectiveAt lapsesAt}", field: 'consentDecision' }, variables);
  }

  /** Decide the same for up to 1,000 people at once; the answers are in the order of the people. */
  consentDecisions(variables: ConsentDecisionsQueryVariables): Promise<ConsentDecisionsQuery['consentDecisions']> {
    return this.run({ name: 'ConsentDecisions', document: "query ConsentDecisions($subjects:SubjectsBy!$purpose:String!){consentDecisions(subjects:$subjects purpose:$purpose){...ConsentDecision}}fragment ConsentDecision on ConsentDecision{subjectId purpose allowed reason legalBasis effectiveAt lapsesAt}", field: 'consentDecisions' }, variables);
  }

  /** Return all purposes that personal data may be used for. */
  purposes(variables: PurposesQueryVariables = {}): Promise<PurposesQuery['purposes']> {
    return this.run({ name: 'Purposes', document: "query Purposes{purposes{...Purpose}}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}", field: 'purposes' }, variables);
  }

  /** Return the audit log, the newest entry first. Reading it is recorded, too. */
  accessEvents(variables: AccessEventsQueryVariables = {}): Promise<AccessEventsQuery['accessEvents']> {
    return this.run({ name: 'AccessEvents', document: "query AccessEvents($subject:ID$actor:String$since:DateTime$first:Int$after:Cursor){accessEvents(subject:$subject actor:$actor since:$since first:$first after:$after){edges{cursor node{...AccessEvent}}pageInfo{hasNextPage endCursor}}}fragment AccessEvent on AccessEvent{id at actor actorIdentity role case subjectId action fields operation operationHash grantId occurrences}", field: 'accessEvents' }, variables);
  }

  /** Return one rights request; null when no request has this id. */
  rightsRequest(variables: RightsRequestQueryVariables): Promise<RightsRequestQuery['rightsRequest']> {
    return this.run({ name: 'RightsRequest', document: "query RightsRequest($id:ID!){rightsRequest(id:$id){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}", field: 'rightsRequest' }, variables);
  }

  /** Return rights requests, the newest first unless ``order`` says otherwise. */
  rightsRequests(variables: RightsRequestsQueryVariables = {}): Promise<RightsRequestsQuery['rightsRequests']> {
    return this.run({ name: 'RightsRequests', document: "query RightsRequests($state:RequestState$overdue:Boolean$kind:RequestKind$dueBefore:DateTime$order:RequestOrder$first:Int$after:Cursor){rightsRequests(state:$state overdue:$overdue kind:$kind dueBefore:$dueBefore order:$order first:$first after:$after){edges{cursor node{...RightsRequest}}pageInfo{hasNextPage endCursor}}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}", field: 'rightsRequests' }, variables);
  }

  /** Return what the erasure of this person would destroy, where, and what would be kept and why. It changes nothing. */
  erasurePlan(variables: ErasurePlanQueryVariables): Promise<ErasurePlanQuery['erasurePlan']> {
    return this.run({ name: 'ErasurePlan', document: "query ErasurePlan($subject:SubjectBy!){erasurePlan(subject:$subject){...ErasurePlan}}fragment ErasurePlan on ErasurePlan{subjectId hash items{...ErasurePlanItem}retained{...RetainedItem}}fragment ErasurePlanItem on ErasurePlanItem{system what records}fragment RetainedItem on RetainedItem{what ground until}", field: 'erasurePlan' }, variables);
  }

  /** Return the erasure steps of an internal system, the oldest first. The caller's token must belong to that system. */
  erasureSteps(variables: ErasureStepsQueryVariables): Promise<ErasureStepsQuery['erasureSteps']> {
    return this.run({ name: 'ErasureSteps', document: "query ErasureSteps($system:String!$state:StepState$first:Int$after:Cursor){erasureSteps(system:$system state:$state first:$first after:$after){edges{cursor node{...ErasureStep}}pageInfo{hasNextPage endCursor}}}fragment ErasureStep on ErasureStep{id requestId subjectId system state attempts nextAttemptAt completedAt recordsErased}", field: 'erasureSteps' }, variables);
  }

  /** Return the export steps of an internal system, the oldest first. The caller's token must belong to that system. */
  exportSteps(variables: ExportStepsQueryVariables): Promise<ExportStepsQuery['exportSteps']> {
    return this.run({ name: 'ExportSteps', document: "query ExportSteps($system:String!$state:StepState$first:Int$after:Cursor){exportSteps(system:$system state:$state first:$first after:$after){edges{cursor node{...ExportStep}}pageInfo{hasNextPage endCursor}}}fragment ExportStep on ExportStep{id requestId subjectId kind system state attempts dueAt completedAt sizeBytes}", field: 'exportSteps' }, variables);
  }

  /** Return access grants, the newest first. */
  accessGrants(variables: AccessGrantsQueryVariables = {}): Promise<AccessGrantsQuery['accessGrants']> {
    return this.run({ name: 'AccessGrants', document: "query AccessGrants($state:GrantState$first:Int$after:Cursor){accessGrants(state:$state first:$first after:$after){edges{cursor node{...AccessGrant}}pageInfo{hasNextPage endCursor}}}fragment AccessGrant on AccessGrant{id subjectId actor case minutes state askedAt expiresAt approvedBy endedAt}", field: 'accessGrants' }, variables);
  }

  /** Return every change of what a person allows, in one order for every reader and without gaps. Keep `pageInfo.endCursor` and send it as `after` the next time; an empty page has one, too. A grant that lapses and a new policy are no changes: ask `consentDecision`. */
  consentChanges(variables: ConsentChangesQueryVariables = {}): Promise<ConsentChangesQuery['consentChanges']> {
    return this.run({ name: 'ConsentChanges', document: "query ConsentChanges($after:Cursor$start:FeedStart$first:Int){consentChanges(after:$after start:$start first:$first){edges{cursor node{...ConsentChange}}pageInfo{hasNextPage endCursor}}}fragment ConsentChange on ConsentChange{at subjectId kind purpose state}", field: 'consentChanges' }, variables);
  }

  /** Return all tokens, the oldest first, without their secrets. */
  tokens(variables: TokensQueryVariables = {}): Promise<TokensQuery['tokens']> {
    return this.run({ name: 'Tokens', document: "query Tokens{tokens{...Token}}fragment Token on Token{id name system isApproved roles issuedAt expiresAt lastUsedAt revokedAt}", field: 'tokens' }, variables);
  }

  /** Return all recipients of personal data, the ended ones included. */
  recipients(variables: RecipientsQueryVariables = {}): Promise<RecipientsQuery['recipients']> {
    return this.run({ name: 'Recipients', document: "query Recipients{recipients{...Recipient}}fragment Recipient on Recipient{key name kind function categories purposes country safeguard isDirectMarketing address contractReference contractEndsOn endedAt}", field: 'recipients' }, variables);
  }

  /** Decide whether these categories of a person's data may go to this recipient for this purpose now. */
  disclosureDecision(variables: DisclosureDecisionQueryVariables): Promise<DisclosureDecisionQuery['disclosureDecision']> {
    return this.run({ name: 'DisclosureDecision', document: "query DisclosureDecision($subject:SubjectBy!$recipient:String!$categories:[DataCategory!]!$purpose:String!){disclosureDecision(subject:$subject recipient:$recipient categories:$categories purpose:$purpose){...DisclosureDecision}}fragment DisclosureDecision on DisclosureDecision{allowed reason}", field: 'disclosureDecision' }, variables);
  }

  /** Return the backups of Customer Data, the latest first. */
  backups(variables: BackupsQueryVariables = {}): Promise<BackupsQuery['backups']> {
    return this.run({ name: 'Backups', document: "query Backups($overdue:Boolean$first:Int$after:Cursor){backups(overdue:$overdue first:$first after:$after){edges{cursor node{...Backup}}pageInfo{hasNextPage endCursor}}}fragment Backup on Backup{id system label madeAt destroyBy destroyedAt isOverdue}", field: 'backups' }, variables);
  }

  /** Return which of these references belonged to a person who is erased. A system asks after it was restored from a backup of its own, and erases these accounts again. */
  erasedAccounts(variables: ErasedAccountsQueryVariables): Promise<ErasedAccountsQuery['erasedAccounts']> {
    return this.run({ name: 'ErasedAccounts', document: "query ErasedAccounts($system:String!$references:[String!]!){erasedAccounts(system:$system references:$references)}", field: 'erasedAccounts' }, variables);
  }

  /** Return all versions of the privacy policy, those of the future included. */
  policyVersions(variables: PolicyVersionsQueryVariables = {}): Promise<PolicyVersionsQuery['policyVersions']> {
    return this.run({ name: 'PolicyVersions', document: "query PolicyVersions{policyVersions{...PolicyVersion}}fragment PolicyVersion on PolicyVersion{version effectiveOn url mustAskAgain publishedAt}", field: 'policyVersions' }, variables);
  }

  /** Return the forced disclosures, the latest first. */
  forcedDisclosures(variables: ForcedDisclosuresQueryVariables = {}): Promise<ForcedDisclosuresQuery['forcedDisclosures']> {
    return this.run({ name: 'ForcedDisclosures', document: "query ForcedDisclosures($first:Int$after:Cursor){forcedDisclosures(first:$first after:$after){edges{cursor node{...ForcedDisclosure}}pageInfo{hasNextPage endCursor}}}fragment ForcedDisclosure on ForcedDisclosure{id ground authority reference categories disclosedAt affectedCount noticeDelayedUntil delayGround isNoticeOverdue noticesSent noticesPending noticesFailed}", field: 'forcedDisclosures' }, variables);
  }

  /** Return the incidents, the latest first. */
  incidents(variables: IncidentsQueryVariables = {}): Promise<IncidentsQuery['incidents']> {
    return this.run({ name: 'Incidents', document: "query Incidents($state:IncidentState$first:Int$after:Cursor){incidents(state:$state first:$first after:$after){edges{cursor node{...Incident}}pageInfo{hasNextPage endCursor}}}fragment Incident on Incident{id kind state awareAt authorityDueAt isOverdue authorityNoticedAt categories affectedCount noticesSent noticesPending noticesFailed}", field: 'incidents' }, variables);
  }

  /** Return the retention rules of all categories. */
  retentionRules(variables: RetentionRulesQueryVariables = {}): Promise<RetentionRulesQuery['retentionRules']> {
    return this.run({ name: 'RetentionRules', document: "query RetentionRules{retentionRules{...RetentionRule}}fragment RetentionRule on RetentionRule{category days reason lastRunAt lastRunRemoved wouldRemove}", field: 'retentionRules' }, variables);
  }

  /** Return counts of people, never people. The answers are the same for a day. UNAVAILABLE until a worker has computed the first figures. */
  statistics(variables: StatisticsQueryVariables = {}): Promise<StatisticsQuery['statistics']> {
    return this.run({ name: 'Statistics', document: "query Statistics{statistics{...Statistics}}fragment Statistics on Statistics{asOf subjects storage{...StorageCounts}}fragment StorageCounts on StorageCounts{accounts totalBytes medianBytes p90Bytes}", field: 'statistics' }, variables);
  }

  /** Register a person. If the address or the account is known, it is that person: missing values are added, and nothing is overwritten. With isUnder13 the answer is UNDERAGE. If the person is known, processing is restricted, and an erasure waits until SUPPORT or PRIVACY attests it with requestErasure. */
  registerSubject(variables: RegisterSubjectMutationVariables): Promise<NonNullable<RegisterSubjectMutation['registerSubject']>> {
    return this.run({ name: 'RegisterSubject', document: "mutation RegisterSubject($input:RegisterSubjectInput!){registerSubject(input:$input){...Subject}}fragment Subject on Subject{id status}", field: 'registerSubject' }, variables);
  }

  /** Correct the given values (Art. 16 GDPR) and leave all others as they are. */
  correctSubject(variables: CorrectSubjectMutationVariables): Promise<NonNullable<CorrectSubjectMutation['correctSubject']>> {
    return this.run({ name: 'CorrectSubject', document: "mutation CorrectSubject($subject:SubjectBy!$input:CorrectSubjectInput!){correctSubject(subject:$subject input:$input){...SubjectOfCorrectSubject}}fragment Consent on Consent{purpose{...Purpose}state effectiveAt lapsesAt channel policyVersion}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment SubjectOfCorrectSubject on Subject{id status registeredAt regime consents{...Consent}optedOutOfAllAt}", field: 'correctSubject' }, variables);
  }

  /** Restrict processing (Art. 18 GDPR): every consent decision is a refusal. The person's choices are kept. An open RESTRICTION request is completed. */
  restrictProcessing(variables: RestrictProcessingMutationVariables): Promise<NonNullable<RestrictProcessingMutation['restrictProcessing']>> {
    return this.run({ name: 'RestrictProcessing', document: "mutation RestrictProcessing($subject:SubjectBy!){restrictProcessing(subject:$subject){...SubjectOfSubjects}}fragment SubjectOfSubjects on Subject{id status registeredAt regime}", field: 'restrictProcessing' }, variables);
  }

  /** Lift a restriction of processing: the person's choices decide again. */
  liftRestriction(variables: LiftRestrictionMutationVariables): Promise<NonNullable<LiftRestrictionMutation['liftRestriction']>> {
    return this.run({ name: 'LiftRestriction', document: "mutation LiftRestriction($subject:SubjectBy!){liftRestriction(subject:$subject){...SubjectOfSubjects}}fragment SubjectOfSubjects on Subject{id status registeredAt regime}", field: 'liftRestriction' }, variables);
  }

  /** Record that the person consents to a purpose, or no longer objects to it. */
  grantConsent(variables: GrantConsentMutationVariables): Promise<NonNullable<GrantConsentMutation['grantConsent']>> {
    return this.run({ name: 'GrantConsent', document: "mutation GrantConsent($subject:SubjectBy!$purpose:String!$channel:Channel!$at:DateTime){grantConsent(subject:$subject purpose:$purpose channel:$channel at:$at){...ConsentOfGrantConsent}}fragment ConsentOfGrantConsent on Consent{purpose{...Purpose}state effectiveAt}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}", field: 'grantConsent' }, variables);
  }

  /** Withdraw consent or record an objection, depending on the legal basis of each purpose. An address without a registered person can be opted out, too. It receives no mail from then on. */
  optOut(variables: OptOutMutationVariables): Promise<NonNullable<OptOutMutation['optOut']>> {
    return this.run({ name: 'OptOut', document: "mutation OptOut($subject:SubjectBy!$purposes:[String!]!$channel:Channel!){optOut(subject:$subject purposes:$purposes channel:$channel){...OptOut}}fragment OptOut on OptOut{suppressed purposes at}", field: 'optOut' }, variables);
  }

  /** Opt the person out of every purpose that can be refused, including those defined later. */
  optOutOfAll(variables: OptOutOfAllMutationVariables): Promise<NonNullable<OptOutOfAllMutation['optOutOfAll']>> {
    return this.run({ name: 'OptOutOfAll', document: "mutation OptOutOfAll($subject:SubjectBy!$channel:Channel!){optOutOfAll(subject:$subject channel:$channel){...OptOut}}fragment OptOut on OptOut{suppressed purposes at}", field: 'optOutOfAll' }, variables);
  }

  /** Store the expiry date and the last four digits of a card, identified by the store's own reference. */
  storePaymentFragment(variables: StorePaymentFragmentMutationVariables): Promise<NonNullable<StorePaymentFragmentMutation['storePaymentFragment']>> {
    return this.run({ name: 'StorePaymentFragment', document: "mutation StorePaymentFragment($subject:SubjectBy!$input:PaymentFragmentInput!){storePaymentFragment(subject:$subject input:$input){...PaymentFragment}}fragment PaymentFragment on PaymentFragment{id storedAt}", field: 'storePaymentFragment' }, variables);
  }

  /** Delete the stored parts of a card; return its id. */
  removePaymentFragment(variables: RemovePaymentFragmentMutationVariables): Promise<NonNullable<RemovePaymentFragmentMutation['removePaymentFragment']>> {
    return this.run({ name: 'RemovePaymentFragment', document: "mutation RemovePaymentFragment($id:ID!){removePaymentFragment(id:$id)}", field: 'removePaymentFragment' }, variables);
  }

  /** Record the metadata of an account after a sync, never the data itself. */
  recordSync(variables: RecordSyncMutationVariables): Promise<NonNullable<RecordSyncMutation['recordSync']>> {
    return this.run({ name: 'RecordSync', document: "mutation RecordSync($subject:SubjectBy!$input:SyncInput!){recordSync(subject:$subject input:$input){...SyncAccount}}fragment SyncAccount on SyncAccount{id storageBytes fileCount lastSyncedAt replacedNameCount}", field: 'recordSync' }, variables);
  }

  /** Ask for break-glass access to the file names of one person, for the case in X-Case. Another actor has to approve it. The privacy officers are notified at once. */
  openAccessGrant(variables: OpenAccessGrantMutationVariables): Promise<NonNullable<OpenAccessGrantMutation['openAccessGrant']>> {
    return this.run({ name: 'OpenAccessGrant', document: "mutation OpenAccessGrant($subject:ID!$minutes:Int){openAccessGrant(subject:$subject minutes:$minutes){...AccessGrant}}fragment AccessGrant on AccessGrant{id subjectId actor case minutes state askedAt expiresAt approvedBy endedAt}", field: 'openAccessGrant' }, variables);
  }

  /** Approve an access grant, which is open from now on for its duration. The actor who asked for it cannot approve it. */
  approveAccessGrant(variables: ApproveAccessGrantMutationVariables): Promise<NonNullable<ApproveAccessGrantMutation['approveAccessGrant']>> {
    return this.run({ name: 'ApproveAccessGrant', document: "mutation ApproveAccessGrant($id:ID!){approveAccessGrant(id:$id){...AccessGrant}}fragment AccessGrant on AccessGrant{id subjectId actor case minutes state askedAt expiresAt approvedBy endedAt}", field: 'approveAccessGrant' }, variables);
  }

  /** Refuse an access grant that waits for approval. */
  refuseAccessGrant(variables: RefuseAccessGrantMutationVariables): Promise<NonNullable<RefuseAccessGrantMutation['refuseAccessGrant']>> {
    return this.run({ name: 'RefuseAccessGrant', document: "mutation RefuseAccessGrant($id:ID!){refuseAccessGrant(id:$id){...AccessGrant}}fragment AccessGrant on AccessGrant{id subjectId actor case minutes state askedAt expiresAt approvedBy endedAt}", field: 'refuseAccessGrant' }, variables);
  }

  /** End an access grant that waits or is open; it opens nothing from now on. The actor who asked for it may end it, and every privacy officer. */
  endAccessGrant(variables: EndAccessGrantMutationVariables): Promise<NonNullable<EndAccessGrantMutation['endAccessGrant']>> {
    return this.run({ name: 'EndAccessGrant', document: "mutation EndAccessGrant($id:ID!){endAccessGrant(id:$id){...AccessGrant}}fragment AccessGrant on AccessGrant{id subjectId actor case minutes state askedAt expiresAt approvedBy endedAt}", field: 'endAccessGrant' }, variables);
  }

  /** Request the erasure of a person. Repeating it returns the open request. Nothing is erased before identity is proved and the cooling-off period is over. */
  requestErasure(variables: RequestErasureMutationVariables): Promise<NonNullable<RequestErasureMutation['requestErasure']>> {
    return this.run({ name: 'RequestErasure', document: "mutation RequestErasure($subject:SubjectBy!$channel:Channel!$identity:IdentityCheck$reason:ErasureReason$immediately:Boolean$planHash:String){requestErasure(subject:$subject channel:$channel identity:$identity reason:$reason immediately:$immediately planHash:$planHash){...RightsRequestOfRequestErasure}}fragment RightsRequestOfRequestErasure on RightsRequest{id kind state receivedAt dueAt executeAt}", field: 'requestErasure' }, variables);
  }

  /** Prove identity with the code that was mailed to the person. A code permits five attempts within 15 minutes. */
  confirmIdentity(variables: ConfirmIdentityMutationVariables): Promise<NonNullable<ConfirmIdentityMutation['confirmIdentity']>> {
    return this.run({ name: 'ConfirmIdentity', document: "mutation ConfirmIdentity($id:ID!$code:String!){confirmIdentity(id:$id code:$code){...RightsRequestOfRequestErasure}}fragment RightsRequestOfRequestErasure on RightsRequest{id kind state receivedAt dueAt executeAt}", field: 'confirmIdentity' }, variables);
  }

  /** Open a request of any kind but an erasure; its deadline counts from now. Repeating it returns the open request. ACCESS and PORTABILITY are answered by the service itself, with an export. The others are completed by completeRequest. */
  openRequest(variables: OpenRequestMutationVariables): Promise<NonNullable<OpenRequestMutation['openRequest']>> {
    return this.run({ name: 'OpenRequest', document: "mutation OpenRequest($subject:SubjectBy!$kind:RequestKind!$channel:Channel!$identity:IdentityCheck){openRequest(subject:$subject kind:$kind channel:$channel identity:$identity){...RightsRequestOfRequestErasure}}fragment RightsRequestOfRequestErasure on RightsRequest{id kind state receivedAt dueAt executeAt}", field: 'openRequest' }, variables);
  }

  /** Extend the deadline of a request once, before it is due, and inform the person (Art. 12(3) GDPR). */
  extendRequest(variables: ExtendRequestMutationVariables): Promise<NonNullable<ExtendRequestMutation['extendRequest']>> {
    return this.run({ name: 'ExtendRequest', document: "mutation ExtendRequest($id:ID!$reason:ExtensionReason!){extendRequest(id:$id reason:$reason){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}", field: 'extendRequest' }, variables);
  }

  /** Complete a request that is answered by hand, and inform the person. A RESTRICTION must be in force, and an OBJECTION must be recorded. */
  completeRequest(variables: CompleteRequestMutationVariables): Promise<NonNullable<CompleteRequestMutation['completeRequest']>> {
    return this.run({ name: 'CompleteRequest', document: "mutation CompleteRequest($id:ID!){completeRequest(id:$id){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}", field: 'completeRequest' }, variables);
  }

  /** Cancel an erasure before it begins, or any other request before it ends. */
  cancelRequest(variables: CancelRequestMutationVariables): Promise<NonNullable<CancelRequestMutation['cancelRequest']>> {
    return this.run({ name: 'CancelRequest', document: "mutation CancelRequest($id:ID!){cancelRequest(id:$id){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}", field: 'cancelRequest' }, variables);
  }

  /** Deny a request before it is carried out, and inform the person of the reason. */
  denyRequest(variables: DenyRequestMutationVariables): Promise<NonNullable<DenyRequestMutation['denyRequest']>> {
    return this.run({ name: 'DenyRequest', document: "mutation DenyRequest($id:ID!$reason:DenialReason!){denyRequest(id:$id reason:$reason){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}", field: 'denyRequest' }, variables);
  }

  /** Retry an erasure at once: send the webhook again to every internal system that has not finished. */
  retryErasure(variables: RetryErasureMutationVariables): Promise<NonNullable<RetryErasureMutation['retryErasure']>> {
    return this.run({ name: 'RetryErasure', document: "mutation RetryErasure($id:ID!){retryErasure(id:$id){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}", field: 'retryErasure' }, variables);
  }

  /** Report that the internal system of the caller's token has erased the person. Reporting a finished step again changes nothing. */
  completeErasureStep(variables: CompleteErasureStepMutationVariables): Promise<NonNullable<CompleteErasureStepMutation['completeErasureStep']>> {
    return this.run({ name: 'CompleteErasureStep', document: "mutation CompleteErasureStep($id:ID!$recordsErased:Int!){completeErasureStep(id:$id recordsErased:$recordsErased){...ErasureStep}}fragment ErasureStep on ErasureStep{id requestId subjectId system state attempts nextAttemptAt completedAt recordsErased}", field: 'completeErasureStep' }, variables);
  }

  /** Report that the internal system of the caller's token cannot erase the person, and why. */
  failErasureStep(variables: FailErasureStepMutationVariables): Promise<NonNullable<FailErasureStepMutation['failErasureStep']>> {
    return this.run({ name: 'FailErasureStep', document: "mutation FailErasureStep($id:ID!$error:String!){failErasureStep(id:$id error:$error){...ErasureStep}}fragment ErasureStep on ErasureStep{id requestId subjectId system state attempts nextAttemptAt completedAt recordsErased}", field: 'failErasureStep' }, variables);
  }

  /** Report that the internal system of the caller's token cannot hand in its part, and why. */
  failExportStep(variables: FailExportStepMutationVariables): Promise<NonNullable<FailExportStepMutation['failExportStep']>> {
    return this.run({ name: 'FailExportStep', document: "mutation FailExportStep($id:ID!$error:String!){failExportStep(id:$id error:$error){...ExportStep}}fragment ExportStep on ExportStep{id requestId subjectId kind system state attempts dueAt completedAt sizeBytes}", field: 'failExportStep' }, variables);
  }

  /** Return the link and the headers with which a person opts out of a purpose with one click (RFC 8058). An internal service puts them into its own letters. */
  createUnsubscribeLink(variables: CreateUnsubscribeLinkMutationVariables): Promise<NonNullable<CreateUnsubscribeLinkMutation['createUnsubscribeLink']>> {
    return this.run({ name: 'CreateUnsubscribeLink', document: "mutation CreateUnsubscribeLink($subject:SubjectBy!$purpose:String!){createUnsubscribeLink(subject:$subject purpose:$purpose){...UnsubscribeLink}}fragment MailHeader on MailHeader{name value}fragment UnsubscribeLink on UnsubscribeLink{url headers{...MailHeader}}", field: 'createUnsubscribeLink' }, variables);
  }

  /** Record a bounce; always return true, so that the answer does not reveal whether the address is registered. A hard bounce stops mail to the address until it is corrected. A complaint is an opt-out of all marketing. */
  recordBounce(variables: RecordBounceMutationVariables): Promise<NonNullable<RecordBounceMutation['recordBounce']>> {
    return this.run({ name: 'RecordBounce', document: "mutation RecordBounce($address:String!$kind:BounceKind!){recordBounce(address:$address kind:$kind)}", field: 'recordBounce' }, variables);
  }

  /** Allow services to register an address again that an erasure with the reason UNDERAGE suppressed. Return whether it was suppressed. */
  liftSuppression(variables: LiftSuppressionMutationVariables): Promise<NonNullable<LiftSuppressionMutation['liftSuppression']>> {
    return this.run({ name: 'LiftSuppression', document: "mutation LiftSuppression($email:String!){liftSuppression(email:$email)}", field: 'liftSuppression' }, variables);
  }

  /** Issue a token to a service, a person or a script. A token with a role of people works once a privacy officer has approved it. */
  issueToken(variables: IssueTokenMutationVariables): Promise<NonNullable<IssueTokenMutation['issueToken']>> {
    return this.run({ name: 'IssueToken', document: "mutation IssueToken($name:String!$roles:[Role!]!$expiresAt:DateTime$system:String){issueToken(name:$name roles:$roles expiresAt:$expiresAt system:$system){...IssuedToken}}fragment IssuedToken on IssuedToken{token{...Token}secret}fragment Token on Token{id name system isApproved roles issuedAt expiresAt lastUsedAt revokedAt}", field: 'issueToken' }, variables);
  }

  /** Approve a token with a role of people, which works from now on. The actor who issued the token cannot approve it. */
  approveToken(variables: ApproveTokenMutationVariables): Promise<NonNullable<ApproveTokenMutation['approveToken']>> {
    return this.run({ name: 'ApproveToken', document: "mutation ApproveToken($id:ID!){approveToken(id:$id){...Token}}fragment Token on Token{id name system isApproved roles issuedAt expiresAt lastUsedAt revokedAt}", field: 'approveToken' }, variables);
  }

  /** Revoke a token. Every process refuses it within a second. */
  revokeToken(variables: RevokeTokenMutationVariables): Promise<NonNullable<RevokeTokenMutation['revokeToken']>> {
    return this.run({ name: 'RevokeToken', document: "mutation RevokeToken($id:ID!){revokeToken(id:$id){...Token}}fragment Token on Token{id name system isApproved roles issuedAt expiresAt lastUsedAt revokedAt}", field: 'revokeToken' }, variables);
  }

  /** Define a recipient, or replace its terms. A recipient that was ended begins again. A recipient whose function would be a sale of personal data is refused. */
  putRecipient(variables: PutRecipientMutationVariables): Promise<NonNullable<PutRecipientMutation['putRecipient']>> {
    return this.run({ name: 'PutRecipient', document: "mutation PutRecipient($input:RecipientInput!){putRecipient(input:$input){...Recipient}}fragment Recipient on Recipient{key name kind function categories purposes country safeguard isDirectMarketing address contractReference contractEndsOn endedAt}", field: 'putRecipient' }, variables);
  }

  /** End a recipient: every disclosure decision about it is no from now on. */
  endRecipient(variables: EndRecipientMutationVariables): Promise<NonNullable<EndRecipientMutation['endRecipient']>> {
    return this.run({ name: 'EndRecipient', document: "mutation EndRecipient($key:String!){endRecipient(key:$key){...Recipient}}fragment Recipient on Recipient{key name kind function categories purposes country safeguard isDirectMarketing address contractReference contractEndsOn endedAt}", field: 'endRecipient' }, variables);
  }

  /** Record that data of these people went to a recipient. Return the number of people. All are recorded, or none: DISCLOSURE_REFUSED where the decision for one of them is no. Without `at`, a repetition within ten minutes is the same disclosure. */
  recordDisclosure(variables: RecordDisclosureMutationVariables): Promise<NonNullable<RecordDisclosureMutation['recordDisclosure']>> {
    return this.run({ name: 'RecordDisclosure', document: "mutation RecordDisclosure($subjects:SubjectsBy!$recipient:String!$categories:[DataCategory!]!$purpose:String!$at:DateTime){recordDisclosure(subjects:$subjects recipient:$recipient categories:$categories purpose:$purpose at:$at)}", field: 'recordDisclosure' }, variables);
  }

  /** Record a backup of Customer Data. It must be destroyed within six months after it was made. */
  recordBackup(variables: RecordBackupMutationVariables): Promise<NonNullable<RecordBackupMutation['recordBackup']>> {
    return this.run({ name: 'RecordBackup', document: "mutation RecordBackup($system:String!$label:String!$madeAt:DateTime!){recordBackup(system:$system label:$label madeAt:$madeAt){...Backup}}fragment Backup on Backup{id system label madeAt destroyBy destroyedAt isOverdue}", field: 'recordBackup' }, variables);
  }

  /** Record that every copy of a backup is destroyed. */
  recordBackupDestroyed(variables: RecordBackupDestroyedMutationVariables): Promise<NonNullable<RecordBackupDestroyedMutation['recordBackupDestroyed']>> {
    return this.run({ name: 'RecordBackupDestroyed', document: "mutation RecordBackupDestroyed($id:ID!){recordBackupDestroyed(id:$id){...Backup}}fragment Backup on Backup{id system label madeAt destroyBy destroyedAt isOverdue}", field: 'recordBackupDestroyed' }, variables);
  }

  /** Publish a new version of the privacy policy. Versions are published in the order of their first days. From the first day on, choices carry the version, and decisions about the purposes in `mustAskAgain` are POLICY_CHANGED until the person consents again. */
  publishPolicy(variables: PublishPolicyMutationVariables): Promise<NonNullable<PublishPolicyMutation['publishPolicy']>> {
    return this.run({ name: 'PublishPolicy', document: "mutation PublishPolicy($version:String!$effectiveOn:Date!$url:String!$mustAskAgain:[String!]$notify:Boolean){publishPolicy(version:$version effectiveOn:$effectiveOn url:$url mustAskAgain:$mustAskAgain notify:$notify){...PolicyVersion}}fragment PolicyVersion on PolicyVersion{version effectiveOn url mustAskAgain publishedAt}", field: 'publishPolicy' }, variables);
  }

  /** Record a disclosure that law or an emergency forced, or add people to it by authority and reference. Each person affected gets a letter, at once or when the lawful delay has ended. No opt-out stops it. */
  recordForcedDisclosure(variables: RecordForcedDisclosureMutationVariables): Promise<NonNullable<RecordForcedDisclosureMutation['recordForcedDisclosure']>> {
    return this.run({ name: 'RecordForcedDisclosure', document: "mutation RecordForcedDisclosure($input:ForcedDisclosureInput!){recordForcedDisclosure(input:$input){...ForcedDisclosure}}fragment ForcedDisclosure on ForcedDisclosure{id ground authority reference categories disclosedAt affectedCount noticeDelayedUntil delayGround isNoticeOverdue noticesSent noticesPending noticesFailed}", field: 'recordForcedDisclosure' }, variables);
  }

  /** End the delay of the letters about a forced disclosure: they are sent now. */
  liftNoticeDelay(variables: LiftNoticeDelayMutationVariables): Promise<NonNullable<LiftNoticeDelayMutation['liftNoticeDelay']>> {
    return this.run({ name: 'LiftNoticeDelay', document: "mutation LiftNoticeDelay($id:ID!){liftNoticeDelay(id:$id){...ForcedDisclosure}}fragment ForcedDisclosure on ForcedDisclosure{id ground authority reference categories disclosedAt affectedCount noticeDelayedUntil delayGround isNoticeOverdue noticesSent noticesPending noticesFailed}", field: 'liftNoticeDelay' }, variables);
  }

  /** Report an incident. Whom it affects is found in the access events, and united with the people named. One that would affect very many people is refused, unless PRIVACY reports it. */
  reportIncident(variables: ReportIncidentMutationVariables): Promise<NonNullable<ReportIncidentMutation['reportIncident']>> {
    return this.run({ name: 'ReportIncident', document: "mutation ReportIncident($input:IncidentInput!){reportIncident(input:$input){...IncidentOfReportIncident}}fragment IncidentOfReportIncident on Incident{id}", field: 'reportIncident' }, variables);
  }

  /** Record when the supervisory authority was notified of an incident. */
  recordAuthorityNotice(variables: RecordAuthorityNoticeMutationVariables): Promise<NonNullable<RecordAuthorityNoticeMutation['recordAuthorityNotice']>> {
    return this.run({ name: 'RecordAuthorityNotice', document: "mutation RecordAuthorityNotice($id:ID!$authority:String!$at:DateTime!){recordAuthorityNotice(id:$id authority:$authority at:$at){...Incident}}fragment Incident on Incident{id kind state awareAt authorityDueAt isOverdue authorityNoticedAt categories affectedCount noticesSent noticesPending noticesFailed}", field: 'recordAuthorityNotice' }, variables);
  }

  /** Write to each person whom the incident affects, once (Art. 34 GDPR). No opt-out stops the letter. */
  notifyAffected(variables: NotifyAffectedMutationVariables): Promise<NonNullable<NotifyAffectedMutation['notifyAffected']>> {
    return this.run({ name: 'NotifyAffected', document: "mutation NotifyAffected($id:ID!$consequences:String!$measures:String!){notifyAffected(id:$id consequences:$consequences measures:$measures){...Incident}}fragment Incident on Incident{id kind state awareAt authorityDueAt isOverdue authorityNoticedAt categories affectedCount noticesSent noticesPending noticesFailed}", field: 'notifyAffected' }, variables);
  }

  /** Close an incident whose letters are sent. */
  closeIncident(variables: CloseIncidentMutationVariables): Promise<NonNullable<CloseIncidentMutation['closeIncident']>> {
    return this.run({ name: 'CloseIncident', document: "mutation CloseIncident($id:ID!){closeIncident(id:$id){...Incident}}fragment Incident on Incident{id kind state awareAt authorityDueAt isOverdue authorityNoticedAt categories affectedCount noticesSent noticesPending noticesFailed}", field: 'closeIncident' }, variables);
  }

  /** Set how long data of a category is kept. `wouldRemove` in the answer is a preview: the rule first runs on the next day, and then once a day. */
  setRetentionRule(variables: SetRetentionRuleMutationVariables): Promise<NonNullable<SetRetentionRuleMutation['setRetentionRule']>> {
    return this.run({ name: 'SetRetentionRule', document: "mutation SetRetentionRule($category:DataCategory!$days:Int$reason:String){setRetentionRule(category:$category days:$days reason:$reason){...RetentionRule}}fragment RetentionRule on RetentionRule{category days reason lastRunAt lastRunRemoved wouldRemove}", field: 'setRetentionRule' }, variables);
  }

  /** Keep what a legal claim or duty needs of a person, against retention rules and erasure. No other right is stopped. An erasure that is due waits, and processing is restricted meanwhile. */
  holdRetention(variables: HoldRetentionMutationVariables): Promise<NonNullable<HoldRetentionMutation['holdRetention']>> {
    return this.run({ name: 'HoldRetention', document: "mutation HoldRetention($subject:SubjectBy!$ground:RetentionGround!$reference:String!){holdRetention(subject:$subject ground:$ground reference:$reference){...SubjectOfCorrectSubject}}fragment Consent on Consent{purpose{...Purpose}state effectiveAt lapsesAt channel policyVersion}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment SubjectOfCorrectSubject on Subject{id status registeredAt regime consents{...Consent}optedOutOfAllAt}", field: 'holdRetention' }, variables);
  }

  /** Release the hold on a person: retention rules apply again, and an erasure that waited runs. */
  releaseRetention(variables: ReleaseRetentionMutationVariables): Promise<NonNullable<ReleaseRetentionMutation['releaseRetention']>> {
    return this.run({ name: 'ReleaseRetention', document: "mutation ReleaseRetention($subject:SubjectBy!){releaseRetention(subject:$subject){...SubjectOfCorrectSubject}}fragment Consent on Consent{purpose{...Purpose}state effectiveAt lapsesAt channel policyVersion}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment SubjectOfCorrectSubject on Subject{id status registeredAt regime consents{...Consent}optedOutOfAllAt}", field: 'releaseRetention' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  subjectProfile(variables: SubjectProfileQueryVariables): Promise<SubjectProfileQuery['subject']> {
    return this.run({ name: 'SubjectProfile', document: "query SubjectProfile($by:SubjectBy!){subject(by:$by){...Subject registeredAt regime displayName country emails{...EmailAddress}accounts{...Account}consents{...Consent}optedOutOfAllAt}}fragment Account on Account{system reference}fragment Consent on Consent{purpose{...Purpose}state effectiveAt lapsesAt channel policyVersion}fragment EmailAddress on EmailAddress{address isPrimary verifiedAt stoppedBy}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  subjectForBilling(variables: SubjectForBillingQueryVariables): Promise<SubjectForBillingQuery['subject']> {
    return this.run({ name: 'SubjectForBilling', document: "query SubjectForBilling($by:SubjectBy!){subject(by:$by){...Subject displayName emails{...EmailAddress}paymentFragments{...StoredPaymentFragment}}}fragment EmailAddress on EmailAddress{address isPrimary verifiedAt stoppedBy}fragment StoredPaymentFragment on PaymentFragment{id reference lastDigits expiryMonth expiryYear isExpired storedAt}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  paymentFragments(variables: PaymentFragmentsQueryVariables): Promise<PaymentFragmentsQuery['subject']> {
    return this.run({ name: 'PaymentFragments', document: "query PaymentFragments($by:SubjectBy!){subject(by:$by){...Subject paymentFragments{...StoredPaymentFragment}}}fragment StoredPaymentFragment on PaymentFragment{id reference lastDigits expiryMonth expiryYear isExpired storedAt}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  subjectConsents(variables: SubjectConsentsQueryVariables): Promise<SubjectConsentsQuery['subject']> {
    return this.run({ name: 'SubjectConsents', document: "query SubjectConsents($by:SubjectBy!$at:DateTime){subject(by:$by){...Subject consents{...Consent}optedOutOfAllAt decisions(at:$at){...ConsentDecision}}}fragment Consent on Consent{purpose{...Purpose}state effectiveAt lapsesAt channel policyVersion}fragment ConsentDecision on ConsentDecision{subjectId purpose allowed reason legalBasis effectiveAt lapsesAt}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  consentReceipt(variables: ConsentReceiptQueryVariables): Promise<ConsentReceiptQuery['subject']> {
    return this.run({ name: 'ConsentReceipt', document: "query ConsentReceipt($by:SubjectBy!$purpose:String!){subject(by:$by){...Subject consentReceipt(purpose:$purpose){issuedAt jws}}}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  syncAccounts(variables: SyncAccountsQueryVariables): Promise<SyncAccountsQuery['subject']> {
    return this.run({ name: 'SyncAccounts', document: "query SyncAccounts($by:SubjectBy!){subject(by:$by){...Subject syncAccounts{...SyncAccount reference clients{...SyncClient}}}}fragment Subject on Subject{id status}fragment SyncAccount on SyncAccount{id storageBytes fileCount lastSyncedAt replacedNameCount}fragment SyncClient on SyncClient{app version platform userAgent lastSeenAt}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  fileNames(variables: FileNamesQueryVariables): Promise<FileNamesQuery['subject']> {
    return this.run({ name: 'FileNames', document: "query FileNames($by:SubjectBy!$first:Int$after:Cursor){subject(by:$by){...Subject syncAccounts{...SyncAccount files(first:$first after:$after){edges{cursor node{...SyncFile}}pageInfo{hasNextPage endCursor}}}}}fragment Subject on Subject{id status}fragment SyncAccount on SyncAccount{id storageBytes fileCount lastSyncedAt replacedNameCount}fragment SyncFile on SyncFile{name sizeBytes modifiedAt}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  consentHistory(variables: ConsentHistoryQueryVariables): Promise<ConsentHistoryQuery['subject']> {
    return this.run({ name: 'ConsentHistory', document: "query ConsentHistory($by:SubjectBy!$first:Int$after:Cursor){subject(by:$by){...Subject consentHistory(first:$first after:$after){edges{cursor node{...ConsentEvent}}pageInfo{hasNextPage endCursor}}}}fragment ConsentEvent on ConsentEvent{at purpose{...Purpose}state channel policyVersion actor}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  letters(variables: LettersQueryVariables): Promise<LettersQuery['subject']> {
    return this.run({ name: 'Letters', document: "query Letters($by:SubjectBy!$first:Int$after:Cursor){subject(by:$by){...Subject letters(first:$first after:$after){edges{cursor node{...Letter}}pageInfo{hasNextPage endCursor}}}}fragment Letter on Letter{kind state postedAt sentAt}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  subjectAccessEvents(variables: SubjectAccessEventsQueryVariables): Promise<SubjectAccessEventsQuery['subject']> {
    return this.run({ name: 'SubjectAccessEvents', document: "query SubjectAccessEvents($by:SubjectBy!$first:Int$after:Cursor){subject(by:$by){...Subject accessEvents(first:$first after:$after){edges{cursor node{...AccessEvent}}pageInfo{hasNextPage endCursor}}}}fragment AccessEvent on AccessEvent{id at actor actorIdentity role case subjectId action fields operation operationHash grantId occurrences}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  disclosures(variables: DisclosuresQueryVariables): Promise<DisclosuresQuery['subject']> {
    return this.run({ name: 'Disclosures', document: "query Disclosures($by:SubjectBy!$first:Int$after:Cursor){subject(by:$by){...Subject disclosures(first:$first after:$after){edges{cursor node{at recipient{...Recipient}categories purpose}}pageInfo{hasNextPage endCursor}}}}fragment Recipient on Recipient{key name kind function categories purposes country safeguard isDirectMarketing address contractReference contractEndsOn endedAt}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  californiaReport(variables: CaliforniaReportQueryVariables): Promise<CaliforniaReportQuery['subject']> {
    return this.run({ name: 'CaliforniaReport', document: "query CaliforniaReport($by:SubjectBy!$year:Int!){subject(by:$by){...Subject californiaReport(year:$year){year isNone lines{recipientName recipientAddress categories}}}}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one person; null when no person is registered under the identifier. */
  requestsOfSubject(variables: RequestsOfSubjectQueryVariables): Promise<RequestsOfSubjectQuery['subject']> {
    return this.run({ name: 'RequestsOfSubject', document: "query RequestsOfSubject($by:SubjectBy!){subject(by:$by){...Subject rightsRequests{...RightsRequest}}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}fragment Subject on Subject{id status}", field: 'subject' }, variables);
  }

  /** Return one rights request; null when no request has this id. */
  requestSteps(variables: RequestStepsQueryVariables): Promise<RequestStepsQuery['rightsRequest']> {
    return this.run({ name: 'RequestSteps', document: "query RequestSteps($id:ID!){rightsRequest(id:$id){...RightsRequest steps{...ErasureStep}exportSteps{...ExportStep}}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment ErasureStep on ErasureStep{id requestId subjectId system state attempts nextAttemptAt completedAt recordsErased}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment ExportStep on ExportStep{id requestId subjectId kind system state attempts dueAt completedAt sizeBytes}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}", field: 'rightsRequest' }, variables);
  }

  /** Return the erasure steps of an internal system, the oldest first. The caller's token must belong to that system. */
  pendingErasureSteps(variables: PendingErasureStepsQueryVariables): Promise<PendingErasureStepsQuery['erasureSteps']> {
    return this.run({ name: 'PendingErasureSteps', document: "query PendingErasureSteps($system:String!$first:Int$after:Cursor){erasureSteps(system:$system first:$first after:$after){edges{cursor node{...ErasureStep references}}pageInfo{hasNextPage endCursor}}}fragment ErasureStep on ErasureStep{id requestId subjectId system state attempts nextAttemptAt completedAt recordsErased}", field: 'erasureSteps' }, variables);
  }

  /** Return the export steps of an internal system, the oldest first. The caller's token must belong to that system. */
  pendingExportSteps(variables: PendingExportStepsQueryVariables): Promise<PendingExportStepsQuery['exportSteps']> {
    return this.run({ name: 'PendingExportSteps', document: "query PendingExportSteps($system:String!$first:Int$after:Cursor){exportSteps(system:$system first:$first after:$after){edges{cursor node{...ExportStep references}}pageInfo{hasNextPage endCursor}}}fragment ExportStep on ExportStep{id requestId subjectId kind system state attempts dueAt completedAt sizeBytes}", field: 'exportSteps' }, variables);
  }

  /** Return counts of people, never people. The answers are the same for a day. UNAVAILABLE until a worker has computed the first figures. */
  purposeStatistics(variables: PurposeStatisticsQueryVariables): Promise<PurposeStatisticsQuery['statistics']> {
    return this.run({ name: 'PurposeStatistics', document: "query PurposeStatistics($purpose:String!){statistics{asOf subjects choices(purpose:$purpose){granted withdrawn objected neverAsked}}}", field: 'statistics' }, variables);
  }
}
