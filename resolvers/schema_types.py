"""Query and Mutation: every root field, in the order of schema.graphql."""

from strawberry.tools import create_type

from resolvers import (
    access_grants,
    audit,
    bounces,
    consent,
    erasure,
    node,
    opt_outs,
    payments,
    purposes,
    rights_requests,
    subjects,
    suppressions,
    sync,
    tokens,
    unsubscribe,
)

Query = create_type(
    "Query",
    [
        tokens.viewer,
        node.node,
        node.nodes,
        subjects.subject,
        subjects.subjects,
        consent.consent_decision,
        consent.consent_decisions,
        purposes.purposes,
        audit.access_events,
        rights_requests.rights_request,
        rights_requests.rights_requests,
        erasure.erasure_plan,
        erasure.erasure_steps,
        access_grants.access_grants,
        tokens.tokens,
    ],
    description="The queries.",
)

Mutation = create_type(
    "Mutation",
    [
        subjects.register_subject,
        subjects.correct_subject,
        subjects.restrict_processing,
        subjects.lift_restriction,
        consent.grant_consent,
        opt_outs.opt_out,
        opt_outs.opt_out_of_all,
        payments.store_payment_fragment,
        payments.remove_payment_fragment,
        sync.record_sync,
        access_grants.open_access_grant,
        access_grants.approve_access_grant,
        access_grants.refuse_access_grant,
        access_grants.end_access_grant,
        rights_requests.request_erasure,
        rights_requests.confirm_identity,
        rights_requests.cancel_erasure,
        rights_requests.deny_request,
        rights_requests.retry_erasure,
        erasure.complete_erasure_step,
        erasure.fail_erasure_step,
        unsubscribe.create_unsubscribe_link,
        bounces.record_bounce,
        suppressions.lift_suppression,
        tokens.issue_token,
        tokens.approve_token,
        tokens.revoke_token,
    ],
    description="The mutations. Each one is a transaction that is committed before its answer is built. Repeating a "
    "mutation has no further effect and returns the same answer.",
)
