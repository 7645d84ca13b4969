// What relay-compiler reads. The artifacts are written to `__generated__/` and imported by ../relay.mjs.
import { graphql } from 'relay-runtime';

graphql`
  query operationsDecisionQuery($subject: SubjectBy!, $purpose: String!) {
    consentDecision(subject: $subject, purpose: $purpose) { allowed reason }
  }
`;

graphql`
  query operationsForbiddenQuery($by: SubjectBy!) {
    subject(by: $by) { displayName }
  }
`;

graphql`
  mutation operationsGrantMutation($subject: SubjectBy!) {
    grantConsent(subject: $subject, purpose: "newsletter", channel: WEBSITE) { state }
  }
`;

graphql`
  mutation operationsOptOutMutation($subject: SubjectBy!) {
    optOut(subject: $subject, purposes: ["newsletter"], channel: WEBSITE) { purposes }
  }
`;

graphql`
  query operationsPeopleQuery($after: Cursor) {
    subjects(first: 2, after: $after) @connection(key: "Operations_subjects") {
      edges { node { id status } }
    }
  }
`;
