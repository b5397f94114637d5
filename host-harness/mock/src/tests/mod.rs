//! The mock driven over loopback by a client of a few lines.
//!
//! One server for each test on its own port; what the pure parts do is tested beside them.

mod access;
mod admin;
mod apply;
mod changes;
mod creation;
mod deleted;
mod documents;
mod faults;
mod feedback;
mod job_site;
mod lists;
mod oauth;
mod opportunities;
mod panels;
mod postings;
mod referrals;
mod requests;
mod requisitions;
mod seed;
mod users;

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Config, Mock};

/// `mock-api-key:` in Basic form.
const AUTH: &str = "authorization: Basic bW9jay1hcGkta2V5Og==\r\n";

/// Everything the server sends on one connection.
async fn exchange(mock: &Mock, head: &str, body: &str) -> std::io::Result<String> {
    let answer = exchange_at(mock.address, head, body.as_bytes()).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn exchange_at(address: SocketAddr, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let head = format!("{head}host: mock\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Parts of a form: what follows `form-data; ` in the disposition, and the bytes.
type Parts<'p> = &'p [(&'p str, &'p [u8])];

/// A form of these parts.
fn form(parts: Parts) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, bytes) in parts {
        let head = format!("--edge\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
    }
    body.extend(b"--edge--\r\n");
    body
}

/// Status and JSON body of a form sent with a good credential.
async fn post_form(mock: &Mock, target: &str, parts: Parts<'_>) -> (u16, Value) {
    let head = format!(
        "POST /v1{target} HTTP/1.1\r\n{AUTH}content-type: multipart/form-data; boundary=edge\r\n"
    );
    let answer = exchange_at(mock.address, &head, &form(parts)).await.unwrap();
    parsed(std::str::from_utf8(&answer).unwrap())
}

/// Head and bytes of a GET with a good credential.
async fn fetch(mock: &Mock, target: &str) -> (String, Vec<u8>) {
    let head = format!("GET /v1{target} HTTP/1.1\r\n{AUTH}");
    parted(&exchange_at(mock.address, &head, b"").await.unwrap())
}

fn parted(answer: &[u8]) -> (String, Vec<u8>) {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
}

/// The value of a header in a head.
fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Status and JSON body (null when empty) of a request with a good credential.
async fn send(mock: &Mock, method: &str, target: &str, body: &Value) -> (u16, Value) {
    let head = format!("{method} /v1{target} HTTP/1.1\r\n{AUTH}content-type: application/json\r\n");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    parsed(&exchange(mock, &head, &body).await.unwrap())
}

fn parsed(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() })
}

async fn get(mock: &Mock, target: &str) -> (u16, Value) {
    send(mock, "GET", target, &Value::Null).await
}

fn ids(body: &Value) -> Vec<String> {
    let rows = body["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// A mock without rate limit.
async fn start(config: Config) -> Mock {
    Mock::start(Config { rate: None, ..config }).await.unwrap()
}

/// The first opportunity that fits, with its id.
fn first(mock: &Mock, fits: impl Fn(&Value) -> bool) -> (String, Value) {
    let store = mock.store();
    let rows = store.opportunity_ids().into_iter();
    let mut rows = rows.map(|id| (id.clone(), store.opportunity(&id).unwrap()));
    rows.find(|(_, row)| fits(row)).unwrap()
}

/// The names of the events the last write fired.
fn fired(mock: &Mock) -> Vec<&'static str> {
    mock.service.lock().state.events.iter().map(|event| event.name).collect()
}

fn user(mock: &Mock) -> String {
    mock.store().users()[0]["id"].as_str().unwrap().to_owned()
}
