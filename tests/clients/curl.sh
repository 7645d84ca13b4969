#!/bin/sh
# A query, a mutation, a refusal and two pages, as a script with curl sends them.
set -eu

token() { sed -n "s/.*\"$1\": \"\(.*\)\".*/\1/p" "$PRIVACY_TOKENS"; }
ask() {
    curl --silent --show-error "$PRIVACY_URL/graphql" --header "Authorization: Bearer $(token "$1")" \
        --header 'Content-Type: application/json' --data "$2"
}
expect() {
    case $2 in *"$1"*) ;; *) printf 'expected %s in %s\n' "$1" "$2" >&2; exit 1 ;; esac
}

decision='query($by: SubjectBy!) { consentDecision(subject: $by, purpose: \"newsletter\") { allowed reason } }'
expect '"allowed":true' "$(ask STORE "{\"query\": \"$decision\", \"variables\": {\"by\": {\"email\": \"ada@example.com\"}}}")"
mutation='mutation { optOut(subject: {email: \"curl@example.com\"}, purposes: [\"newsletter\"], channel: WEBSITE) { suppressed } }'
expect '"suppressed":true' "$(ask SERVICE "{\"query\": \"$mutation\"}")"
refused='{ subject(by: {email: \"ada@example.com\"}) { displayName } }'
expect '"code":"FORBIDDEN"' "$(ask STORE "{\"query\": \"$refused\"}")"
page='query($after: Cursor) { subjects(first: 2, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } }'
first=$(ask ADMIN "{\"query\": \"$page\"}")
expect '"hasNextPage":true' "$first"
cursor=$(printf '%s' "$first" | sed -n 's/.*"endCursor":"\([^"]*\)".*/\1/p')
expect '"edges":[{"node":{"id":"sub_' "$(ask ADMIN "{\"query\": \"$page\", \"variables\": {\"after\": \"$cursor\"}}")"
