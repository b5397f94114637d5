//! Every known way to make a request mean one thing to the policy and another to the server.
//!
//! All of them are tried by an agent that may do everything, so that nothing but their form can
//! refuse them.

use super::*;

#[test]
fn only_the_api_itself_is_an_address() {
    let rows = [
        ("https", "api.lever.co", true),
        ("https", "api.lever.co:443", true),
        // The key would travel in clear.
        ("http", "api.lever.co", false),
        ("HTTPS", "api.lever.co", false),
        ("", "api.lever.co", false),
        ("https", "", false),
        // User information: the host is what follows the `@`.
        ("https", "api.lever.co@evil.example", false),
        ("https", "api.lever.co:443@evil.example", false),
        ("https", "user:password@api.lever.co", false),
        ("https", "@api.lever.co", false),
        // Other spellings of the same name, which a comparison elsewhere may take for another host.
        ("https", "api.lever.co.", false),
        ("https", "API.lever.co", false),
        ("https", "api.lever.co:", false),
        ("https", "api.lever.co:0443", false),
        ("https", "api.lever.co:443:443", false),
        // Other ports and hosts.
        ("https", "api.lever.co:80", false),
        ("https", "api.lever.co:8443", false),
        ("https", "api.lever.co:65979", false),
        ("https", "evil.api.lever.co", false),
        ("https", "api.lever.co.evil.example", false),
        ("https", "xapi.lever.co", false),
        ("https", "api.sandbox.lever.co", false),
        ("https", "127.0.0.1", false),
        ("https", "[::1]", false),
        ("https", "api.lever.co\\evil.example", false),
        ("https", "api.lever.co#evil.example", false),
        ("https", "api.lever.co?evil.example", false),
        ("https", "api.lever.co%2eevil.example", false),
        ("https", "api.lever.co\u{ff0e}evil.example", false),
        ("https", "api.lever.co evil.example", false),
    ];
    for (scheme, authority, expected) in rows {
        let result =
            Row { method: "GET", scheme, authority, path: "/v1/users" }.send(&almighty(), &probe());
        assert_eq!(result.is_ok(), expected, "{scheme}://{authority}: {result:?}");
        if let Err(refusal) = result {
            assert_eq!(refusal.rule, "not the API's address");
            assert!(!refusal.message.contains("password"), "{refusal}");
            assert_eq!(refusal.message.contains("user information"), authority.contains('@'));
        }
    }
}

#[test]
fn no_known_bypass_passes_even_with_every_grant() {
    let rows = [
        // Dot segments, plain and escaped: the path is judged as one and fetched as another.
        "/v1/users/../opportunities",
        "/v1/users/./",
        "/v1/users/..",
        "/v1/users/%2e%2e/opportunities",
        "/v1/users/%2E%2e/opportunities",
        "/v1/users/.%2e/opportunities",
        "/v1/users/%2e",
        "/v1/users/...",
        "/v1/users/..%20",
        "/../v1/users",
        "/v1/../v2/users",
        // Escaped separators: one segment here, two at a server that decodes first.
        "/v1/users%2fa",
        "/v1/users/a%2Fb",
        "/v1/users/a%5cb",
        "/v1/users/a\\..\\opportunities",
        // Escapes of escapes, for servers that decode twice.
        "/v1/users/a%252fb",
        "/v1/users/%252e%252e",
        "/v1/users/%25252f",
        "/v1/users/%25%32%66",
        "/v1/users/%2%35%32f",
        // Overlong UTF-8 of `/` and other bytes that are not UTF-8.
        "/v1/users/%c0%af",
        "/v1/users/%ff",
        // Path parameters, dropped by some servers.
        "/v1/users;a=b",
        "/v1/users/a;b",
        "/v1/users/a;/b",
        "/v1/users/a%3bb",
        // Empty segments: `//` may be collapsed, or taken for a host.
        "//v1/users",
        "/v1//users",
        "/v1/users//a",
        "/v1/users/",
        "//evil.example/v1/users",
        // Absolute form: a proxy, and older hosts, go where it points.
        "https://evil.example/v1/users",
        "http://api.lever.co/v1/users",
        "evil.example/v1/users",
        "",
        "*",
        // Ends of the path in disguise.
        "/v1/users/a%3fb",
        "/v1/users/a%23b",
        "/v1/users#a",
        "/v1/users?limit=1#a",
        "/v1/users/a%00",
        "/v1/users/a%0a",
        "/v1/users/a%0d%0aHost:%20evil",
        "/v1/users/a%7f",
        "/v1/users/a%c2%85",
        "/v1/users/a\0",
        "/v1/users/a\r\nX: y",
        "/v1/users/a b",
        "/v1/users/\u{e9}",
        "/v1/users/\u{ff0f}",
        "/v1/users/a|b",
        // Escapes that are none.
        "/v1/users/%",
        "/v1/users/%2",
        "/v1/users/%zz",
        "/v1/users/%+2f",
        // Not below the prefix.
        "/v1",
        "/v1/",
        "/v1x/users",
        "/v1users",
        "/v10/users",
        "/v2/users",
        "/V1/users",
        "/users",
        "/",
        // No such route.
        "/v1/unknown",
        "/v1/users/a/b",
        "/v1/opportunities/a/stage/b",
        "/v1/Users",
        "/v1/candidates",
        "/v1/{path}",
        // An id that is a fixed word of another route to a server that ignores case.
        "/v1/opportunities/Deleted",
        "/v1/opportunities/DELETED",
        "/v1/postings/%44eleted",
        // Queries that can be read in two ways.
        "/v1/users?[perform_as]=a",
        "/v1/users?perform_as=a&perform_as=b",
        "/v1/users?_method=DELETE",
        "/v1/users?a=%00",
        "/v1/users?access_token=a",
    ];
    let agent = almighty();
    for path in rows {
        let result = send(&agent, &probe(), "GET", path);
        assert!(result.is_err(), "{path:?} was admitted as {result:?}");
    }
    let long = format!("/v1/users/{}", "a".repeat(LONGEST));
    assert_eq!(
        template(send(&almighty(), &probe(), "GET", &long)),
        Err("malformed request".to_owned())
    );
}

#[test]
fn only_the_methods_of_the_catalog_are_known() {
    for method in ["get", "Get", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PROPFIND", "GETX"]
    {
        assert_eq!(
            template(send(&almighty(), &probe(), method, "/v1/users")),
            Err("unknown request".to_owned()),
            "{method}"
        );
    }
    let refusal = send(&almighty(), &probe(), "DELETE", "/v1/opportunities/abc/stage").unwrap_err();
    assert_eq!(
        refusal.message,
        "`DELETE /opportunities/{…}/stage` is not a request of the Lever API that this host knows; this path is known for PUT"
    );
    assert_eq!(refusal.route.as_deref(), Some("/opportunities/{…}/stage"));
}

#[test]
fn what_is_admitted_is_written_in_its_simplest_form() {
    let rows = [
        ("/v1/users", "/v1/users"),
        ("/v1/%75sers/%41", "/v1/users/A"),
        ("/v1/users/a%20b", "/v1/users/a%20b"),
        ("/%76%31/users?", "/v1/users"),
        ("/v1/users?limit=1&offset=%5B1%5D", "/v1/users?limit=1&offset=%5B1%5D"),
        ("/v1/stages/lead-new", "/v1/stages/lead-new"),
    ];
    for (raw, expected) in rows {
        assert_eq!(
            send(&almighty(), &probe(), "GET", raw).unwrap().path_and_query,
            expected,
            "{raw}"
        );
    }
}
