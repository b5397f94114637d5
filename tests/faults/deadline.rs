//! A call that its host cuts off in the middle of a write.

use std::time::Duration;

use futures_util::future::join_all;
use lever_host::audit::{Kind as Entry, Record};
use lever_host::mock::{Effect, Fault};
use lever_host::runtime::CallError;
use serde_json::json;

use super::kinds::{Call, Kind};
use crate::support::Rig;

const DOUBT: &str = "may have been made: read the record before trying again";

fn last_call(rig: &Rig) -> Record {
    let records = rig.audit.records();
    records.into_iter().rfind(|record| record.kind == Entry::Call).expect("calls are recorded")
}

/// When a call is cut off: after its request has arrived, on any machine.
const SOON: Duration = Duration::from_secs(3);

/// A rig whose calls are cut off soon, once what precedes them is done.
async fn hurried(kind: Kind, n: usize) -> (Rig, Call) {
    let mut rig = Rig::unpaced(&[]).await;
    let call = Call::new(&rig, kind, n).await;
    rig.agent.limits.call_timeout = SOON;
    (rig, call)
}

/// One for each kind, for calls beside each other: most of the time is waiting.
async fn all_hurried(kinds: impl IntoIterator<Item = Kind>) -> Vec<(Kind, Rig, Call)> {
    let mut all = Vec::new();
    for (n, kind) in kinds.into_iter().enumerate() {
        let (rig, call) = hurried(kind, n).await;
        all.push((kind, rig, call));
    }
    all
}

#[tokio::test]
async fn a_write_cut_off_by_the_deadline_is_said_to_be_in_doubt() {
    join_all(all_hurried(super::kinds::ALL).await.into_iter().map(async |(kind, rig, call)| {
        rig.mock.inject(call.hit(Fault::new(Effect::Delay(Duration::from_secs(60)))));
        let result = rig.call(kind.function(), call.args.clone()).await;
        let Err(CallError::Limit(message)) = result else { panic!("{kind:?}: {result:?}") };
        assert!(
            message.starts_with("the call took longer than its `call-timeout` of 3 s"),
            "{message}"
        );
        assert_eq!(message.contains(DOUBT), !kind.is_read(), "{kind:?}: {message}");
        let record = last_call(&rig);
        let outcome = (!kind.is_read()).then_some("unknown");
        assert_eq!((record.error.as_deref(), record.outcome.as_deref()), (Some("limit"), outcome));
        let told = "limit (the change may have been made)";
        assert_eq!(record.text.contains(told), !kind.is_read(), "{}", record.text);
        // The change was made, and once.
        assert_eq!(call.found(&rig), usize::from(!kind.is_read()), "{kind:?}");
        rig.ok("stages.list-page", json!([])).await;
    }))
    .await;
}

#[tokio::test]
async fn a_read_back_cut_off_leaves_the_change_in_doubt() {
    join_all(all_hurried(super::kinds::READING_BACK).await.into_iter().map(
        async |(kind, rig, call)| {
            rig.mock.inject(call.hit_read_back(Effect::Delay(Duration::from_secs(60))));
            let result = rig.call(kind.function(), call.args.clone()).await;
            let Err(CallError::Limit(message)) = result else { panic!("{kind:?}: {result:?}") };
            assert!(message.ends_with(DOUBT), "{kind:?}: {message}");
            assert_eq!(call.found(&rig), 1, "{kind:?}");
        },
    ))
    .await;
}

#[tokio::test]
async fn a_write_that_was_turned_down_is_not_in_doubt() {
    // Refused for now, and cut off while it waits to be sent again.
    let (rig, call) = hurried(Kind::Create, 0).await;
    let later = vec![("retry-after".to_owned(), "20".to_owned())];
    let body = lever_host::mock::Content::Empty;
    rig.mock.inject(call.hit(Fault::new(Effect::Status { code: 429, body, headers: later })));
    let result = rig.call("notes.create", call.args.clone()).await;
    let Err(CallError::Limit(message)) = result else { panic!("{result:?}") };
    assert_eq!(message, "the call took longer than its `call-timeout` of 3 s");
    assert_eq!(last_call(&rig).outcome, None);
    assert_eq!(call.found(&rig), 0);
}

#[tokio::test]
async fn a_call_that_its_caller_lets_go_of_is_recorded_in_doubt() {
    let rig = Rig::unpaced(&[]).await;
    let call = Call::new(&rig, Kind::Create, 0).await;
    rig.mock.inject(call.hit(Fault::new(Effect::Delay(Duration::from_secs(60)))));
    let has_arrived = async {
        while call.found(&rig) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        ended = rig.call("notes.create", call.args.clone()) => panic!("it ended: {ended:?}"),
        () = has_arrived => {}
    }
    let record = last_call(&rig);
    assert_eq!(record.error.as_deref(), Some("abandoned"));
    assert_eq!(record.outcome.as_deref(), Some("unknown"));
    assert_eq!(call.found(&rig), 1);
}

#[tokio::test]
async fn a_write_whose_answer_takes_all_memory_is_said_to_be_in_doubt() {
    let mut rig = Rig::unpaced(&[]).await;
    let call = Call::new(&rig, Kind::Create, 0).await;
    rig.agent.limits.memory = 16 << 20;
    rig.mock.inject(call.hit(Fault::new(Effect::EndlessBody)));
    let result = rig.call("notes.create", call.args.clone()).await;
    let Err(CallError::Limit(message)) = result else { panic!("{result:?}") };
    assert!(message.contains("memory") && message.ends_with(DOUBT), "{message}");
    assert_eq!(call.found(&rig), 1);
    rig.ok("stages.list-page", json!([])).await;
}
