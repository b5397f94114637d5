use super::*;

#[tokio::test]
async fn a_fresh_token_is_handed_out_and_nobody_is_asked() {
    let (_folder, _file, fake, login) = rig().await;
    fake.wait(3299);
    assert_eq!(login.pass().await.unwrap().secret(), "access-1");
    assert_eq!(fake.received(), [""; 0]);
}

#[tokio::test]
async fn a_token_that_is_over_is_renewed_first_and_stored_before_it_is_used() {
    let (_folder, file, fake, login) = rig().await;
    fake.wait(3600);
    assert_eq!(login.pass().await.unwrap().secret(), "access-2");
    assert_eq!(fake.received(), ["refresh-1"]);
    let stored = read(&file);
    assert_eq!(stored.access_token.secret(), "access-2");
    assert_eq!(stored.refresh_token.unwrap().secret(), "refresh-2");
    assert_eq!(stored.expires_at, Some(fake.now() + 3_600_000));
    assert_eq!(login.pass().await.unwrap().secret(), "access-2");
    fake.wait(3600);
    assert_eq!(login.pass().await.unwrap().secret(), "access-3");
    assert_eq!(fake.received(), ["refresh-1", "refresh-2"]);
}

#[tokio::test]
async fn a_token_that_is_ending_is_used_while_another_is_fetched() {
    let folder = Folder::new();
    let (file, fake) = (folder.file(), Fake::closed());
    store(&file, &super::login(START, 3600)).await;
    let login = fake.open(&file).unwrap();
    fake.wait(3400);
    for _ in 0..3 {
        assert_eq!(login.pass().await.unwrap().secret(), "access-1");
    }
    fake.open_gate();
    login.settle().await;
    assert_eq!(login.pass().await.unwrap().secret(), "access-2");
    assert_eq!(fake.received(), ["refresh-1"]);
}

#[tokio::test]
async fn fifty_callers_with_four_files_open_ask_once() {
    let folder = Folder::new();
    let (file, fake) = (folder.file(), Fake::closed());
    store(&file, &super::login(START, 3600)).await;
    // Each its own, as four processes have.
    let logins: Vec<Login> = (0..4).map(|_| fake.open(&file).unwrap()).collect();
    fake.wait(4000);
    let callers: Vec<_> = (0..50)
        .map(|n| {
            let login = logins[n % 4].clone();
            tokio::spawn(async move { login.pass().await.unwrap().secret().to_owned() })
        })
        .collect();
    fake.arrival().await;
    fake.open_gate();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "access-2");
    }
    assert_eq!(fake.received(), ["refresh-1"]);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all_who_met_the_refusal() {
    let (_folder, file, fake, login) = rig().await;
    let other = fake.open(&file).unwrap();
    let refused = login.pass().await.unwrap();
    let (one, two) = tokio::join!(login.replace(&refused), login.replace(&refused));
    assert_eq!((one.unwrap().secret(), two.unwrap().secret()), ("access-2", "access-2"));
    // One that comes late finds the new token, in the same process and in another.
    assert_eq!(login.replace(&refused).await.unwrap().secret(), "access-2");
    assert_eq!(other.replace(&refused).await.unwrap().secret(), "access-2");
    assert_eq!(fake.received(), ["refresh-1"]);
}

#[tokio::test]
async fn a_token_refused_right_after_another_is_not_replaced_unless_it_was_good_before() {
    let (_folder, file, fake, login) = rig().await;
    let first = login.held();
    let second = login.replace(&first).await.unwrap();
    let error = login.replace(&second).await.unwrap_err();
    assert!(matches!(*error, LoginError::StillRefused { .. }), "{error}");
    // Another process does not know better.
    let other = fake.open(&file).unwrap();
    assert!(other.replace(&other.held()).await.is_err());
    assert_eq!(fake.received().len(), 1);
    // Accepted in between, it was taken back since.
    let third = fake.open(&file).unwrap();
    third.held().accept();
    assert_eq!(third.replace(&third.held()).await.unwrap().secret(), "access-3");
    // And a minute later it may be tried again.
    let held = login.pass().await.unwrap();
    fake.wait(60);
    assert_eq!(login.replace(&held).await.unwrap().secret(), "access-4");
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_take_the_renewal_with_it() {
    let folder = Folder::new();
    let (file, fake) = (folder.file(), Fake::closed());
    store(&file, &super::login(START, 3600)).await;
    let login = fake.open(&file).unwrap();
    fake.wait(4000);
    let waiting = tokio::spawn({
        let login = login.clone();
        async move { login.pass().await.map(drop) }
    });
    fake.arrival().await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert!(matches!(read(&file).renewal, Renewal::Asked { .. }), "it is noted down before");
    fake.open_gate();
    login.settle().await;
    assert_eq!(read(&file).refresh_token.unwrap().secret(), "refresh-2");
}

#[tokio::test]
async fn a_login_and_a_logout_of_another_process_count_at_once() {
    let (_folder, file, fake, login) = rig().await;
    let fingerprint = login.fingerprint();
    let anew = super::login(START, 3600).renewed(fresh(9), START, false);
    store(&file, &anew).await;
    assert_eq!(login.pass().await.unwrap().secret(), "access-9");
    let lock = file.lock(std::time::Duration::ZERO).await.unwrap();
    assert!(file.remove(&lock).unwrap());
    let error = login.pass().await.unwrap_err();
    assert!(matches!(*error, LoginError::LoggedOut { .. }), "{error}");
    assert!(error.to_string().contains("lever-host auth login"));
    drop(lock);
    store(&file, &anew).await;
    assert_eq!(login.pass().await.unwrap().secret(), "access-9");
    assert_eq!(login.fingerprint(), fingerprint);
    assert_eq!(fake.received(), [""; 0]);
}

#[tokio::test]
async fn a_renewal_does_not_bring_back_a_login_that_was_logged_out() {
    let (_folder, file, fake, login) = rig().await;
    fake.wait(4000);
    let lock = file.lock(std::time::Duration::ZERO).await.unwrap();
    let waiting = tokio::spawn({
        let login = login.clone();
        async move { login.pass().await.map(drop) }
    });
    tokio::task::yield_now().await;
    file.remove(&lock).unwrap();
    drop(lock);
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(*error, LoginError::LoggedOut { .. }), "{error}");
    assert!(file.read().unwrap().is_none());
    assert_eq!(fake.received(), [""; 0]);
}

#[tokio::test]
async fn a_login_for_another_api_is_not_used() {
    let (_folder, file, fake, _login) = rig().await;
    let other = "https://api.other.example/v1".parse().unwrap();
    let error = Login::with_clock(file, &other, fake.connect(), fake.clock()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("https://api.example/v1") && text.contains("other.example"), "{text}");
}
