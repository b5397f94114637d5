//! Reads in every lane, and downloads.

use serde_json::json;

use super::{id, one};
use crate::worker::Worker;

pub async fn read_lists(worker: &mut Worker) {
    let opportunity = one(worker);
    let (function, args) = match worker.random.below(9) {
        0 | 1 => ("opportunities.list-all", json!([{ "limit": 20 }, 120])),
        2 => ("notes.list-all", json!([opportunity, { "limit": 1 }])),
        3 => ("postings.list-all", json!([{ "limit": 5 }, 20])),
        4 => ("users.list-all", json!([{ "limit": 5 }])),
        5 => ("files.list-all", json!([opportunity, { "limit": 2 }])),
        6 => ("feedback-templates.list-all", json!([{ "limit": 3 }])),
        7 => ("webhooks.list-all", json!([])),
        _ => ("archive-reasons.list-all", json!([])),
    };
    worker.read(function, args).await;
}

pub async fn read_one(worker: &mut Worker) {
    let opportunity = one(worker);
    let (function, args) = match worker.random.below(6) {
        0 => ("opportunities.get", json!([opportunity])),
        1 => ("opportunities.list-page", json!([{ "limit": 10 }])),
        2 => ("stages.list-page", json!([])),
        3 => ("raw.get", json!(["/postings"])),
        // Refused by the policy, and by the guest.
        4 => ("raw.get", json!(["/requisitions"])),
        _ => ("raw.get", json!(["/.."])),
    };
    worker.read(function, args).await;
}

pub async fn read_many(worker: &mut Worker) {
    let ids = json!(worker.own);
    let (function, args) = match worker.random.below(4) {
        0 => ("opportunities.get-many", json!([ids])),
        1 => ("notes.list-for-many", json!([ids, {}])),
        2 => ("panels.list-for-many", json!([ids, {}])),
        _ => ("resumes.list-for-many", json!([ids, {}])),
    };
    worker.read(function, args).await;
}

/// Downloads by redirect.
pub async fn download(worker: &mut Worker, function: &'static str) {
    // A worker's own opportunities may have none.
    let opportunity = {
        let ids = worker.rig.mock.store().opportunity_ids();
        worker.random.of(&ids).clone()
    };
    let found = {
        let store = worker.rig.mock.store();
        let records = match function {
            "resumes.download" => store.resumes(&opportunity),
            "offers.download" => store.offers(&opportunity),
            _ => store.files(&opportunity),
        };
        records.first().and_then(id)
    };
    let Some(found) = found else { return };
    worker.stir("/storage/**");
    worker.read(function, json!([opportunity, found])).await;
}
