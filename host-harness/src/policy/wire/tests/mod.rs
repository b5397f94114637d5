use super::*;

mod bypasses;
mod random;

fn agent(grants: &[&str]) -> Agent {
    Agent::from_grants(
        "sourcer",
        &grants.iter().map(|grant| (*grant).to_owned()).collect::<Vec<_>>(),
    )
    .unwrap()
}

/// An agent that may do all there is, so that whatever is refused is refused for the form alone.
fn almighty() -> Agent {
    let mut agent = Agent::denied("almighty");
    for resource in super::super::grants::resources(Catalog::embedded()) {
        agent.grants.add(resource, "full").unwrap();
    }
    agent.grants.add_foreign("probe", "full").unwrap();
    agent.confidential = true;
    agent
}

struct Row<'a> {
    method: &'a str,
    scheme: &'a str,
    authority: &'a str,
    path: &'a str,
}

impl Row<'_> {
    fn send(&self, agent: &Agent, call: &CallScope) -> Result<Admitted<'static>, Refusal> {
        let method = Method::from_bytes(self.method.as_bytes()).unwrap();
        agent.may_send(
            Catalog::embedded(),
            &Upstream::default(),
            call,
            &Outgoing {
                method: &method,
                scheme: self.scheme,
                authority: self.authority,
                path_and_query: self.path,
            },
        )
    }
}

fn probe() -> CallScope {
    CallScope::new("probe", "run")
}

fn send(
    agent: &Agent,
    call: &CallScope,
    method: &str,
    path: &str,
) -> Result<Admitted<'static>, Refusal> {
    Row { method, scheme: "https", authority: "api.lever.co", path }.send(agent, call)
}

fn template(result: Result<Admitted<'static>, Refusal>) -> Result<String, String> {
    result.map(|admitted| admitted.route.to_string()).map_err(|refusal| refusal.rule)
}

#[test]
fn an_id_that_equals_a_fixed_word_is_judged_as_that_word() {
    // `opportunities.get` with the id `deleted` would list all deleted opportunities.
    let get = CallScope::new("opportunities", "get");
    let agent = agent(&["opportunities=full", "foreign:probe=full"]);
    assert_eq!(
        template(send(&agent, &get, "GET", "/v1/opportunities/deleted")),
        Err("not a request of this function".to_owned())
    );
    assert_eq!(
        template(send(&agent, &get, "GET", "/v1/opportunities/%64eleted")),
        Err("not a request of this function".to_owned())
    );
    assert_eq!(
        template(send(&agent, &probe(), "GET", "/v1/opportunities/deleted")),
        Ok("GET /opportunities/deleted".to_owned())
    );
}

#[test]
fn a_function_sends_its_own_requests_only() {
    let agent = agent(&["opportunities=full", "users=full"]);
    let update = CallScope::new("opportunities", "update-stage");
    assert!(send(&agent, &update, "PUT", "/v1/opportunities/a/stage").is_ok());
    assert!(send(&agent, &update, "GET", "/v1/opportunities/a").is_ok());
    for (method, path) in [
        ("PUT", "/v1/opportunities/a/archived"),
        ("GET", "/v1/opportunities"),
        ("GET", "/v1/users"),
        ("POST", "/v1/opportunities"),
    ] {
        assert_eq!(
            template(send(&agent, &update, method, path)),
            Err("not a request of this function".to_owned()),
            "{method} {path}"
        );
    }
}

#[test]
fn a_grant_on_one_function_opens_its_requests_and_no_others() {
    let agent = agent(&["opportunities.update-stage=allow", "foreign:probe=full", "raw=read"]);
    let update = CallScope::new("opportunities", "update-stage");
    let put = send(&agent, &update, "PUT", "/v1/opportunities/a/stage").unwrap();
    assert_eq!(put.rule.as_str(), "opportunities.update-stage=allow");
    assert!(send(&agent, &update, "GET", "/v1/opportunities/a").is_ok());
    // Another function of ours gains nothing from it, `raw.get` included.
    for call in [CallScope::new("opportunities", "get"), CallScope::new("raw", "get")] {
        assert_eq!(
            template(send(&agent, &call, "GET", "/v1/opportunities/a")),
            Err("no grant for opportunities".to_owned()),
            "{call:?}"
        );
    }
    // A component that is not ours may do what the function does, and no more.
    assert!(send(&agent, &probe(), "PUT", "/v1/opportunities/a/stage").is_ok());
    assert!(send(&agent, &probe(), "PUT", "/v1/opportunities/a/archived").is_err());
    assert!(send(&agent, &probe(), "GET", "/v1/opportunities").is_err());
}

#[test]
fn raw_needs_the_permission_of_the_path_and_only_reads() {
    let raw = CallScope::new("raw", "get");
    let agent = agent(&["raw=read", "postings=read", "opportunities=full", "eeo-responses=read"]);
    let rows = [
        ("GET", "/v1/postings", Ok("GET /postings")),
        ("GET", "/v1/postings/deleted", Ok("GET /postings/deleted")),
        ("GET", "/v1/opportunities/a", Ok("GET /opportunities/{opportunity}")),
        ("GET", "/v1/eeo/responses", Ok("GET /eeo/responses")),
        ("GET", "/v1/eeo/responses/pii", Err("no grant for eeo-responses-pii")),
        ("GET", "/v1/webhooks", Err("no grant for webhooks")),
        ("PUT", "/v1/opportunities/a/stage", Err("not a request of this function")),
        ("POST", "/v1/opportunities", Err("not a request of this function")),
    ];
    for (method, path, expected) in rows {
        assert_eq!(
            template(send(&agent, &raw, method, path)),
            expected.map(str::to_owned).map_err(str::to_owned),
            "{method} {path}"
        );
    }
    // Its own permission does not open a path, not even as a grant on the function.
    let only_raw = self::agent(&["raw=full", "raw.get=allow"]);
    assert_eq!(
        template(send(&only_raw, &raw, "GET", "/v1/users")),
        Err("no grant for users".to_owned())
    );
}

#[test]
fn a_fixed_user_is_on_every_write_and_cannot_be_changed() {
    let mut agent = agent(&["opportunities=full"]);
    let update = CallScope::new("opportunities", "update-stage");
    let create = CallScope::new("opportunities", "create");
    let sent = |agent: &Agent, call: &CallScope, method: &str, path: &str| {
        send(agent, call, method, path)
            .map(|admitted| admitted.path_and_query)
            .map_err(|refusal| refusal.rule)
    };
    assert_eq!(
        sent(&agent, &update, "PUT", "/v1/opportunities/a/stage?perform_as=u"),
        Ok("/v1/opportunities/a/stage?perform_as=u".into())
    );
    agent.perform_as = Some("boss-1".to_owned());
    let rows = [
        (
            &update,
            "PUT",
            "/v1/opportunities/a/stage",
            Ok("/v1/opportunities/a/stage?perform_as=boss-1"),
        ),
        (
            &update,
            "PUT",
            "/v1/opportunities/a/stage?perform_as=boss-1",
            Ok("/v1/opportunities/a/stage?perform_as=boss-1"),
        ),
        (&update, "PUT", "/v1/opportunities/a/stage?perform_as=other", Err("perform-as")),
        (&update, "PUT", "/v1/opportunities/a/stage?perform_as=", Err("perform-as")),
        (&update, "PUT", "/v1/opportunities/a/stage?perform%5Fas=other", Err("perform-as")),
        (&update, "PUT", "/v1/opportunities/a/stage?performAs=other", Err("malformed request")),
        (&update, "GET", "/v1/opportunities/a", Ok("/v1/opportunities/a")),
        (&update, "GET", "/v1/opportunities/a?perform_as=other", Err("perform-as")),
        (&create, "POST", "/v1/opportunities?perform_as_posting_owner=true", Err("perform-as")),
        (
            &create,
            "POST",
            "/v1/opportunities?parse=false",
            Ok("/v1/opportunities?parse=false&perform_as=boss-1"),
        ),
    ];
    for (call, method, path, expected) in rows {
        assert_eq!(
            sent(&agent, call, method, path),
            expected.map(str::to_owned).map_err(str::to_owned),
            "{method} {path}"
        );
    }
}

#[test]
fn confidential_records_need_their_own_permission() {
    let list = CallScope::new("opportunities", "list-page");
    let mut agent = agent(&["opportunities=full"]);
    let ask = |agent: &Agent, value: &str| {
        send(agent, &list, "GET", &format!("/v1/opportunities?confidentiality={value}")).is_ok()
    };
    assert!(ask(&agent, "non-confidential"));
    for value in ["confidential", "all", "", "Non-Confidential", "%61ll", "non-confidential,all"] {
        assert!(!ask(&agent, value), "{value:?} was admitted");
    }
    agent.confidential = true;
    assert!(ask(&agent, "all"));
}

#[test]
fn a_refusal_never_repeats_an_id_or_a_query() {
    let agent = agent(&["foreign:probe=full"]);
    let paths = [
        "/v1/users/s3cret",
        "/v1/opportunities/s3cret/stage",
        "/v1/s3cret/x?a=s3cret",
        "/v1/users?[s3cret]=s3cret",
        "/v1/users/s3cret%",
    ];
    for path in paths {
        for method in ["GET", "PUT"] {
            let refusal = send(&agent, &probe(), method, path).unwrap_err();
            assert!(!format!("{refusal:?}").contains("s3cret"), "{refusal:?}");
        }
    }
}

#[test]
fn only_harmless_headers_pass() {
    for name in ["accept", "content-type", "user-agent"] {
        assert!(allows_header(&HeaderName::from_static(name)), "{name}");
    }
    for name in [
        "authorization",
        "cookie",
        "host",
        "x-http-method-override",
        "x-original-url",
        "forwarded",
        "x-forwarded-host",
        "transfer-encoding",
        "connection",
        "te",
        "upgrade",
        "proxy-authorization",
        "expect",
    ] {
        assert!(!allows_header(&HeaderName::from_static(name)), "{name}");
    }
}

#[test]
fn an_expansion_is_admitted_with_the_grant_of_what_it_shows() {
    let get = CallScope::new("opportunities", "get");
    let sent = |grants: &[&str], call: &CallScope, query: &str| {
        template(send(&agent(grants), call, "GET", &format!("/v1/opportunities/a?{query}")))
    };
    let foreign = &["opportunities=read", "users=read", "foreign:probe=full"];
    let admitted = Ok("GET /opportunities/{opportunity}".to_owned());
    assert_eq!(sent(foreign, &probe(), "expand=owner&expand=followers"), admitted);
    assert_eq!(sent(&["opportunities=read", "contact=read"], &get, "expand=contact"), admitted);
    for (query, rule) in [
        ("expand=contact", "no grant for contact"),
        ("expand=owner&expand=contact", "no grant for contact"),
        ("expand=%63ontact", "no grant for contact"),
        ("expand=owner,contact", "unknown expansion"),
        ("expand=Contact", "unknown expansion"),
        ("expand=", "unknown expansion"),
        ("expand=contact.emails", "unknown expansion"),
        ("expand[]=contact", "malformed request"),
        ("Expand=contact", "malformed request"),
    ] {
        for call in [&get, &probe()] {
            assert_eq!(sent(foreign, call, query), Err(rule.to_owned()), "{query}");
        }
    }
    // Off is off, for `raw.get` as well, and for a write that answers with the record.
    let off = ["opportunities=full", "contact=off", "raw=read", "foreign:probe=full"];
    assert_eq!(
        sent(&off, &CallScope::new("raw", "get"), "expand=contact"),
        Err("contact=off".to_owned())
    );
    let put = send(&agent(&off), &probe(), "PUT", "/v1/opportunities/a/stage?expand=contact");
    assert_eq!(template(put), Err("contact=off".to_owned()));
}
