"""Generated from schema.graphql by ``python -m clients.generator``. Do not edit."""

from collections.abc import Sequence
from datetime import date, datetime

from privacy_client.decoding import Page, date_of, datetime_of, page_of, result_of
from privacy_client.encoding import UNSET, Unset
from privacy_client.generated.enums import *
from privacy_client.generated.inputs import *
from privacy_client.generated.types import *
from privacy_client.operation import Operation


def viewer() -> Operation[Viewer]:
    """Return the caller of this operation."""
    return Operation(
        "Viewer",
        "query Viewer{viewer{...Viewer}}fragment Viewer on Viewer{name role roles case permissions}",
        {},
        lambda data: Viewer.parse(data["viewer"]),
    )


def node(id: str) -> Operation[Node | None]:
    """Return the object with this id; null when there is none. The caller's role must be permitted to read the selected fields of its type."""
    return Operation(
        "Node",
        "query Node($id:ID!){node(id:$id){__typename id}}",
        {"id": id},
        lambda data: None if data["node"] is None else Node.parse(data["node"]),
    )


def nodes(ids: Sequence[str]) -> Operation[tuple[Nodes | None, ...]]:
    """Return the objects with these ids, in their order; null where there is none."""
    return Operation(
        "Nodes",
        "query Nodes($ids:[ID!]!){nodes(ids:$ids){__typename id}}",
        {"ids": ids},
        lambda data: tuple(None if row is None else Nodes.parse(row) for row in data["nodes"]),
    )


def subject(by: SubjectBy) -> Operation[Subject | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "Subject",
        "query Subject($by:SubjectBy!){subject(by:$by){...Subject}}fragment Subject on Subject{id status}",
        {"by": by},
        lambda data: None if data["subject"] is None else Subject.parse(data["subject"]),
    )


def subjects(
    *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[Page[SubjectOfSubjects]]:
    """Return all people, in the order of their registration."""
    return Operation(
        "Subjects",
        "query Subjects($first:Int$after:Cursor){subjects(first:$first after:$after){edges{cursor node{...SubjectOfSubjects}}pageInfo{hasNextPage endCursor}}}fragment SubjectOfSubjects on Subject{id status registeredAt regime}",
        {"first": first, "after": after},
        lambda data: page_of(data["subjects"], SubjectOfSubjects.parse),
    )


def consent_decision(
    subject: SubjectBy, purpose: str, *, at: datetime | None | Unset = UNSET
) -> Operation[ConsentDecision]:
    """Decide whether a person's data may be processed for a purpose at this moment. A service asks it immediately before it processes the data. With `at` it is the decision of a past time."""
    return Operation(
        "ConsentDecision",
        "query ConsentDecision($subject:SubjectBy!$purpose:String!$at:DateTime){consentDecision(subject:$subject purpose:$purpose at:$at){...ConsentDecision}}fragment ConsentDecision on ConsentDecision{subjectId purpose allowed reason legalBasis effectiveAt lapsesAt}",
        {"subject": subject, "purpose": purpose, "at": at},
        lambda data: ConsentDecision.parse(data["consentDecision"]),
    )


def consent_decisions(subjects: SubjectsBy, purpose: str) -> Operation[tuple[ConsentDecision, ...]]:
    """Decide the same for up to 1,000 people at once; the answers are in the order of the people."""
    return Operation(
        "ConsentDecisions",
        "query ConsentDecisions($subjects:SubjectsBy!$purpose:String!){consentDecisions(subjects:$subjects purpose:$purpose){...ConsentDecision}}fragment ConsentDecision on ConsentDecision{subjectId purpose allowed reason legalBasis effectiveAt lapsesAt}",
        {"subjects": subjects, "purpose": purpose},
        lambda data: tuple(ConsentDecision.parse(row) for row in data["consentDecisions"]),
    )


def purposes() -> Operation[tuple[Purpose, ...]]:
    """Return all purposes that personal data may be used for."""
    return Operation(
        "Purposes",
        "query Purposes{purposes{...Purpose}}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}",
        {},
        lambda data: tuple(Purpose.parse(row) for row in data["purposes"]),
    )


def access_events(
    *,
    subject: str | None | Unset = UNSET,
    actor: str | None | Unset = UNSET,
    since: datetime | None | Unset = UNSET,
    first: int | None | Unset = UNSET,
    after: str | None | Unset = UNSET,
) -> Operation[Page[AccessEvent]]:
    """Return the audit log, the newest entry first. Reading it is recorded, too."""
    return Operation(
        "AccessEvents",
        "query AccessEvents($subject:ID$actor:String$since:DateTime$first:Int$after:Cursor){accessEvents(subject:$subject actor:$actor since:$since first:$first after:$after){edges{cursor node{...AccessEvent}}pageInfo{hasNextPage endCursor}}}fragment AccessEvent on AccessEvent{id at actor actorIdentity role case subjectId action fields operation operationHash grantId occurrences}",
        {"subject": subject, "actor": actor, "since": since, "first": first, "after": after},
        lambda data: page_of(data["accessEvents"], AccessEvent.parse),
    )


def rights_request(id: str) -> Operation[RightsRequest | None]:
    """Return one rights request; null when no request has this id."""
    return Operation(
        "RightsRequest",
        "query RightsRequest($id:ID!){rightsRequest(id:$id){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}",
        {"id": id},
        lambda data: None if data["rightsRequest"] is None else RightsRequest.parse(data["rightsRequest"]),
    )


def rights_requests(
    *,
    state: RequestState | None | Unset = UNSET,
    overdue: bool | None | Unset = UNSET,
    kind: RequestKind | None | Unset = UNSET,
    due_before: datetime | None | Unset = UNSET,
    order: RequestOrder | None | Unset = UNSET,
    first: int | None | Unset = UNSET,
    after: str | None | Unset = UNSET,
) -> Operation[Page[RightsRequest]]:
    """Return rights requests, the newest first unless ``order`` says otherwise."""
    return Operation(
        "RightsRequests",
        "query RightsRequests($state:RequestState$overdue:Boolean$kind:RequestKind$dueBefore:DateTime$order:RequestOrder$first:Int$after:Cursor){rightsRequests(state:$state overdue:$overdue kind:$kind dueBefore:$dueBefore order:$order first:$first after:$after){edges{cursor node{...RightsRequest}}pageInfo{hasNextPage endCursor}}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}",
        {
            "state": state,
            "overdue": overdue,
            "kind": kind,
            "dueBefore": due_before,
            "order": order,
            "first": first,
            "after": after,
        },
        lambda data: page_of(data["rightsRequests"], RightsRequest.parse),
    )


def erasure_plan(subject: SubjectBy) -> Operation[ErasurePlan]:
    """Return what the erasure of this person would destroy, where, and what would be kept and why. It changes nothing."""
    return Operation(
        "ErasurePlan",
        "query ErasurePlan($subject:SubjectBy!){erasurePlan(subject:$subject){...ErasurePlan}}fragment ErasurePlan on ErasurePlan{subjectId hash items{...ErasurePlanItem}retained{...RetainedItem}}fragment ErasurePlanItem on ErasurePlanItem{system what records}fragment RetainedItem on RetainedItem{what ground until}",
        {"subject": subject},
        lambda data: ErasurePlan.parse(data["erasurePlan"]),
    )


def erasure_steps(
    system: str,
    *,
    state: StepState | None | Unset = UNSET,
    first: int | None | Unset = UNSET,
    after: str | None | Unset = UNSET,
) -> Operation[Page[ErasureStep]]:
    """Return the erasure steps of an internal system, the oldest first. The caller's token must belong to that system."""
    return Operation(
        "ErasureSteps",
        "query ErasureSteps($system:String!$state:StepState$first:Int$after:Cursor){erasureSteps(system:$system state:$state first:$first after:$after){edges{cursor node{...ErasureStep}}pageInfo{hasNextPage endCursor}}}fragment ErasureStep on ErasureStep{id requestId subjectId system state attempts nextAttemptAt completedAt recordsErased}",
        {"system": system, "state": state, "first": first, "after": after},
        lambda data: page_of(data["erasureSteps"], ErasureStep.parse),
    )


def export_steps(
    system: str,
    *,
    state: StepState | None | Unset = UNSET,
    first: int | None | Unset = UNSET,
    after: str | None | Unset = UNSET,
) -> Operation[Page[ExportStep]]:
    """Return the export steps of an internal system, the oldest first. The caller's token must belong to that system."""
    return Operation(
        "ExportSteps",
        "query ExportSteps($system:String!$state:StepState$first:Int$after:Cursor){exportSteps(system:$system state:$state first:$first after:$after){edges{cursor node{...ExportStep}}pageInfo{hasNextPage endCursor}}}fragment ExportStep on ExportStep{id requestId subjectId kind system state attempts dueAt completedAt sizeBytes}",
        {"system": system, "state": state, "first": first, "after": after},
        lambda data: page_of(data["exportSteps"], ExportStep.parse),
    )


def access_grants(
    *, state: GrantState | None | Unset = UNSET, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[Page[AccessGrant]]:
    """Return access grants, the newest first."""
    return Operation(
        "AccessGrants",
        "query AccessGrants($state:GrantState$first:Int$after:Cursor){accessGrants(state:$state first:$first after:$after){edges{cursor node{...AccessGrant}}pageInfo{hasNextPage endCursor}}}fragment AccessGrant on AccessGrant{id subjectId actor case minutes state askedAt expiresAt approvedBy endedAt}",
        {"state": state, "first": first, "after": after},
        lambda data: page_of(data["accessGrants"], AccessGrant.parse),
    )


def consent_changes(
    *, after: str | None | Unset = UNSET, start: FeedStart | None | Unset = UNSET, first: int | None | Unset = UNSET
) -> Operation[Page[ConsentChange]]:
    """Return every change of what a person allows, in one order for every reader and without gaps. Keep `pageInfo.endCursor` and send it as `after` the next time; an empty page has one, too. A grant that lapses and a new policy are no changes: ask `consentDecision`."""
    return Operation(
        "ConsentChanges",
        "query ConsentChanges($after:Cursor$start:FeedStart$first:Int){consentChanges(after:$after start:$start first:$first){edges{cursor node{...ConsentChange}}pageInfo{hasNextPage endCursor}}}fragment ConsentChange on ConsentChange{at subjectId kind purpose state}",
        {"after": after, "start": start, "first": first},
        lambda data: page_of(data["consentChanges"], ConsentChange.parse),
    )


def tokens() -> Operation[tuple[Token, ...]]:
    """Return all tokens, the oldest first, without their secrets."""
    return Operation(
        "Tokens",
        "query Tokens{tokens{...Token}}fragment Token on Token{id name system isApproved roles issuedAt expiresAt lastUsedAt revokedAt}",
        {},
        lambda data: tuple(Token.parse(row) for row in data["tokens"]),
    )


def recipients() -> Operation[tuple[Recipient, ...]]:
    """Return all recipients of personal data, the ended ones included."""
    return Operation(
        "Recipients",
        "query Recipients{recipients{...Recipient}}fragment Recipient on Recipient{key name kind function categories purposes country safeguard isDirectMarketing address contractReference contractEndsOn endedAt}",
        {},
        lambda data: tuple(Recipient.parse(row) for row in data["recipients"]),
    )


def disclosure_decision(
    subject: SubjectBy, recipient: str, categories: Sequence[DataCategory], purpose: str
) -> Operation[DisclosureDecision]:
    """Decide whether these categories of a person's data may go to this recipient for this purpose now."""
    return Operation(
        "DisclosureDecision",
        "query DisclosureDecision($subject:SubjectBy!$recipient:String!$categories:[DataCategory!]!$purpose:String!){disclosureDecision(subject:$subject recipient:$recipient categories:$categories purpose:$purpose){...DisclosureDecision}}fragment DisclosureDecision on DisclosureDecision{allowed reason}",
        {"subject": subject, "recipient": recipient, "categories": categories, "purpose": purpose},
        lambda data: DisclosureDecision.parse(data["disclosureDecision"]),
    )


def backups(
    *, overdue: bool | None | Unset = UNSET, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[Page[Backup]]:
    """Return the backups of Customer Data, the latest first."""
    return Operation(
        "Backups",
        "query Backups($overdue:Boolean$first:Int$after:Cursor){backups(overdue:$overdue first:$first after:$after){edges{cursor node{...Backup}}pageInfo{hasNextPage endCursor}}}fragment Backup on Backup{id system label madeAt destroyBy destroyedAt isOverdue}",
        {"overdue": overdue, "first": first, "after": after},
        lambda data: page_of(data["backups"], Backup.parse),
    )


def erased_accounts(system: str, references: Sequence[str]) -> Operation[tuple[str, ...]]:
    """Return which of these references belonged to a person who is erased. A system asks after it was restored from a backup of its own, and erases these accounts again."""
    return Operation(
        "ErasedAccounts",
        "query ErasedAccounts($system:String!$references:[String!]!){erasedAccounts(system:$system references:$references)}",
        {"system": system, "references": references},
        lambda data: tuple(data["erasedAccounts"]),
    )


def policy_versions() -> Operation[tuple[PolicyVersion, ...]]:
    """Return all versions of the privacy policy, those of the future included."""
    return Operation(
        "PolicyVersions",
        "query PolicyVersions{policyVersions{...PolicyVersion}}fragment PolicyVersion on PolicyVersion{version effectiveOn url mustAskAgain publishedAt}",
        {},
        lambda data: tuple(PolicyVersion.parse(row) for row in data["policyVersions"]),
    )


def forced_disclosures(
    *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[Page[ForcedDisclosure]]:
    """Return the forced disclosures, the latest first."""
    return Operation(
        "ForcedDisclosures",
        "query ForcedDisclosures($first:Int$after:Cursor){forcedDisclosures(first:$first after:$after){edges{cursor node{...ForcedDisclosure}}pageInfo{hasNextPage endCursor}}}fragment ForcedDisclosure on ForcedDisclosure{id ground authority reference categories disclosedAt affectedCount noticeDelayedUntil delayGround isNoticeOverdue noticesSent noticesPending noticesFailed}",
        {"first": first, "after": after},
        lambda data: page_of(data["forcedDisclosures"], ForcedDisclosure.parse),
    )


def incidents(
    *, state: IncidentState | None | Unset = UNSET, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[Page[Incident]]:
    """Return the incidents, the latest first."""
    return Operation(
        "Incidents",
        "query Incidents($state:IncidentState$first:Int$after:Cursor){incidents(state:$state first:$first after:$after){edges{cursor node{...Incident}}pageInfo{hasNextPage endCursor}}}fragment Incident on Incident{id kind state awareAt authorityDueAt isOverdue authorityNoticedAt categories affectedCount noticesSent noticesPending noticesFailed}",
        {"state": state, "first": first, "after": after},
        lambda data: page_of(data["incidents"], Incident.parse),
    )


def retention_rules() -> Operation[tuple[RetentionRule, ...]]:
    """Return the retention rules of all categories."""
    return Operation(
        "RetentionRules",
        "query RetentionRules{retentionRules{...RetentionRule}}fragment RetentionRule on RetentionRule{category days reason lastRunAt lastRunRemoved wouldRemove}",
        {},
        lambda data: tuple(RetentionRule.parse(row) for row in data["retentionRules"]),
    )


def statistics() -> Operation[Statistics]:
    """Return counts of people, never people. The answers are the same for a day. UNAVAILABLE until a worker has computed the first figures."""
    return Operation(
        "Statistics",
        "query Statistics{statistics{...Statistics}}fragment Statistics on Statistics{asOf subjects storage{...StorageCounts}}fragment StorageCounts on StorageCounts{accounts totalBytes medianBytes p90Bytes}",
        {},
        lambda data: Statistics.parse(data["statistics"]),
    )


def register_subject(input: RegisterSubjectInput) -> Operation[Subject]:
    """Register a person. If the address or the account is known, it is that person: missing values are added, and nothing is overwritten. With isUnder13 the answer is UNDERAGE. If the person is known, processing is restricted, and an erasure waits until SUPPORT or PRIVACY attests it with requestErasure."""
    return Operation(
        "RegisterSubject",
        "mutation RegisterSubject($input:RegisterSubjectInput!){registerSubject(input:$input){...Subject}}fragment Subject on Subject{id status}",
        {"input": input},
        lambda data: Subject.parse(result_of(data, "registerSubject")),
    )


def correct_subject(subject: SubjectBy, input: CorrectSubjectInput) -> Operation[SubjectOfCorrectSubject]:
    """Correct the given values (Art. 16 GDPR) and leave all others as they are."""
    return Operation(
        "CorrectSubject",
        "mutation CorrectSubject($subject:SubjectBy!$input:CorrectSubjectInput!){correctSubject(subject:$subject input:$input){...SubjectOfCorrectSubject}}fragment Consent on Consent{purpose{...Purpose}state effectiveAt lapsesAt channel policyVersion}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment SubjectOfCorrectSubject on Subject{id status registeredAt regime consents{...Consent}optedOutOfAllAt}",
        {"subject": subject, "input": input},
        lambda data: SubjectOfCorrectSubject.parse(result_of(data, "correctSubject")),
    )


def restrict_processing(subject: SubjectBy) -> Operation[SubjectOfSubjects]:
    """Restrict processing (Art. 18 GDPR): every consent decision is a refusal. The person's choices are kept. An open RESTRICTION request is completed."""
    return Operation(
        "RestrictProcessing",
        "mutation RestrictProcessing($subject:SubjectBy!){restrictProcessing(subject:$subject){...SubjectOfSubjects}}fragment SubjectOfSubjects on Subject{id status registeredAt regime}",
        {"subject": subject},
        lambda data: SubjectOfSubjects.parse(result_of(data, "restrictProcessing")),
    )


def lift_restriction(subject: SubjectBy) -> Operation[SubjectOfSubjects]:
    """Lift a restriction of processing: the person's choices decide again."""
    return Operation(
        "LiftRestriction",
        "mutation LiftRestriction($subject:SubjectBy!){liftRestriction(subject:$subject){...SubjectOfSubjects}}fragment SubjectOfSubjects on Subject{id status registeredAt regime}",
        {"subject": subject},
        lambda data: SubjectOfSubjects.parse(result_of(data, "liftRestriction")),
    )


def grant_consent(
    subject: SubjectBy, purpose: str, channel: Channel, *, at: datetime | None | Unset = UNSET
) -> Operation[ConsentOfGrantConsent]:
    """Record that the person consents to a purpose, or no longer objects to it."""
    return Operation(
        "GrantConsent",
        "mutation GrantConsent($subject:SubjectBy!$purpose:String!$channel:Channel!$at:DateTime){grantConsent(subject:$subject purpose:$purpose channel:$channel at:$at){...ConsentOfGrantConsent}}fragment ConsentOfGrantConsent on Consent{purpose{...Purpose}state effectiveAt}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}",
        {"subject": subject, "purpose": purpose, "channel": channel, "at": at},
        lambda data: ConsentOfGrantConsent.parse(result_of(data, "grantConsent")),
    )


def opt_out(subject: SubjectBy, purposes: Sequence[str], channel: Channel) -> Operation[OptOut]:
    """Withdraw consent or record an objection, depending on the legal basis of each purpose. An address without a registered person can be opted out, too. It receives no mail from then on."""
    return Operation(
        "OptOut",
        "mutation OptOut($subject:SubjectBy!$purposes:[String!]!$channel:Channel!){optOut(subject:$subject purposes:$purposes channel:$channel){...OptOut}}fragment OptOut on OptOut{suppressed purposes at}",
        {"subject": subject, "purposes": purposes, "channel": channel},
        lambda data: OptOut.parse(result_of(data, "optOut")),
    )


def opt_out_of_all(subject: SubjectBy, channel: Channel) -> Operation[OptOut]:
    """Opt the person out of every purpose that can be refused, including those defined later."""
    return Operation(
        "OptOutOfAll",
        "mutation OptOutOfAll($subject:SubjectBy!$channel:Channel!){optOutOfAll(subject:$subject channel:$channel){...OptOut}}fragment OptOut on OptOut{suppressed purposes at}",
        {"subject": subject, "channel": channel},
        lambda data: OptOut.parse(result_of(data, "optOutOfAll")),
    )


def store_payment_fragment(subject: SubjectBy, input: PaymentFragmentInput) -> Operation[PaymentFragment]:
    """Store the expiry date and the last four digits of a card, identified by the store's own reference."""
    return Operation(
        "StorePaymentFragment",
        "mutation StorePaymentFragment($subject:SubjectBy!$input:PaymentFragmentInput!){storePaymentFragment(subject:$subject input:$input){...PaymentFragment}}fragment PaymentFragment on PaymentFragment{id storedAt}",
        {"subject": subject, "input": input},
        lambda data: PaymentFragment.parse(result_of(data, "storePaymentFragment")),
    )


def remove_payment_fragment(id: str) -> Operation[str]:
    """Delete the stored parts of a card; return its id."""
    return Operation(
        "RemovePaymentFragment",
        "mutation RemovePaymentFragment($id:ID!){removePaymentFragment(id:$id)}",
        {"id": id},
        lambda data: result_of(data, "removePaymentFragment"),
    )


def record_sync(subject: SubjectBy, input: SyncInput) -> Operation[SyncAccount]:
    """Record the metadata of an account after a sync, never the data itself."""
    return Operation(
        "RecordSync",
        "mutation RecordSync($subject:SubjectBy!$input:SyncInput!){recordSync(subject:$subject input:$input){...SyncAccount}}fragment SyncAccount on SyncAccount{id storageBytes fileCount lastSyncedAt replacedNameCount}",
        {"subject": subject, "input": input},
        lambda data: SyncAccount.parse(result_of(data, "recordSync")),
    )


def open_access_grant(subject: str, *, minutes: int | None | Unset = UNSET) -> Operation[AccessGrant]:
    """Ask for break-glass access to the file names of one person, for the case in X-Case. Another actor has to approve it. The privacy officers are notified at once."""
    return Operation(
        "OpenAccessGrant",
        "mutation OpenAccessGrant($subject:ID!$minutes:Int){openAccessGrant(subject:$subject minutes:$minutes){...AccessGrant}}fragment AccessGrant on AccessGrant{id subjectId actor case minutes state askedAt expiresAt approvedBy endedAt}",
        {"subject": subject, "minutes": minutes},
        lambda data: AccessGrant.parse(result_of(data, "openAccessGrant")),
    )


def approve_access_grant(id: str) -> Operation[AccessGrant]:
    """Approve an access grant, which is open from now on for its duration. The actor who asked for it cannot approve it."""
    return Operation(
        "ApproveAccessGrant",
        "mutation ApproveAccessGrant($id:ID!){approveAccessGrant(id:$id){...AccessGrant}}fragment AccessGrant on AccessGrant{id subjectId actor case minutes state askedAt expiresAt approvedBy endedAt}",
        {"id": id},
        lambda data: AccessGrant.parse(result_of(data, "approveAccessGrant")),
    )


def refuse_access_grant(id: str) -> Operation[AccessGrant]:
    """Refuse an access grant that waits for approval."""
    return Operation(
        "RefuseAccessGrant",
        "mutation RefuseAccessGrant($id:ID!){refuseAccessGrant(id:$id){...AccessGrant}}fragment AccessGrant on AccessGrant{id subjectId actor case minutes state askedAt expiresAt approvedBy endedAt}",
        {"id": id},
        lambda data: AccessGrant.parse(result_of(data, "refuseAccessGrant")),
    )


def end_access_grant(id: str) -> Operation[AccessGrant]:
    """End an access grant that waits or is open; it opens nothing from now on. The actor who asked for it may end it, and every privacy officer."""
    return Operation(
        "EndAccessGrant",
        "mutation EndAccessGrant($id:ID!){endAccessGrant(id:$id){...AccessGrant}}fragment AccessGrant on AccessGrant{id subjectId actor case minutes state askedAt expiresAt approvedBy endedAt}",
        {"id": id},
        lambda data: AccessGrant.parse(result_of(data, "endAccessGrant")),
    )


def request_erasure(
    subject: SubjectBy,
    channel: Channel,
    *,
    identity: IdentityCheck | None | Unset = UNSET,
    reason: ErasureReason | None | Unset = UNSET,
    immediately: bool | None | Unset = UNSET,
    plan_hash: str | None | Unset = UNSET,
) -> Operation[RightsRequestOfRequestErasure]:
    """Request the erasure of a person. Repeating it returns the open request. Nothing is erased before identity is proved and the cooling-off period is over."""
    return Operation(
        "RequestErasure",
        "mutation RequestErasure($subject:SubjectBy!$channel:Channel!$identity:IdentityCheck$reason:ErasureReason$immediately:Boolean$planHash:String){requestErasure(subject:$subject channel:$channel identity:$identity reason:$reason immediately:$immediately planHash:$planHash){...RightsRequestOfRequestErasure}}fragment RightsRequestOfRequestErasure on RightsRequest{id kind state receivedAt dueAt executeAt}",
        {
            "subject": subject,
            "channel": channel,
            "identity": identity,
            "reason": reason,
            "immediately": immediately,
            "planHash": plan_hash,
        },
        lambda data: RightsRequestOfRequestErasure.parse(result_of(data, "requestErasure")),
    )


def confirm_identity(id: str, code: str) -> Operation[RightsRequestOfRequestErasure]:
    """Prove identity with the code that was mailed to the person. A code permits five attempts within 15 minutes."""
    return Operation(
        "ConfirmIdentity",
        "mutation ConfirmIdentity($id:ID!$code:String!){confirmIdentity(id:$id code:$code){...RightsRequestOfRequestErasure}}fragment RightsRequestOfRequestErasure on RightsRequest{id kind state receivedAt dueAt executeAt}",
        {"id": id, "code": code},
        lambda data: RightsRequestOfRequestErasure.parse(result_of(data, "confirmIdentity")),
    )


def open_request(
    subject: SubjectBy, kind: RequestKind, channel: Channel, *, identity: IdentityCheck | None | Unset = UNSET
) -> Operation[RightsRequestOfRequestErasure]:
    """Open a request of any kind but an erasure; its deadline counts from now. Repeating it returns the open request. ACCESS and PORTABILITY are answered by the service itself, with an export. The others are completed by completeRequest."""
    return Operation(
        "OpenRequest",
        "mutation OpenRequest($subject:SubjectBy!$kind:RequestKind!$channel:Channel!$identity:IdentityCheck){openRequest(subject:$subject kind:$kind channel:$channel identity:$identity){...RightsRequestOfRequestErasure}}fragment RightsRequestOfRequestErasure on RightsRequest{id kind state receivedAt dueAt executeAt}",
        {"subject": subject, "kind": kind, "channel": channel, "identity": identity},
        lambda data: RightsRequestOfRequestErasure.parse(result_of(data, "openRequest")),
    )


def extend_request(id: str, reason: ExtensionReason) -> Operation[RightsRequest]:
    """Extend the deadline of a request once, before it is due, and inform the person (Art. 12(3) GDPR)."""
    return Operation(
        "ExtendRequest",
        "mutation ExtendRequest($id:ID!$reason:ExtensionReason!){extendRequest(id:$id reason:$reason){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}",
        {"id": id, "reason": reason},
        lambda data: RightsRequest.parse(result_of(data, "extendRequest")),
    )


def complete_request(id: str) -> Operation[RightsRequest]:
    """Complete a request that is answered by hand, and inform the person. A RESTRICTION must be in force, and an OBJECTION must be recorded."""
    return Operation(
        "CompleteRequest",
        "mutation CompleteRequest($id:ID!){completeRequest(id:$id){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}",
        {"id": id},
        lambda data: RightsRequest.parse(result_of(data, "completeRequest")),
    )


def cancel_request(id: str) -> Operation[RightsRequest]:
    """Cancel an erasure before it begins, or any other request before it ends."""
    return Operation(
        "CancelRequest",
        "mutation CancelRequest($id:ID!){cancelRequest(id:$id){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}",
        {"id": id},
        lambda data: RightsRequest.parse(result_of(data, "cancelRequest")),
    )


def deny_request(id: str, reason: DenialReason) -> Operation[RightsRequest]:
    """Deny a request before it is carried out, and inform the person of the reason."""
    return Operation(
        "DenyRequest",
        "mutation DenyRequest($id:ID!$reason:DenialReason!){denyRequest(id:$id reason:$reason){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}",
        {"id": id, "reason": reason},
        lambda data: RightsRequest.parse(result_of(data, "denyRequest")),
    )


def retry_erasure(id: str) -> Operation[RightsRequest]:
    """Retry an erasure at once: send the webhook again to every internal system that has not finished."""
    return Operation(
        "RetryErasure",
        "mutation RetryErasure($id:ID!){retryErasure(id:$id){...RightsRequest}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}",
        {"id": id},
        lambda data: RightsRequest.parse(result_of(data, "retryErasure")),
    )


def complete_erasure_step(id: str, records_erased: int) -> Operation[ErasureStep]:
    """Report that the internal system of the caller's token has erased the person. Reporting a finished step again changes nothing."""
    return Operation(
        "CompleteErasureStep",
        "mutation CompleteErasureStep($id:ID!$recordsErased:Int!){completeErasureStep(id:$id recordsErased:$recordsErased){...ErasureStep}}fragment ErasureStep on ErasureStep{id requestId subjectId system state attempts nextAttemptAt completedAt recordsErased}",
        {"id": id, "recordsErased": records_erased},
        lambda data: ErasureStep.parse(result_of(data, "completeErasureStep")),
    )


def fail_erasure_step(id: str, error: str) -> Operation[ErasureStep]:
    """Report that the internal system of the caller's token cannot erase the person, and why."""
    return Operation(
        "FailErasureStep",
        "mutation FailErasureStep($id:ID!$error:String!){failErasureStep(id:$id error:$error){...ErasureStep}}fragment ErasureStep on ErasureStep{id requestId subjectId system state attempts nextAttemptAt completedAt recordsErased}",
        {"id": id, "error": error},
        lambda data: ErasureStep.parse(result_of(data, "failErasureStep")),
    )


def fail_export_step(id: str, error: str) -> Operation[ExportStep]:
    """Report that the internal system of the caller's token cannot hand in its part, and why."""
    return Operation(
        "FailExportStep",
        "mutation FailExportStep($id:ID!$error:String!){failExportStep(id:$id error:$error){...ExportStep}}fragment ExportStep on ExportStep{id requestId subjectId kind system state attempts dueAt completedAt sizeBytes}",
        {"id": id, "error": error},
        lambda data: ExportStep.parse(result_of(data, "failExportStep")),
    )


def create_unsubscribe_link(subject: SubjectBy, purpose: str) -> Operation[UnsubscribeLink]:
    """Return the link and the headers with which a person opts out of a purpose with one click (RFC 8058). An internal service puts them into its own letters."""
    return Operation(
        "CreateUnsubscribeLink",
        "mutation CreateUnsubscribeLink($subject:SubjectBy!$purpose:String!){createUnsubscribeLink(subject:$subject purpose:$purpose){...UnsubscribeLink}}fragment MailHeader on MailHeader{name value}fragment UnsubscribeLink on UnsubscribeLink{url headers{...MailHeader}}",
        {"subject": subject, "purpose": purpose},
        lambda data: UnsubscribeLink.parse(result_of(data, "createUnsubscribeLink")),
    )


def record_bounce(address: str, kind: BounceKind) -> Operation[bool]:
    """Record a bounce; always return true, so that the answer does not reveal whether the address is registered. A hard bounce stops mail to the address until it is corrected. A complaint is an opt-out of all marketing."""
    return Operation(
        "RecordBounce",
        "mutation RecordBounce($address:String!$kind:BounceKind!){recordBounce(address:$address kind:$kind)}",
        {"address": address, "kind": kind},
        lambda data: result_of(data, "recordBounce"),
    )


def lift_suppression(email: str) -> Operation[bool]:
    """Allow services to register an address again that an erasure with the reason UNDERAGE suppressed. Return whether it was suppressed."""
    return Operation(
        "LiftSuppression",
        "mutation LiftSuppression($email:String!){liftSuppression(email:$email)}",
        {"email": email},
        lambda data: result_of(data, "liftSuppression"),
    )


def issue_token(
    name: str, roles: Sequence[Role], *, expires_at: datetime | None | Unset = UNSET, system: str | None | Unset = UNSET
) -> Operation[IssuedToken]:
    """Issue a token to a service, a person or a script. A token with a role of people works once a privacy officer has approved it."""
    return Operation(
        "IssueToken",
        "mutation IssueToken($name:String!$roles:[Role!]!$expiresAt:DateTime$system:String){issueToken(name:$name roles:$roles expiresAt:$expiresAt system:$system){...IssuedToken}}fragment IssuedToken on IssuedToken{token{...Token}secret}fragment Token on Token{id name system isApproved roles issuedAt expiresAt lastUsedAt revokedAt}",
        {"name": name, "roles": roles, "expiresAt": expires_at, "system": system},
        lambda data: IssuedToken.parse(result_of(data, "issueToken")),
    )


def approve_token(id: str) -> Operation[Token]:
    """Approve a token with a role of people, which works from now on. The actor who issued the token cannot approve it."""
    return Operation(
        "ApproveToken",
        "mutation ApproveToken($id:ID!){approveToken(id:$id){...Token}}fragment Token on Token{id name system isApproved roles issuedAt expiresAt lastUsedAt revokedAt}",
        {"id": id},
        lambda data: Token.parse(result_of(data, "approveToken")),
    )


def revoke_token(id: str) -> Operation[Token]:
    """Revoke a token. Every process refuses it within a second."""
    return Operation(
        "RevokeToken",
        "mutation RevokeToken($id:ID!){revokeToken(id:$id){...Token}}fragment Token on Token{id name system isApproved roles issuedAt expiresAt lastUsedAt revokedAt}",
        {"id": id},
        lambda data: Token.parse(result_of(data, "revokeToken")),
    )


def put_recipient(input: RecipientInput) -> Operation[Recipient]:
    """Define a recipient, or replace its terms. A recipient that was ended begins again. A recipient whose function would be a sale of personal data is refused."""
    return Operation(
        "PutRecipient",
        "mutation PutRecipient($input:RecipientInput!){putRecipient(input:$input){...Recipient}}fragment Recipient on Recipient{key name kind function categories purposes country safeguard isDirectMarketing address contractReference contractEndsOn endedAt}",
        {"input": input},
        lambda data: Recipient.parse(result_of(data, "putRecipient")),
    )


def end_recipient(key: str) -> Operation[Recipient]:
    """End a recipient: every disclosure decision about it is no from now on."""
    return Operation(
        "EndRecipient",
        "mutation EndRecipient($key:String!){endRecipient(key:$key){...Recipient}}fragment Recipient on Recipient{key name kind function categories purposes country safeguard isDirectMarketing address contractReference contractEndsOn endedAt}",
        {"key": key},
        lambda data: Recipient.parse(result_of(data, "endRecipient")),
    )


def record_disclosure(
    subjects: SubjectsBy,
    recipient: str,
    categories: Sequence[DataCategory],
    purpose: str,
    *,
    at: datetime | None | Unset = UNSET,
) -> Operation[int]:
    """Record that data of these people went to a recipient. Return the number of people. All are recorded, or none: DISCLOSURE_REFUSED where the decision for one of them is no. Without `at`, a repetition within ten minutes is the same disclosure."""
    return Operation(
        "RecordDisclosure",
        "mutation RecordDisclosure($subjects:SubjectsBy!$recipient:String!$categories:[DataCategory!]!$purpose:String!$at:DateTime){recordDisclosure(subjects:$subjects recipient:$recipient categories:$categories purpose:$purpose at:$at)}",
        {"subjects": subjects, "recipient": recipient, "categories": categories, "purpose": purpose, "at": at},
        lambda data: result_of(data, "recordDisclosure"),
    )


def record_backup(system: str, label: str, made_at: datetime) -> Operation[Backup]:
    """Record a backup of Customer Data. It must be destroyed within six months after it was made."""
    return Operation(
        "RecordBackup",
        "mutation RecordBackup($system:String!$label:String!$madeAt:DateTime!){recordBackup(system:$system label:$label madeAt:$madeAt){...Backup}}fragment Backup on Backup{id system label madeAt destroyBy destroyedAt isOverdue}",
        {"system": system, "label": label, "madeAt": made_at},
        lambda data: Backup.parse(result_of(data, "recordBackup")),
    )


def record_backup_destroyed(id: str) -> Operation[Backup]:
    """Record that every copy of a backup is destroyed."""
    return Operation(
        "RecordBackupDestroyed",
        "mutation RecordBackupDestroyed($id:ID!){recordBackupDestroyed(id:$id){...Backup}}fragment Backup on Backup{id system label madeAt destroyBy destroyedAt isOverdue}",
        {"id": id},
        lambda data: Backup.parse(result_of(data, "recordBackupDestroyed")),
    )


def publish_policy(
    version: str,
    effective_on: date,
    url: str,
    *,
    must_ask_again: Sequence[str] | None | Unset = UNSET,
    notify: bool | None | Unset = UNSET,
) -> Operation[PolicyVersion]:
    """Publish a new version of the privacy policy. Versions are published in the order of their first days. From the first day on, choices carry the version, and decisions about the purposes in `mustAskAgain` are POLICY_CHANGED until the person consents again."""
    return Operation(
        "PublishPolicy",
        "mutation PublishPolicy($version:String!$effectiveOn:Date!$url:String!$mustAskAgain:[String!]$notify:Boolean){publishPolicy(version:$version effectiveOn:$effectiveOn url:$url mustAskAgain:$mustAskAgain notify:$notify){...PolicyVersion}}fragment PolicyVersion on PolicyVersion{version effectiveOn url mustAskAgain publishedAt}",
        {"version": version, "effectiveOn": effective_on, "url": url, "mustAskAgain": must_ask_again, "notify": notify},
        lambda data: PolicyVersion.parse(result_of(data, "publishPolicy")),
    )


def record_forced_disclosure(input: ForcedDisclosureInput) -> Operation[ForcedDisclosure]:
    """Record a disclosure that law or an emergency forced, or add people to it by authority and reference. Each person affected gets a letter, at once or when the lawful delay has ended. No opt-out stops it."""
    return Operation(
        "RecordForcedDisclosure",
        "mutation RecordForcedDisclosure($input:ForcedDisclosureInput!){recordForcedDisclosure(input:$input){...ForcedDisclosure}}fragment ForcedDisclosure on ForcedDisclosure{id ground authority reference categories disclosedAt affectedCount noticeDelayedUntil delayGround isNoticeOverdue noticesSent noticesPending noticesFailed}",
        {"input": input},
        lambda data: ForcedDisclosure.parse(result_of(data, "recordForcedDisclosure")),
    )


def lift_notice_delay(id: str) -> Operation[ForcedDisclosure]:
    """End the delay of the letters about a forced disclosure: they are sent now."""
    return Operation(
        "LiftNoticeDelay",
        "mutation LiftNoticeDelay($id:ID!){liftNoticeDelay(id:$id){...ForcedDisclosure}}fragment ForcedDisclosure on ForcedDisclosure{id ground authority reference categories disclosedAt affectedCount noticeDelayedUntil delayGround isNoticeOverdue noticesSent noticesPending noticesFailed}",
        {"id": id},
        lambda data: ForcedDisclosure.parse(result_of(data, "liftNoticeDelay")),
    )


def report_incident(input: IncidentInput) -> Operation[IncidentOfReportIncident]:
    """Report an incident. Whom it affects is found in the access events, and united with the people named. One that would affect very many people is refused, unless PRIVACY reports it."""
    return Operation(
        "ReportIncident",
        "mutation ReportIncident($input:IncidentInput!){reportIncident(input:$input){...IncidentOfReportIncident}}fragment IncidentOfReportIncident on Incident{id}",
        {"input": input},
        lambda data: IncidentOfReportIncident.parse(result_of(data, "reportIncident")),
    )


def record_authority_notice(id: str, authority: str, at: datetime) -> Operation[Incident]:
    """Record when the supervisory authority was notified of an incident."""
    return Operation(
        "RecordAuthorityNotice",
        "mutation RecordAuthorityNotice($id:ID!$authority:String!$at:DateTime!){recordAuthorityNotice(id:$id authority:$authority at:$at){...Incident}}fragment Incident on Incident{id kind state awareAt authorityDueAt isOverdue authorityNoticedAt categories affectedCount noticesSent noticesPending noticesFailed}",
        {"id": id, "authority": authority, "at": at},
        lambda data: Incident.parse(result_of(data, "recordAuthorityNotice")),
    )


def notify_affected(id: str, consequences: str, measures: str) -> Operation[Incident]:
    """Write to each person whom the incident affects, once (Art. 34 GDPR). No opt-out stops the letter."""
    return Operation(
        "NotifyAffected",
        "mutation NotifyAffected($id:ID!$consequences:String!$measures:String!){notifyAffected(id:$id consequences:$consequences measures:$measures){...Incident}}fragment Incident on Incident{id kind state awareAt authorityDueAt isOverdue authorityNoticedAt categories affectedCount noticesSent noticesPending noticesFailed}",
        {"id": id, "consequences": consequences, "measures": measures},
        lambda data: Incident.parse(result_of(data, "notifyAffected")),
    )


def close_incident(id: str) -> Operation[Incident]:
    """Close an incident whose letters are sent."""
    return Operation(
        "CloseIncident",
        "mutation CloseIncident($id:ID!){closeIncident(id:$id){...Incident}}fragment Incident on Incident{id kind state awareAt authorityDueAt isOverdue authorityNoticedAt categories affectedCount noticesSent noticesPending noticesFailed}",
        {"id": id},
        lambda data: Incident.parse(result_of(data, "closeIncident")),
    )


def set_retention_rule(
    category: DataCategory, *, days: int | None | Unset = UNSET, reason: str | None | Unset = UNSET
) -> Operation[RetentionRule]:
    """Set how long data of a category is kept. `wouldRemove` in the answer is a preview: the rule first runs on the next day, and then once a day."""
    return Operation(
        "SetRetentionRule",
        "mutation SetRetentionRule($category:DataCategory!$days:Int$reason:String){setRetentionRule(category:$category days:$days reason:$reason){...RetentionRule}}fragment RetentionRule on RetentionRule{category days reason lastRunAt lastRunRemoved wouldRemove}",
        {"category": category, "days": days, "reason": reason},
        lambda data: RetentionRule.parse(result_of(data, "setRetentionRule")),
    )


def hold_retention(subject: SubjectBy, ground: RetentionGround, reference: str) -> Operation[SubjectOfCorrectSubject]:
    """Keep what a legal claim or duty needs of a person, against retention rules and erasure. No other right is stopped. An erasure that is due waits, and processing is restricted meanwhile."""
    return Operation(
        "HoldRetention",
        "mutation HoldRetention($subject:SubjectBy!$ground:RetentionGround!$reference:String!){holdRetention(subject:$subject ground:$ground reference:$reference){...SubjectOfCorrectSubject}}fragment Consent on Consent{purpose{...Purpose}state effectiveAt lapsesAt channel policyVersion}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment SubjectOfCorrectSubject on Subject{id status registeredAt regime consents{...Consent}optedOutOfAllAt}",
        {"subject": subject, "ground": ground, "reference": reference},
        lambda data: SubjectOfCorrectSubject.parse(result_of(data, "holdRetention")),
    )


def release_retention(subject: SubjectBy) -> Operation[SubjectOfCorrectSubject]:
    """Release the hold on a person: retention rules apply again, and an erasure that waited runs."""
    return Operation(
        "ReleaseRetention",
        "mutation ReleaseRetention($subject:SubjectBy!){releaseRetention(subject:$subject){...SubjectOfCorrectSubject}}fragment Consent on Consent{purpose{...Purpose}state effectiveAt lapsesAt channel policyVersion}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment SubjectOfCorrectSubject on Subject{id status registeredAt regime consents{...Consent}optedOutOfAllAt}",
        {"subject": subject},
        lambda data: SubjectOfCorrectSubject.parse(result_of(data, "releaseRetention")),
    )


def subject_profile(by: SubjectBy) -> Operation[SubjectProfile | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "SubjectProfile",
        "query SubjectProfile($by:SubjectBy!){subject(by:$by){...Subject registeredAt regime displayName country emails{...EmailAddress}accounts{...Account}consents{...Consent}optedOutOfAllAt}}fragment Account on Account{system reference}fragment Consent on Consent{purpose{...Purpose}state effectiveAt lapsesAt channel policyVersion}fragment EmailAddress on EmailAddress{address isPrimary verifiedAt stoppedBy}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment Subject on Subject{id status}",
        {"by": by},
        lambda data: None if data["subject"] is None else SubjectProfile.parse(data["subject"]),
    )


def subject_for_billing(by: SubjectBy) -> Operation[SubjectForBilling | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "SubjectForBilling",
        "query SubjectForBilling($by:SubjectBy!){subject(by:$by){...Subject displayName emails{...EmailAddress}paymentFragments{...StoredPaymentFragment}}}fragment EmailAddress on EmailAddress{address isPrimary verifiedAt stoppedBy}fragment StoredPaymentFragment on PaymentFragment{id reference lastDigits expiryMonth expiryYear isExpired storedAt}fragment Subject on Subject{id status}",
        {"by": by},
        lambda data: None if data["subject"] is None else SubjectForBilling.parse(data["subject"]),
    )


def payment_fragments(by: SubjectBy) -> Operation[PaymentFragments | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "PaymentFragments",
        "query PaymentFragments($by:SubjectBy!){subject(by:$by){...Subject paymentFragments{...StoredPaymentFragment}}}fragment StoredPaymentFragment on PaymentFragment{id reference lastDigits expiryMonth expiryYear isExpired storedAt}fragment Subject on Subject{id status}",
        {"by": by},
        lambda data: None if data["subject"] is None else PaymentFragments.parse(data["subject"]),
    )


def subject_consents(by: SubjectBy, *, at: datetime | None | Unset = UNSET) -> Operation[SubjectConsents | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "SubjectConsents",
        "query SubjectConsents($by:SubjectBy!$at:DateTime){subject(by:$by){...Subject consents{...Consent}optedOutOfAllAt decisions(at:$at){...ConsentDecision}}}fragment Consent on Consent{purpose{...Purpose}state effectiveAt lapsesAt channel policyVersion}fragment ConsentDecision on ConsentDecision{subjectId purpose allowed reason legalBasis effectiveAt lapsesAt}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment Subject on Subject{id status}",
        {"by": by, "at": at},
        lambda data: None if data["subject"] is None else SubjectConsents.parse(data["subject"]),
    )


def consent_receipt(by: SubjectBy, purpose: str) -> Operation[ConsentReceipt | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "ConsentReceipt",
        "query ConsentReceipt($by:SubjectBy!$purpose:String!){subject(by:$by){...Subject consentReceipt(purpose:$purpose){issuedAt jws}}}fragment Subject on Subject{id status}",
        {"by": by, "purpose": purpose},
        lambda data: None if data["subject"] is None else ConsentReceipt.parse(data["subject"]),
    )


def sync_accounts(by: SubjectBy) -> Operation[SyncAccounts | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "SyncAccounts",
        "query SyncAccounts($by:SubjectBy!){subject(by:$by){...Subject syncAccounts{...SyncAccount reference clients{...SyncClient}}}}fragment Subject on Subject{id status}fragment SyncAccount on SyncAccount{id storageBytes fileCount lastSyncedAt replacedNameCount}fragment SyncClient on SyncClient{app version platform userAgent lastSeenAt}",
        {"by": by},
        lambda data: None if data["subject"] is None else SyncAccounts.parse(data["subject"]),
    )


def file_names(
    by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[FileNames | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "FileNames",
        "query FileNames($by:SubjectBy!$first:Int$after:Cursor){subject(by:$by){...Subject syncAccounts{...SyncAccount files(first:$first after:$after){edges{cursor node{...SyncFile}}pageInfo{hasNextPage endCursor}}}}}fragment Subject on Subject{id status}fragment SyncAccount on SyncAccount{id storageBytes fileCount lastSyncedAt replacedNameCount}fragment SyncFile on SyncFile{name sizeBytes modifiedAt}",
        {"by": by, "first": first, "after": after},
        lambda data: None if data["subject"] is None else FileNames.parse(data["subject"]),
    )


def consent_history(
    by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[ConsentHistory | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "ConsentHistory",
        "query ConsentHistory($by:SubjectBy!$first:Int$after:Cursor){subject(by:$by){...Subject consentHistory(first:$first after:$after){edges{cursor node{...ConsentEvent}}pageInfo{hasNextPage endCursor}}}}fragment ConsentEvent on ConsentEvent{at purpose{...Purpose}state channel policyVersion actor}fragment Purpose on Purpose{key title description legalBasis isMarketing lapsesAfterDays}fragment Subject on Subject{id status}",
        {"by": by, "first": first, "after": after},
        lambda data: None if data["subject"] is None else ConsentHistory.parse(data["subject"]),
    )


def letters(
    by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[Letters | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "Letters",
        "query Letters($by:SubjectBy!$first:Int$after:Cursor){subject(by:$by){...Subject letters(first:$first after:$after){edges{cursor node{...Letter}}pageInfo{hasNextPage endCursor}}}}fragment Letter on Letter{kind state postedAt sentAt}fragment Subject on Subject{id status}",
        {"by": by, "first": first, "after": after},
        lambda data: None if data["subject"] is None else Letters.parse(data["subject"]),
    )


def subject_access_events(
    by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[SubjectAccessEvents | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "SubjectAccessEvents",
        "query SubjectAccessEvents($by:SubjectBy!$first:Int$after:Cursor){subject(by:$by){...Subject accessEvents(first:$first after:$after){edges{cursor node{...AccessEvent}}pageInfo{hasNextPage endCursor}}}}fragment AccessEvent on AccessEvent{id at actor actorIdentity role case subjectId action fields operation operationHash grantId occurrences}fragment Subject on Subject{id status}",
        {"by": by, "first": first, "after": after},
        lambda data: None if data["subject"] is None else SubjectAccessEvents.parse(data["subject"]),
    )


def disclosures(
    by: SubjectBy, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[Disclosures | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "Disclosures",
        "query Disclosures($by:SubjectBy!$first:Int$after:Cursor){subject(by:$by){...Subject disclosures(first:$first after:$after){edges{cursor node{at recipient{...Recipient}categories purpose}}pageInfo{hasNextPage endCursor}}}}fragment Recipient on Recipient{key name kind function categories purposes country safeguard isDirectMarketing address contractReference contractEndsOn endedAt}fragment Subject on Subject{id status}",
        {"by": by, "first": first, "after": after},
        lambda data: None if data["subject"] is None else Disclosures.parse(data["subject"]),
    )


def california_report(by: SubjectBy, year: int) -> Operation[CaliforniaReport | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "CaliforniaReport",
        "query CaliforniaReport($by:SubjectBy!$year:Int!){subject(by:$by){...Subject californiaReport(year:$year){year isNone lines{recipientName recipientAddress categories}}}}fragment Subject on Subject{id status}",
        {"by": by, "year": year},
        lambda data: None if data["subject"] is None else CaliforniaReport.parse(data["subject"]),
    )


def requests_of_subject(by: SubjectBy) -> Operation[RequestsOfSubject | None]:
    """Return one person; null when no person is registered under the identifier."""
    return Operation(
        "RequestsOfSubject",
        "query RequestsOfSubject($by:SubjectBy!){subject(by:$by){...Subject rightsRequests{...RightsRequest}}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}fragment Subject on Subject{id status}",
        {"by": by},
        lambda data: None if data["subject"] is None else RequestsOfSubject.parse(data["subject"]),
    )


def request_steps(id: str) -> Operation[RequestSteps | None]:
    """Return one rights request; null when no request has this id."""
    return Operation(
        "RequestSteps",
        "query RequestSteps($id:ID!){rightsRequest(id:$id){...RightsRequest steps{...ErasureStep}exportSteps{...ExportStep}}}fragment ErasureCertificate on ErasureCertificate{issuedAt jws replays}fragment ErasureStep on ErasureStep{id requestId subjectId system state attempts nextAttemptAt completedAt recordsErased}fragment Export on Export{readyAt sizeBytes expiresAt downloadedAt}fragment ExportStep on ExportStep{id requestId subjectId kind system state attempts dueAt completedAt sizeBytes}fragment RetainedItem on RetainedItem{what ground until}fragment RightsRequest on RightsRequest{id kind state subjectId channel case receivedAt dueAt isOverdue executeAt completedAt backupsClearAt identity retained{...RetainedItem}denialReason certificate{...ErasureCertificate}extendedUntil extensionReason export{...Export}}",
        {"id": id},
        lambda data: None if data["rightsRequest"] is None else RequestSteps.parse(data["rightsRequest"]),
    )


def pending_erasure_steps(
    system: str, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[Page[PendingErasureSteps]]:
    """Return the erasure steps of an internal system, the oldest first. The caller's token must belong to that system."""
    return Operation(
        "PendingErasureSteps",
        "query PendingErasureSteps($system:String!$first:Int$after:Cursor){erasureSteps(system:$system first:$first after:$after){edges{cursor node{...ErasureStep references}}pageInfo{hasNextPage endCursor}}}fragment ErasureStep on ErasureStep{id requestId subjectId system state attempts nextAttemptAt completedAt recordsErased}",
        {"system": system, "first": first, "after": after},
        lambda data: page_of(data["erasureSteps"], PendingErasureSteps.parse),
    )


def pending_export_steps(
    system: str, *, first: int | None | Unset = UNSET, after: str | None | Unset = UNSET
) -> Operation[Page[PendingExportSteps]]:
    """Return the export steps of an internal system, the oldest first. The caller's token must belong to that system."""
    return Operation(
        "PendingExportSteps",
        "query PendingExportSteps($system:String!$first:Int$after:Cursor){exportSteps(system:$system first:$first after:$after){edges{cursor node{...ExportStep references}}pageInfo{hasNextPage endCursor}}}fragment ExportStep on ExportStep{id requestId subjectId kind system state attempts dueAt completedAt sizeBytes}",
        {"system": system, "first": first, "after": after},
        lambda data: page_of(data["exportSteps"], PendingExportSteps.parse),
    )


def purpose_statistics(purpose: str) -> Operation[PurposeStatistics]:
    """Return counts of people, never people. The answers are the same for a day. UNAVAILABLE until a worker has computed the first figures."""
    return Operation(
        "PurposeStatistics",
        "query PurposeStatistics($purpose:String!){statistics{asOf subjects choices(purpose:$purpose){granted withdrawn objected neverAsked}}}",
        {"purpose": purpose},
        lambda data: PurposeStatistics.parse(data["statistics"]),
    )
