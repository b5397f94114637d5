//! What instances take: alive and unused, and while they read.

use lever_host::audit::Audit;
use serde_json::{Value, json};

use crate::figure::{Curve, Figure, Row, Target};
use crate::rig;

pub const MIB: f64 = 1_048_576.0;

pub fn instances() -> Figure {
    const INSTANCES: u32 = 1000;
    let mut config = rig::unpaced("http://127.0.0.1:9/v1");
    config.calls = Some(INSTANCES);
    let (host, lever) = rig::host(config, Audit::none());
    let agent = rig::agent("waiting");
    let mut points = Vec::new();
    let each = rig::runtime().block_on(async {
        // The first one brings in the code that all share.
        drop(host.instance(&lever, &agent).await.expect("an instance is made"));
        let before = resident();
        let mut alive = Vec::with_capacity(INSTANCES as usize);
        for number in 1..=INSTANCES {
            alive.push(host.instance(&lever, &agent).await.expect("an instance is made"));
            if number % 100 == 0 {
                points.push((f64::from(number), (resident() - before) / MIB));
            }
        }
        (resident() - before) / f64::from(INSTANCES) / 1024.0
    });
    Figure {
        title: "Memory of instances that were made and not used",
        x: "instances alive",
        y: "MiB resident",
        rows: vec![Row::new(
            "1,000 live instances, each before its first use",
            each,
            "KiB",
            Target::AtMost(64.0),
        )],
        curves: vec![
            Curve::new("resident memory", points),
            Curve::new("target", vec![(0.0, 0.0), (1000.0, 62.5)]),
        ],
        how: "Growth of the process's resident memory, as the kernel counts it.",
    }
}

/// Resident memory of this process, in bytes.
pub fn resident() -> f64 {
    status("VmRSS:")
}

/// The most of it since [`start_of_peak`].
pub fn peak() -> f64 {
    status("VmHWM:")
}

/// Sets the peak back to what is resident now.
pub fn start_of_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("the kernel lets us");
}

fn status(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this runs on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.expect("the kernel tells it") * 1024.0
}

pub fn listing() -> Figure {
    const PAGES: usize = 1000;
    let agent = rig::agent("reader");
    let query = json!({ "limit": 100, "expand": rig::EXPAND });
    let mut paged = Vec::new();
    let mut whole = Vec::new();
    rig::runtime().block_on(async {
        // Ten pages, round and round.
        let mut bodies = rig::full_pages(11);
        bodies.truncate(10);
        let base = format!("http://{}/v1", rig::prepared(bodies));
        let (host, lever) = rig::host(rig::unpaced(&base), Audit::none());
        let mut cursor = Value::Null;
        for page in 1..=PAGES {
            let args = [query.clone(), cursor];
            let answer = host.call(&lever, &agent, "opportunities", "list-page", &args).await;
            cursor = answer.expect("pages are read")["next"].take();
            if page % 100 == 0 {
                paged.push((page as f64 / 10.0, host.most_memory() as f64 / MIB));
            }
        }
        // 20 pages are what the component's own pace lets through at once.
        for pages in [1_usize, 5, 10, 20] {
            let base = format!("http://{}/v1", rig::prepared(rig::full_pages(20)));
            let (host, lever) = rig::host(rig::unpaced(&base), Audit::none());
            let args = [query.clone(), json!(pages * 100)];
            let all = host.call(&lever, &agent, "opportunities", "list-all", &args).await;
            all.expect("pages are read");
            whole.push((pages as f64 / 10.0, host.most_memory() as f64 / MIB));
        }
    });
    let most = paged.last().map_or(0.0, |(_, most)| *most);
    Figure {
        title: "Memory of the component, reading full records (4.7 KB each)",
        x: "thousand records",
        y: "MiB at most",
        rows: vec![Row::new(
            "Peak memory of the component, 100,000 full records by list-page",
            most,
            "MiB",
            Target::AtMost(32.0),
        )],
        curves: vec![
            Curve::new("list-page", paged),
            Curve::new("list-all, which holds all", whole),
            Curve::across("target", 100.0, 32.0),
        ],
        how: "Linear memory, which never shrinks; an instance lives for one call.",
    }
}
