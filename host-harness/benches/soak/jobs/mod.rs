//! What workers do: reads in every lane, and each kind of change with its way
//! back.

mod interviewing;
mod office;
mod opportunity;
mod reads;

pub use interviewing::template;

use serde_json::Value;

use crate::worker::Worker;

/// Does one of all jobs that the worker tries.
pub async fn next(worker: &mut Worker) {
    // What each is tried by, as often as it is to happen.
    const JOBS: [&str; 22] = [
        "opportunities.list-all",
        "opportunities.get",
        "opportunities.get-many",
        "files.download",
        "resumes.download",
        "offers.download",
        "opportunities.add-tags",
        "opportunities.archive",
        "notes.create",
        "notes.create",
        "files.upload",
        "files.upload",
        "panels.create",
        "panels.create",
        "feedback-templates.create",
        "feedback.create",
        "users.update",
        "webhooks.create",
        "webhooks.create",
        "postings.update",
        "postings.apply",
        "uploads.upload",
    ];
    let job = *worker.random.of(&JOBS);
    if !worker.tries(job) {
        return;
    }
    match job {
        "opportunities.list-all" => reads::read_lists(worker).await,
        "opportunities.get" => reads::read_one(worker).await,
        "opportunities.get-many" => reads::read_many(worker).await,
        "files.download" | "resumes.download" | "offers.download" => {
            reads::download(worker, job).await;
        }
        "opportunities.add-tags" => opportunity::tag(worker).await,
        "opportunities.archive" => opportunity::stage_and_archive(worker).await,
        "notes.create" => opportunity::note(worker).await,
        "files.upload" => opportunity::file(worker).await,
        "panels.create" => interviewing::panel(worker).await,
        "feedback-templates.create" => interviewing::template_change(worker).await,
        "feedback.create" => interviewing::feedback(worker).await,
        "users.update" => office::person(worker).await,
        "webhooks.create" => office::webhook(worker).await,
        "postings.update" => office::posting(worker).await,
        "postings.apply" => office::apply(worker).await,
        "uploads.upload" => office::upload(worker).await,
        other => unreachable!("{other} is not a job"),
    }
}

fn one(worker: &mut Worker) -> String {
    let Worker { random, own, .. } = worker;
    random.of(own).clone()
}

fn id(record: &Value) -> Option<String> {
    record["id"].as_str().map(str::to_owned)
}
