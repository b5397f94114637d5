use std::time::Duration;

use super::*;

fn not_done(wait: Option<u64>) -> Result<Token, Failure> {
    let message = "Lever answered 500".to_owned();
    Err(Failure::NotDone { message, wait: wait.map(Duration::from_secs) })
}

fn lost() -> Result<Token, Failure> {
    Err(Failure::Lost { message: "the connection broke".to_owned() })
}

fn refused(code: &str) -> Result<Token, Failure> {
    Err(Failure::Refused { code: code.to_owned(), message: format!("it said {code}") })
}

#[tokio::test]
async fn a_server_that_fails_costs_nothing_while_the_token_is_good() {
    let (_folder, file, fake, login) = rig().await;
    fake.will(not_done(None));
    fake.wait(3400);
    assert_eq!(login.pass().await.unwrap().secret(), "access-1");
    login.settle().await;
    // Not asked again at once.
    assert_eq!(login.pass().await.unwrap().secret(), "access-1");
    login.settle().await;
    assert_eq!(fake.received(), ["refresh-1"]);
    assert_eq!(read(&file).refresh_token.unwrap().secret(), "refresh-1");
    fake.wait(5);
    assert_eq!(login.pass().await.unwrap().secret(), "access-1");
    login.settle().await;
    assert_eq!(login.pass().await.unwrap().secret(), "access-3");
}

#[tokio::test]
async fn a_new_refresh_token_is_kept_beside_an_access_token_that_cannot_be_sent() {
    for access in ["", "two words", "line\nbreak"] {
        let (_folder, file, fake, login) = rig().await;
        fake.will(Ok(token(access, Some("refresh-2"), 3600)));
        fake.wait(4000);
        let error = login.pass().await.unwrap_err();
        assert!(matches!(*error, LoginError::Failed { .. }), "{error}");
        assert!(error.to_string().contains("refresh token is kept"), "{error}");
        let stored = read(&file);
        assert_eq!(stored.refresh_token.as_ref().unwrap().secret(), "refresh-2");
        assert!(!stored.is_dead(fake.now()));
        fake.wait(5);
        assert_eq!(login.pass().await.unwrap().secret(), "access-3");
        assert_eq!(fake.received(), ["refresh-1", "refresh-2"], "{access:?}");
    }
    // Without a new one, nobody knows whether the old one is used up.
    let (_folder, _file, fake, login) = rig().await;
    fake.will(Ok(token("two words", None, 3600)));
    fake.wait(4000);
    let error = login.pass().await.unwrap_err();
    assert!(matches!(*error, LoginError::InDoubt { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_fails_is_left_alone_for_a_while_by_everybody() {
    let (_folder, file, fake, login) = rig().await;
    let other = fake.open(&file).unwrap();
    fake.will(not_done(None));
    fake.will(not_done(Some(60)));
    fake.wait(4000);
    for login in [&login, &login, &other] {
        let error = login.pass().await.unwrap_err();
        assert!(matches!(*error, LoginError::Failed { .. }), "{error}");
    }
    assert_eq!(fake.received().len(), 1);
    fake.wait(5);
    assert!(other.pass().await.is_err());
    fake.wait(59);
    assert!(login.pass().await.is_err());
    assert_eq!(fake.received().len(), 2);
    fake.wait(1);
    assert_eq!(login.pass().await.unwrap().secret(), "access-4");
    assert_eq!(other.pass().await.unwrap().secret(), "access-4");
}

#[tokio::test]
async fn a_pause_of_a_clock_that_was_wrong_does_not_last() {
    let (_folder, file, fake, _login) = rig().await;
    let far = START + 9_999_999_999;
    store(&file, &super::login(START - 9_000_000, 3600).with(Renewal::Failed { until: far })).await;
    assert_eq!(fake.open(&file).unwrap().pass().await.unwrap().secret(), "access-2");
}

#[tokio::test]
async fn an_ended_grant_says_to_log_in_and_is_not_tried_again() {
    let (_folder, file, fake, login) = rig().await;
    fake.will(refused("invalid_grant"));
    fake.wait(4000);
    for login in [&login, &login, &fake.open(&file).unwrap()] {
        let error = login.pass().await.unwrap_err();
        assert!(matches!(*error, LoginError::Ended { .. }), "{error}");
        assert!(error.to_string().contains("lever-host auth login"), "{error}");
    }
    fake.wait(100_000);
    assert!(login.pass().await.is_err());
    assert!(login.renew().await.is_err(), "not even when told to");
    assert_eq!(fake.received(), ["refresh-1"]);
    assert!(read(&file).is_dead(fake.now()));
}

#[tokio::test]
async fn an_ended_grant_does_not_spoil_a_token_that_is_good() {
    let (_folder, _file, fake, login) = rig().await;
    fake.will(refused("invalid_grant"));
    fake.wait(3400);
    for _ in 0..3 {
        assert_eq!(login.pass().await.unwrap().secret(), "access-1");
        login.settle().await;
    }
    assert_eq!(fake.received(), ["refresh-1"]);
    // Once it is refused, there is none.
    let error = login.replace(&login.held()).await.unwrap_err();
    assert!(matches!(*error, LoginError::Ended { .. }), "{error}");
}

#[tokio::test]
async fn a_refused_application_keeps_the_login() {
    let (_folder, file, fake, login) = rig().await;
    fake.will(refused("invalid_client"));
    fake.wait(4000);
    let error = login.pass().await.unwrap_err();
    assert!(matches!(*error, LoginError::App { .. }), "{error}");
    assert!(error.to_string().contains("invalid_client"), "{error}");
    assert!(!read(&file).is_dead(fake.now()));
    fake.wait(5);
    assert_eq!(login.pass().await.unwrap().secret(), "access-3");
}

#[tokio::test]
async fn a_lost_answer_leaves_doubt_and_the_refresh_token_is_not_sent_again() {
    let (_folder, file, fake, login) = rig().await;
    fake.will(lost());
    fake.wait(3400);
    assert_eq!(login.pass().await.unwrap().secret(), "access-1");
    login.settle().await;
    // The old token goes on to its end, in every process.
    let other = fake.open(&file).unwrap();
    assert_eq!(other.pass().await.unwrap().secret(), "access-1");
    other.settle().await;
    fake.wait(200);
    for login in [&login, &other, &fake.open(&file).unwrap()] {
        let error = login.pass().await.unwrap_err();
        let LoginError::InDoubt { at, .. } = &*error else { panic!("{error}") };
        assert_eq!(*at, START + 3_400_000);
    }
    assert_eq!(fake.received(), ["refresh-1"]);
    // Somebody who knows what it means may.
    assert_eq!(login.renew().await.unwrap().secret(), "access-3");
    assert_eq!(fake.received(), ["refresh-1", "refresh-1"]);
    assert_eq!(other.pass().await.unwrap().secret(), "access-3");
}

#[tokio::test]
async fn a_process_that_died_in_a_renewal_leaves_the_same_doubt() {
    let (_folder, file, fake, _login) = rig().await;
    store(&file, &super::login(START - 4_000_000, 3600).with(Renewal::Asked { at: START })).await;
    let error = fake.open(&file).unwrap().pass().await.unwrap_err();
    assert!(error.to_string().contains("2026-01-01T00:00:00Z"), "{error}");
    assert_eq!(fake.received(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_holds_nobody_for_ever() {
    let folder = Folder::new();
    let (file, fake) = (folder.file(), Fake::closed());
    store(&file, &super::login(START, 3600)).await;
    let login = fake.open(&file).unwrap();
    fake.wait(4000);
    let start = tokio::time::Instant::now();
    let own = tokio::time::timeout(Duration::from_secs(2), login.pass()).await;
    assert!(own.is_err(), "a caller has its own time");
    let error = login.pass().await.unwrap_err();
    assert!(matches!(*error, LoginError::InDoubt { .. }), "{error}");
    assert!(error.to_string().contains("no answer within 35 s"), "{error}");
    assert!(start.elapsed() <= Duration::from_secs(36));
}

#[tokio::test]
async fn a_login_without_a_refresh_token_ends_with_its_access_token() {
    let (_folder, file, fake, _login) = rig().await;
    let mut bare = super::login(START, 3600);
    bare.refresh_token = None;
    store(&file, &bare).await;
    let login = fake.open(&file).unwrap();
    fake.wait(3599);
    assert!(login.pass().await.is_ok());
    login.settle().await;
    fake.wait(1);
    let error = login.pass().await.unwrap_err();
    assert!(error.to_string().contains("offline_access"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn tokens_that_cannot_be_stored_are_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let (file, fake) = (folder.file(), Fake::closed());
    store(&file, &super::login(START, 3600)).await;
    let login = fake.open(&file).unwrap();
    fake.wait(4000);
    let waiting = tokio::spawn({
        let login = login.clone();
        async move { login.pass().await }
    });
    fake.arrival().await;
    // The name that new text is written under is taken by what cannot be removed like a file.
    std::fs::create_dir(folder.0.join("oauth.json.new")).unwrap();
    fake.open_gate();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(*error, LoginError::NotStored { .. }), "{error}");
    assert!(login.pass().await.is_err());
    assert_eq!(fake.received(), ["refresh-1"]);
    let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_record_that_cannot_be_written_fails_the_call_and_costs_no_token() {
    let (_folder, file, fake, login) = rig().await;
    *fake.0.audit.lock().unwrap() = Some(Audit::to_file("/dev/full").unwrap());
    fake.wait(4000);
    let error = login.pass().await.unwrap_err();
    assert!(matches!(*error, LoginError::Audit(_)), "{error}");
    assert_eq!(read(&file).refresh_token.unwrap().secret(), "refresh-2");
    assert_eq!(login.pass().await.unwrap().secret(), "access-2");
    assert_eq!(fake.received(), ["refresh-1"]);
}

#[tokio::test]
async fn no_error_holds_a_secret() {
    let (_folder, file, fake, login) = rig().await;
    let secrets = ["access-1", "refresh-1", "client-s3cret"];
    for answer in [not_done(None), lost(), refused("invalid_client"), refused("invalid_grant")] {
        store(&file, &super::login(START - 9_000_000, 3600)).await;
        fake.will(answer);
        let error = login.pass().await.unwrap_err();
        let text = format!("{error} {error:?} {login:?} {:?}", login.held());
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    }
}
