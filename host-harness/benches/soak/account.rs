//! How often something is in the mock's account, by the mark that was written.

use lever_host::mock::Mock;
use serde_json::Value;

fn is(field: &'static str, mark: &str) -> impl Fn(&Value) -> bool {
    let mark = mark.to_owned();
    move |record| record[field] == mark.as_str()
}

fn count(records: Vec<Value>, holds: impl Fn(&Value) -> bool) -> usize {
    records.iter().filter(|record| holds(record)).count()
}

/// The ids of those records that hold this.
pub fn ids(records: Vec<Value>, holds: impl Fn(&Value) -> bool) -> Vec<String> {
    let held = records.iter().filter(|record| holds(record));
    held.filter_map(|record| record["id"].as_str().map(str::to_owned)).collect()
}

/// Notes whose text is the mark.
pub fn notes(mock: &Mock, opportunity: &str, mark: &str) -> Vec<String> {
    let holds = |note: &Value| {
        note["fields"].as_array().is_some_and(|all| all.iter().any(is("value", mark)))
    };
    ids(mock.store().notes(opportunity), holds)
}

/// Files of that name.
pub fn files(mock: &Mock, opportunity: &str, name: &str) -> Vec<String> {
    ids(mock.store().files(opportunity), is("name", name))
}

/// Panels with that note.
pub fn panels(mock: &Mock, opportunity: &str, mark: &str) -> Vec<String> {
    ids(mock.store().panels(opportunity), is("note", mark))
}

/// Interviews with that subject.
pub fn interviews(mock: &Mock, opportunity: &str, mark: &str) -> Vec<String> {
    ids(mock.store().interviews(opportunity), is("subject", mark))
}

/// Interviews at that place.
pub fn interviews_at(mock: &Mock, opportunity: &str, mark: &str) -> usize {
    count(mock.store().interviews(opportunity), is("location", mark))
}

/// Feedback with an answer that is the mark, deleted or not.
pub fn feedback(mock: &Mock, opportunity: &str, mark: &str) -> Vec<Value> {
    let holds = |form: &Value| {
        form["fields"].as_array().is_some_and(|all| all.iter().any(is("value", mark)))
    };
    mock.store().feedback(opportunity).into_iter().filter(holds).collect()
}

/// Templates of that name.
pub fn templates(mock: &Mock, mark: &str) -> Vec<String> {
    ids(mock.store().feedback_templates(), is("text", mark))
}

/// Uploads of that name.
pub fn uploads(mock: &Mock, name: &str) -> usize {
    count(mock.store().uploads(), is("filename", name))
}

/// Opportunities of people of that name.
pub fn people(mock: &Mock, name: &str) -> usize {
    let ids = mock.store().all_opportunity_ids();
    ids.iter().filter_map(|id| mock.store().opportunity(id)).filter(is("name", name)).count()
}

/// Users with this in that field.
pub fn users(mock: &Mock, field: &'static str, mark: &str) -> usize {
    count(mock.store().users(), is(field, mark))
}

/// Postings of that name.
pub fn postings(mock: &Mock, mark: &str) -> usize {
    count(mock.store().postings(), is("text", mark))
}

/// Whether the opportunity has this tag or link.
pub fn has(mock: &Mock, opportunity: &str, list: &str, mark: &str) -> usize {
    let record = mock.store().opportunity(opportunity).unwrap_or_default();
    let values = record[list].as_array().cloned().unwrap_or_default();
    values.iter().filter(|value| **value == mark).count()
}

/// Webhooks to that address.
pub fn webhooks(mock: &Mock, url: &str) -> Vec<String> {
    ids(mock.store().webhooks(), is("url", url))
}

/// A posting that can be applied to with a name and an address.
pub fn asks_little(mock: &Mock) -> Option<String> {
    let asks_little = |posting: &&Value| {
        let questions = posting["id"].as_str().and_then(|id| mock.store().apply_questions(id));
        let questions = questions.unwrap_or_default();
        let required = |fields: &Value| -> Vec<Value> {
            let all = fields.as_array().into_iter().flatten();
            all.filter(|it| it["required"] == true).map(|it| it["name"].clone()).collect()
        };
        let sets = questions["customQuestions"].as_array().into_iter().flatten();
        required(&questions["personalInformation"]) == ["fullName", "email"]
            && sets.map(|set| required(&set["fields"])).all(|names| names.is_empty())
    };
    let postings = mock.store().postings();
    let mut open = postings.iter().filter(|it| it["state"] == "published");
    open.find(asks_little).and_then(|posting| posting["id"].as_str().map(str::to_owned))
}
