//! Files on their way through the component: what they take in memory and time.

use std::convert::Infallible;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use lever_host::audit::Audit;
use lever_host::policy::Agent;
use lever_host::runtime::{Component, Host};
use lever_host::value::Arguments;
use serde_json::{Map, Value, json};

use crate::figure::{Curve, Figure, Row, Target};
use crate::memory::{MIB, peak, resident, start_of_peak};
use crate::rig;

const SIZES: [usize; 4] = [1, 5, 15, 30];

/// What one file took: the process's peak and the component's, as multiples of
/// its size, and the time.
struct Taken {
    host: f64,
    guest: f64,
    ms: f64,
}

pub fn measure() -> Figure {
    let mut up = Vec::new();
    let mut down = Vec::new();
    for size in SIZES.map(|size| size << 20) {
        // What is sent is shared, so that the server's copy is the caller's.
        let content: Bytes = vec![b'x'; size].into();
        let served = content.clone();
        let address = rig::answering(move |request| answer(request, served.clone()));
        let base = format!("http://{address}/v1");
        // Each with a host of its own, whose instances have no memory yet.
        let run = |way: fn(&Host, &Component, &Agent, &Bytes)| {
            let (host, lever) = rig::host(rig::unpaced(&base), Audit::none());
            let mut agent = rig::agent("filer");
            agent.perform_as = Some("8d49b010-cc6a-4f40-ace5-e86061c677ed".to_owned());
            let before = resident();
            start_of_peak();
            let start = Instant::now();
            way(&host, &lever, &agent, &content);
            let ms = crate::figure::millis(start.elapsed());
            let size = size as f64;
            Taken { host: (peak() - before) / size, guest: host.most_memory() as f64 / size, ms }
        };
        let mut taken = run(upload);
        // What is uploaded was there before.
        taken.host += 1.0;
        up.push((size, taken));
        down.push((size, run(download)));
    }
    let curve = |name: &str, taken: &[(usize, Taken)], value: fn(&Taken) -> f64| {
        let points = taken.iter().map(|(size, taken)| (*size as f64 / MIB, value(taken)));
        Curve::new(name, points.collect())
    };
    let mut rows = Vec::new();
    for (name, taken) in [("Upload", &up), ("Download", &down)] {
        let (_, last) = taken.last().expect("there are sizes");
        rows.push(Row::new(
            format!("{name} of 30 MiB: peak memory of host and component together"),
            last.host,
            "x the file",
            Target::AtMost(4.0),
        ));
        rows.push(Row::new(
            "the same: the component alone",
            last.guest,
            "x the file",
            Target::AtMost(3.0),
        ));
        rows.push(Row::new("the same: time over loopback", last.ms, "ms", Target::None));
    }
    Figure {
        title: "Memory that a file takes on its way through",
        x: "MiB",
        y: "x the file",
        rows,
        curves: vec![
            curve("upload, host and component", &up, |taken| taken.host),
            curve("upload, component", &up, |taken| taken.guest),
            curve("download, host and component", &down, |taken| taken.host),
            curve("download, component", &down, |taken| taken.guest),
        ],
        how: "files.upload with the bytes beside the JSON, and files.download with its bytes set \
              apart from the JSON. The kernel's peak of resident memory over what it was before.",
    }
}

fn upload(host: &Host, lever: &Component, agent: &Agent, content: &Bytes) {
    let args = [json!("opportunity"), json!({"name": "cv.pdf", "content": {"file": "cv.pdf"}})];
    let file = |_: &Map<String, Value>| Some(Ok(content.clone()));
    let arguments = Arguments::new(&args).with_bytes(&file);
    let call = host.answer(lever, agent, "files", "upload", arguments);
    rig::runtime().block_on(call).expect("the file is uploaded");
}

fn download(host: &Host, lever: &Component, agent: &Agent, content: &Bytes) {
    let args = [json!("opportunity"), json!("file")];
    let call = host.answer(lever, agent, "files", "download", Arguments::new(&args));
    let answer = rig::runtime().block_on(call).expect("the file is downloaded");
    let came = std::cell::Cell::new(0);
    let in_place = |bytes: &Bytes| {
        assert_eq!(bytes.len(), content.len());
        came.set(came.get() + 1);
        Value::Null
    };
    serde_json::to_string(&answer.without_bytes(&in_place)).expect("it has JSON");
    assert_eq!(came.get(), 1);
}

async fn answer(
    request: hyper::Request<Incoming>,
    content: Bytes,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (parts, mut body) = request.into_parts();
    let mut size = 0;
    while let Some(Ok(frame)) = body.frame().await {
        size += frame.data_ref().map_or(0, Bytes::len);
    }
    let is_download = parts.uri.path().ends_with("/download");
    let (kind, body) = match is_download {
        true => ("application/pdf", content),
        false => {
            assert!(size > content.len(), "the form holds the file");
            let file = json!({"data": {"id": "file", "name": "cv.pdf", "size": content.len()}});
            ("application/json", file.to_string().into())
        }
    };
    let answer = hyper::Response::builder().header("content-type", kind).body(Full::new(body));
    Ok(answer.expect("the answer is sound"))
}
