"""The mutation with which the tests issue tokens."""

ISSUE = (
    "mutation($name: String!, $roles: [Role!]!, $system: String) "
    "{ issueToken(name: $name, roles: $roles, system: $system) { secret token { id name system isApproved } } }"
)
