use http::Method;

use super::*;

fn wit(functions: &str) -> String {
    format!("package a:b; world w {{ export things; }} interface things {{ {functions} }}")
}

fn catalog(functions: &str) -> Result<Catalog, CatalogError> {
    Catalog::from_wit(&[("w.wit", &wit(functions))])
}

#[test]
fn the_embedded_wit_is_a_catalog() {
    let catalog = Catalog::from_wit(crate::embedded::WIT).unwrap();
    let update = catalog.function("opportunities", "update-stage").unwrap();
    assert_eq!(update.id(), "opportunities.update-stage");
    assert!(update.is_write());
    assert_eq!(update.summary, "Moves an opportunity to another stage.");
    assert!(!update.docs.contains('`') || !update.docs.contains("PUT /"), "{}", update.docs);
    let sent: Vec<_> = update.routes.iter().map(ToString::to_string).collect();
    assert_eq!(
        sent,
        ["PUT /opportunities/{opportunity}/stage", "GET /opportunities/{opportunity}"]
    );
    let names: Vec<_> = update.params.iter().map(|p| (p.name.as_str(), p.required)).collect();
    assert_eq!(names, [("opportunity", true), ("stage", true), ("perform-as", false)]);
}

#[test]
fn every_function_has_a_summary_and_every_route_its_permission() {
    for function in Catalog::embedded().functions() {
        assert!(function.summary.ends_with('.'), "{}: {:?}", function.id(), function.summary);
        for route in function.routes.iter().filter(|route| !route.is_any_path()) {
            let segments: Vec<_> = route.template.split('/').skip(1).collect();
            let found = Catalog::embedded().route(&route.method, &segments).unwrap();
            assert!(found.is_same_as(route), "{route} is found as {found}");
        }
    }
}

#[test]
fn a_literal_wins_over_a_parameter() {
    let catalog = Catalog::embedded();
    let found =
        |path: &[&str]| catalog.route(&Method::GET, path).map(|route| route.template.as_str());
    assert_eq!(found(&["opportunities", "deleted"]), Some("/opportunities/deleted"));
    assert_eq!(found(&["opportunities", "0a1b"]), Some("/opportunities/{opportunity}"));
    assert_eq!(found(&["opportunities", ""]), None);
    assert_eq!(found(&["opportunities", "a", "b", "c", "d", "e"]), None);
    assert_eq!(catalog.route(&Method::DELETE, &["opportunities", "a"]).map(|r| &r.template), None);
}

#[test]
fn the_order_of_the_routes_does_not_matter() {
    let literal = "/// A.\n///\n/// `GET /a/b` `a:read`\na: func();\n";
    let parameter = "/// B.\n///\n/// `GET /a/{x}` `a:read`\nb: func();\n";
    for functions in [[literal, parameter].concat(), [parameter, literal].concat()] {
        let catalog = catalog(&functions).unwrap();
        assert_eq!(catalog.route(&Method::GET, &["a", "b"]).unwrap().template, "/a/b");
        assert_eq!(catalog.route(&Method::GET, &["a", "c"]).unwrap().template, "/a/{x}");
    }
}

#[test]
fn any_path_is_no_route_of_its_own() {
    let catalog = Catalog::embedded();
    assert!(catalog.function("raw", "get").unwrap().reads_any_path());
    assert!(catalog.route(&Method::GET, &["surveys"]).is_none());
}

#[test]
fn a_function_without_a_route_line_is_an_error_that_names_it() {
    let error = catalog("/// Does it.\n///\n/// Quickly.\nrun: func();").unwrap_err().to_string();
    assert!(
        error.starts_with("things.run: the last line of its documentation is not a route line"),
        "{error}"
    );
    let error = catalog("run: func();").unwrap_err().to_string();
    assert!(error.starts_with("things.run: "), "{error}");
}

#[test]
fn one_request_has_one_permission() {
    let error = catalog(
        "/// A.\n///\n/// `GET /a/{x}` `a:read`\na: func();\n/// B.\n///\n/// `GET /a/{y}` `b:read`\nb: func();",
    )
    .unwrap_err()
    .to_string();
    assert_eq!(error, "things.b: `GET /a/{y}` is `b:read` here and `a:read` elsewhere");
}

#[test]
fn routes_whose_precedence_would_be_a_guess_are_refused() {
    let error = catalog(
        "/// A.\n///\n/// `GET /a/{x}/c` `a:read`\na: func();\n/// B.\n///\n/// `GET /a/b/{y}` `a:read`\nb: func();",
    )
    .unwrap_err();
    assert!(matches!(error, CatalogError::Ambiguous { .. }), "{error}");
}

#[test]
fn broken_wit_is_an_error_that_shows_the_place() {
    let error =
        Catalog::from_wit(&[("w.wit", "package a:b; interface {")]).unwrap_err().to_string();
    assert!(error.contains("w.wit"), "{error}");
}

#[test]
fn ids_are_blanked_and_fixed_words_stay() {
    let catalog = Catalog::embedded();
    assert_eq!(
        catalog.blank(&["opportunities", "1234", "notes", "jane@example.com"]),
        "/opportunities/{…}/notes/{…}"
    );
    assert_eq!(catalog.blank(&["x"; 20]), format!("{}/…", "/{…}".repeat(8)));
}

#[test]
fn every_name_that_can_be_expanded_has_the_permission_of_what_it_shows() {
    let catalog = Catalog::embedded();
    let rows = [
        ("applications", "applications"),
        ("contact", "contact"),
        ("creator", "users"),
        ("feedbackForms", "feedback"),
        ("followers", "users"),
        ("hiringManager", "users"),
        ("owner", "users"),
        ("posting", "postings"),
        ("postingHiringManager", "users"),
        ("postingOwner", "users"),
        ("postings", "postings"),
        ("referrer", "users"),
        ("sourcedBy", "users"),
        ("stage", "stages"),
        ("user", "users"),
    ];
    for (name, resource) in rows {
        let scope = catalog.expansion(name).map(ToString::to_string);
        assert_eq!(scope, Some(format!("{resource}:read")), "{name}");
    }
    for name in ["", "Contact", "contact-ref", "sourced-by", "stage,owner", "notes", "id"] {
        assert_eq!(catalog.expansion(name), None, "{name}");
    }
    let documented =
        catalog.functions().iter().flat_map(|function| &function.expand).collect::<Vec<_>>();
    assert!(documented.iter().all(|name| rows.iter().any(|(known, _)| known == name)));
    let of = |id| &catalog.function_by_id(id).unwrap().expand;
    assert_eq!(of("panels.get"), &["user", "stage"]);
    assert_eq!(of("panels.list-page"), of("panels.get"));
    assert_eq!(of("offers.list-for-many"), &["creator"]);
    assert!(of("users.get").is_empty());
}

#[test]
fn an_expansion_without_one_permission_makes_no_catalog() {
    let wit = |field: &str, names: &str, reads: &str| {
        format!(
            "record thing-ref {{ id: string }}\nrecord other-ref {{ id: string }}\n\
             record whole {{ {field} }}\nrecord q-query {{\n/// {names}\nexpand: list<string> }}\n\
             {reads}/// L.\n///\n/// `GET /wholes` `wholes:read`\nfind: func(query: q-query);\n"
        )
    };
    let read = |name: &str| {
        format!("/// R.\n///\n/// `GET /{name}s/{{{name}}}` `{name}s:read`\nget-{name}: func();\n")
    };
    let both = read("thing") + &read("other");
    let found = catalog(&wit(
        "my-thing: option<thing-ref>, all: list<other-ref>",
        "`myThing`, `all`",
        &both,
    ));
    let found = found.unwrap();
    assert_eq!(found.expansion("myThing").unwrap().to_string(), "things:read");
    assert_eq!(found.function("things", "find").unwrap().expand, ["myThing", "all"]);
    for (field, names, reads, reason) in [
        ("my-thing: thing-ref", "`other`", &both, "`expand` of `other` is not a reference"),
        ("my-thing: thing-ref", "", &read("other"), "no route `GET …/{thing}`"),
        (
            "x: thing-ref }\nrecord second { x: other-ref",
            "`x`",
            &both,
            "shows both things:read and others:read",
        ),
    ] {
        let error = catalog(&wit(field, names, reads)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
