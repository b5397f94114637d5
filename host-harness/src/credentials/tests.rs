use super::*;

fn environment<'a>(pairs: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
    |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())
}

#[test]
fn a_key_is_sent_as_basic_and_a_token_as_bearer() {
    let key = Credential::api_key("abc123").unwrap().authorization();
    assert_eq!(key, "Basic YWJjMTIzOg==");
    assert!(key.is_sensitive());
    assert_eq!(Credential::access_token("a.b-c_d").unwrap().authorization(), "Bearer a.b-c_d");
}

#[test]
fn nothing_prints_the_secret() {
    let credential = Credential::api_key("s3cret").unwrap();
    let printed = format!("{credential:?} {credential:#?} {:?}", credential.authorization());
    assert!(!printed.contains("s3cret") && !printed.contains("czNjcmV0"), "{printed}");
    assert!(printed.contains("[redacted]"));
    for bad in ["s3cret with blank", "s3cret\n", "\"s3cret\"", "s3cret:x", "s3crét"] {
        let error = Credential::api_key(bad).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cr"), "{error:?}");
    }
}

#[test]
fn the_environment_gives_one_credential_or_none() {
    let from = |pairs: &[(&str, &str)]| Credential::from_environment(environment(pairs));
    assert!(from(&[]).unwrap().is_none());
    assert!(from(&[(API_KEY, "")]).unwrap().is_none());
    assert_eq!(from(&[(API_KEY, "k")]).unwrap().unwrap().authorization(), "Basic azo=");
    assert_eq!(
        from(&[(API_KEY, ""), (ACCESS_TOKEN, "t")]).unwrap().unwrap().authorization(),
        "Bearer t"
    );
    assert!(matches!(from(&[(API_KEY, "k"), (ACCESS_TOKEN, "t")]), Err(CredentialError::Both)));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_an_error_and_not_unset() {
    use std::os::unix::ffi::OsStringExt;
    for name in [API_KEY, ACCESS_TOKEN] {
        let get = |asked: &str| (asked == name).then(|| OsString::from_vec(b"s3cret\xff".to_vec()));
        let error = Credential::from_environment(get).unwrap_err();
        assert!(matches!(error, CredentialError::NotText { .. }), "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(name) && !text.contains("s3cret"), "{text}");
    }
}

#[test]
fn fingerprints_tell_credentials_apart() {
    let key = Credential::api_key("a").unwrap();
    assert_eq!(key.fingerprint(), Credential::api_key("a").unwrap().fingerprint());
    assert_ne!(key.fingerprint(), Credential::api_key("b").unwrap().fingerprint());
    assert_ne!(key.fingerprint(), Credential::access_token("a").unwrap().fingerprint());
}

#[test]
fn a_file_holds_one_credential_in_one_of_three_forms() {
    let path = Path::new("key");
    let rows = [
        ("abc==\n", Some("Basic YWJjPT06")),
        ("# mine\n\nLEVER_API_KEY=abc\n", Some("Basic YWJjOg==")),
        ("LEVER_API_KEY=abc==", Some("Basic YWJjPT06")),
        ("LEVER_ACCESS_TOKEN=abc\r\n", Some("Bearer abc")),
        ("", None),
        ("# nothing\n", None),
        ("LEVER_API_KEY=", None),
        ("LEVER_API_KEY=\"abc\"", None),
        ("OTHER=abc", None),
        ("export LEVER_API_KEY=abc", None),
        ("abc\ndef", None),
    ];
    for (text, expected) in rows {
        let result = Credential::from_text(text, path);
        match expected {
            Some(header) => assert_eq!(result.unwrap().authorization(), header, "{text:?}"),
            None => assert!(!result.unwrap_err().to_string().contains("abc"), "{text:?}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::temp_dir().join(format!("lever-host-credential-{}", std::process::id()));
    std::fs::write(&path, "abc").unwrap();
    let with_mode = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        Credential::from_file(&path)
    };
    for mode in [0o604, 0o644] {
        let error = with_mode(mode).unwrap_err();
        assert!(matches!(error, CredentialError::Exposed { .. }), "{mode:o}: {error}");
    }
    for mode in [0o620, 0o666] {
        let error = with_mode(mode).unwrap_err();
        assert!(error.to_string().contains("others can change it"), "{mode:o}: {error}");
    }
    // The group is one of this process's own.
    for mode in [0o600, 0o400, 0o640, 0o440] {
        assert_eq!(with_mode(mode).unwrap().secret(), "abc", "{mode:o}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Credential::from_file(&path), Err(CredentialError::Read { .. })));
    assert!(Credential::from_file(std::env::temp_dir()).is_err());
}
