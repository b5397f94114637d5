use std::time::Duration;

use super::*;

#[cfg(unix)]
#[tokio::test]
async fn file_and_directory_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let file = TokenFile::at(folder.0.join("deep").join("oauth.json"));
    store(&file, &login(START, 1)).await;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(file.path()), 0o600);
    assert_eq!(mode(file.path().parent().unwrap()), 0o700);
    assert_eq!(mode(&file.path().with_file_name("oauth.json.lock")), 0o600);
    let names: Vec<_> = std::fs::read_dir(folder.0.join("deep"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "nothing else stays: {names:?}");

    for exposed in [0o640, 0o604, 0o644] {
        std::fs::set_permissions(file.path(), PermissionsExt::from_mode(exposed)).unwrap();
        let error = file.read().unwrap_err();
        assert!(matches!(error, FileError::Exposed { .. }), "{exposed:o}: {error}");
    }
    let directory = file.path().parent().unwrap();
    for (given, good) in [(0o755, true), (0o770, false), (0o702, false), (0o1777, false)] {
        std::fs::set_permissions(directory, PermissionsExt::from_mode(given)).unwrap();
        assert_eq!(file.lock(Duration::ZERO).await.is_ok(), good, "{given:o}");
        std::fs::set_permissions(file.path(), PermissionsExt::from_mode(0o600)).unwrap();
        let read = file.read();
        let open = matches!(read, Err(FileError::Open { .. }));
        assert_eq!((read.is_ok(), open), (good, !good), "{given:o}");
    }
    std::fs::set_permissions(directory, PermissionsExt::from_mode(0o700)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_login_of_another_user_or_in_his_directory_is_not_used() {
    use std::os::unix::fs::chown;
    let folder = Folder::new();
    let file = TokenFile::at(folder.0.join("deep").join("oauth.json"));
    store(&file, &login(START, 1)).await;
    let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(file.path()).unwrap());
    for path in [file.path(), file.path().parent().unwrap()] {
        // Only root gives files away; as another user there is nothing to try.
        if chown(path, Some(54_321), None).is_err() {
            return;
        }
        let error = file.read().unwrap_err();
        assert!(matches!(error, FileError::Foreign { .. }), "{error}");
        chown(path, Some(own), None).unwrap();
    }
    file.read().unwrap();
}

#[tokio::test]
async fn one_holds_the_lock_and_others_wait_as_long_as_they_like() {
    let folder = Folder::new();
    let file = folder.file();
    let lock = file.lock(Duration::ZERO).await.unwrap();
    let error = file.lock(Duration::from_millis(30)).await.unwrap_err();
    assert!(matches!(error, FileError::Busy { .. }), "{error}");
    let waiting = tokio::spawn({
        let file = file.clone();
        async move { file.lock(Duration::from_secs(60)).await.is_ok() }
    });
    drop(lock);
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn a_text_that_was_left_half_written_does_not_count() {
    let folder = Folder::new();
    let file = folder.file();
    store(&file, &login(START, 1)).await;
    let half = folder.0.join("oauth.json.new");
    std::fs::write(&half, "{\"version\": 1, ").unwrap();
    assert_eq!(read(&file), login(START, 1));
    store(&file, &login(START, 2)).await;
    assert_eq!(read(&file), login(START, 2));
    assert!(!half.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_through_a_link() {
    let folder = Folder::new();
    let file = folder.file();
    store(&file, &login(START, 1)).await;
    let victim = folder.0.join("victim");
    std::fs::write(&victim, "mine").unwrap();
    std::os::unix::fs::symlink(&victim, folder.0.join("oauth.json.new")).unwrap();
    store(&file, &login(START, 2)).await;
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
    assert_eq!(read(&file), login(START, 2));
}

#[tokio::test]
async fn what_is_no_login_is_refused_without_quoting_it() {
    let folder = Folder::new();
    let file = folder.file();
    store(&file, &login(START, 1)).await;
    let sound = std::fs::read_to_string(file.path()).unwrap();
    let rows = [
        sound.replace("\"version\": 1", "\"version\": 2"),
        sound.replace("\"id\"", "\"ids\""),
        sound.replace("\"access-1\"", "[\"access-1\"]"),
        sound[..sound.len() / 2].to_owned(),
        "access-1".to_owned(),
        " ".repeat(70_000),
        String::new(),
    ];
    for text in rows {
        std::fs::write(file.path(), &text).unwrap();
        let error = file.read().unwrap_err();
        assert!(matches!(error, FileError::Damaged { .. }), "{error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("access-1") && !shown.contains("s3cret"), "{shown}");
    }
    std::fs::remove_file(file.path()).unwrap();
    assert!(file.read().unwrap().is_none());
}

#[test]
fn the_usual_place_is_the_users_configuration() {
    type Variables = &'static [(&'static str, &'static str)];
    let usual = |pairs: Variables| {
        let get = |name: &str| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
        };
        TokenFile::usual(get).map(|file| file.path().to_owned())
    };
    let rows: [(Variables, Option<&str>); 4] = [
        (&[("XDG_CONFIG_HOME", "/c"), ("HOME", "/h")], Some("/c/lever-host/oauth.json")),
        (&[("XDG_CONFIG_HOME", "c"), ("HOME", "/h")], Some("/h/.config/lever-host/oauth.json")),
        (&[("HOME", "/h")], Some("/h/.config/lever-host/oauth.json")),
        (&[], None),
    ];
    for (pairs, expected) in rows {
        assert_eq!(usual(pairs), expected.map(PathBuf::from), "{pairs:?}");
    }
}
