//! The scopes there are, from Lever's list.
//!
//! Writing includes reading where both exist. `applications:write:admin` is not in that list and
//! named elsewhere in Lever's documentation, so it is taken.

/// How many one login may request.
pub(crate) const MAX: usize = 20;

const READ: &[&str] = &[
    "applications",
    "archive_reasons",
    "audit_events",
    "candidates",
    "contact",
    "diversity_surveys",
    "eeo_responses",
    "eeo_responses_pii",
    "feedback",
    "feedback_templates",
    "files",
    "form_templates",
    "forms",
    "groups",
    "interviews",
    "notes",
    "offers",
    "opportunities",
    "panels",
    "permissions",
    "postings",
    "referrals",
    "requisition_fields",
    "requisitions",
    "resumes",
    "roles",
    "sources",
    "stages",
    "tags",
    "tasks",
    "users",
    "webhooks",
];

const WRITE: &[&str] = &[
    "applications",
    "contact",
    "feedback",
    "feedback_templates",
    "files",
    "form_templates",
    "forms",
    "groups",
    "interviews",
    "notes",
    "opportunities",
    "panels",
    "permissions",
    "postings",
    "requisition_fields",
    "requisitions",
    "roles",
    "uploads",
    "users",
    "webhooks",
];

/// Whether there is such a scope.
pub(crate) fn is_known(scope: &str) -> bool {
    if ["offline_access", "confidential:access:admin"].contains(&scope) {
        return true;
    }
    let Some((resource, access)) = scope.strip_suffix(":admin").and_then(|it| it.split_once(':'))
    else {
        return false;
    };
    match access {
        "read" => READ.contains(&resource),
        "write" => WRITE.contains(&resource),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_resource_access_and_admin() {
        let rows = [
            ("opportunities:read:admin", true),
            ("opportunities:write:admin", true),
            ("contact:write:admin", true),
            ("contacts:read:admin", false),
            ("stages:write:admin", false),
            ("uploads:read:admin", false),
            ("uploads:write:admin", true),
            ("offline_access", true),
            ("confidential:access:admin", true),
            ("opportunities:read", false),
            ("opportunities:read:admin:admin", false),
            ("", false),
        ];
        for (scope, expected) in rows {
            assert_eq!(is_known(scope), expected, "{scope}");
        }
    }
}
