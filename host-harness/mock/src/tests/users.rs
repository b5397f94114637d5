//! Users over loopback: created, replaced, taken out of service and back.

use serde_json::{Value, json};

use super::{get, send, start};
use crate::Config;

#[tokio::test]
async fn a_user_is_made_an_interviewer_unless_told_otherwise() {
    let mock = start(Config::default()).await;
    let manager = mock.store().users()[0]["id"].clone();
    let body = json!({"name": "Vera Lund", "email": "vera.lund@harborlight.example"});
    let (status, answer) = send(&mock, "POST", "/users", &body).await;
    assert_eq!(status, 201);
    let user = &answer["data"];
    assert_eq!(
        (&user["accessRole"], &user["username"]),
        (&json!("interviewer"), &json!("vera.lund"))
    );
    assert_eq!((&user["deactivatedAt"], &user["linkedContactIds"]), (&Value::Null, &Value::Null));
    assert!(mock.store().users().contains(user));
    let whole = json!({
        "name": "Ola Berg", "email": "ola@harborlight.example", "accessRole": "admin",
        "externalDirectoryId": "HL-9", "jobTitle": "Recruiter", "managerId": manager,
    });
    let (_, answer) = send(&mock, "POST", "/users", &whole).await;
    for (name, value) in whole.as_object().unwrap() {
        assert_eq!(&answer["data"][name], value, "{name}");
    }
    let wrong = json!({"name": "A", "email": "a@x.example", "manager": manager});
    let (_, answer) = send(&mock, "POST", "/users", &wrong).await;
    assert_eq!(answer["data"]["managerId"], Value::Null);
    assert_eq!(mock.requests().pop().unwrap().unknown_body, ["/manager"]);
}

#[tokio::test]
async fn a_user_who_makes_no_sense_is_refused_by_field() {
    let mock = start(Config::default()).await;
    let rows = [
        (json!({"email": "x@x.example"}), "Required field is missing. at /name"),
        (json!({"name": "X"}), "Required field is missing. at /email"),
        (json!({"name": "X", "email": "x"}), "Must be an email address. at /email"),
        (
            json!({"name": "X", "email": "MIRA.okafor@harborlight.example"}),
            "A user already exists with that email address. at /email",
        ),
        (
            json!({"name": "X", "email": "x@x.example", "accessRole": "boss"}),
            "Access role was not found. at /accessRole",
        ),
        (
            json!({"name": "X", "email": "x@x.example", "managerId": "x"}),
            "User was not found. at /managerId",
        ),
    ];
    let before = mock.store().users().len();
    for (body, message) in rows {
        let (status, answer) = send(&mock, "POST", "/users", &body).await;
        assert_eq!((status, &answer["message"]), (400, &json!(message)), "{body}");
    }
    assert_eq!(mock.store().users().len(), before);
}

#[tokio::test]
async fn a_change_resets_what_it_leaves_out() {
    let mock = start(Config::default()).await;
    let before = mock.store().users()[0].clone();
    let target = format!("/users/{}", before["id"].as_str().unwrap());
    let body = json!({"name": "Mira O.", "email": before["email"], "accessRole": "super admin"});
    let (status, answer) = send(&mock, "PUT", &target, &body).await;
    let user = &answer["data"];
    assert_eq!((status, &user["name"]), (200, &json!("Mira O.")));
    for name in ["externalDirectoryId", "jobTitle", "managerId", "photo", "linkedContactIds"] {
        assert_eq!(user[name], Value::Null, "{name}");
    }
    for name in ["id", "createdAt", "username", "deactivatedAt"] {
        assert_eq!(user[name], before[name], "{name}");
    }
    let contact = mock.service.lock().state.contacts.keys().next().unwrap().clone();
    let whole = json!({
        "name": "Mira", "email": "mira@harborlight.example", "accessRole": "admin",
        "photo": "https://x.example", "linkedContactIds": [contact],
    });
    let (_, answer) = send(&mock, "PUT", &target, &whole).await;
    assert_eq!(answer["data"]["linkedContactIds"], json!([contact]));
    let other = mock.store().users()[1]["email"].clone();
    let bad = [
        json!({"name": "M", "email": "m@x.example"}),
        json!({"email": "m@x.example", "accessRole": "admin"}),
        json!({"name": "M", "email": other, "accessRole": "admin"}),
        json!({"name": "M", "email": "m@x.example", "accessRole": "admin", "linkedContactIds": ["x"]}),
    ];
    for body in bad {
        assert_eq!(send(&mock, "PUT", &target, &body).await.0, 400, "{body}");
    }
    assert_eq!(get(&mock, &target).await.1, answer);
}

#[tokio::test]
async fn an_interviewer_follows_nobody() {
    let mock = start(Config::default()).await;
    let mira = mock.store().users()[0].clone();
    let id = mira["id"].as_str().unwrap();
    let follows = || {
        let inner = mock.service.lock();
        let rows = inner.state.opportunities.values();
        rows.filter(|row| row.followers.iter().any(|it| it == id)).count()
    };
    assert!(follows() > 0);
    let body = json!({"name": mira["name"], "email": mira["email"], "accessRole": "interviewer"});
    send(&mock, "PUT", &format!("/users/{id}"), &body).await;
    assert_eq!(follows(), 0);
}

#[tokio::test]
async fn a_user_goes_out_of_service_and_comes_back() {
    let mock = start(Config::default()).await;
    let id = mock.store().users()[1]["id"].as_str().unwrap().to_owned();
    let target = format!("/users/{id}");
    let out = format!("{target}/deactivate");
    let (status, first) = send(&mock, "POST", &out, &Value::Null).await;
    assert!(status == 200 && first["data"]["deactivatedAt"].is_u64());
    assert_eq!(send(&mock, "POST", &out, &Value::Null).await.1, first);
    assert_eq!(get(&mock, &target).await.0, 404);
    let (status, back) = send(&mock, "POST", &format!("{target}/reactivate"), &Value::Null).await;
    assert_eq!((status, &back["data"]["deactivatedAt"]), (200, &Value::Null));
    assert_eq!(get(&mock, &target).await.1, back);
    assert_eq!(send(&mock, "POST", "/users/x/deactivate", &Value::Null).await.0, 404);
}
