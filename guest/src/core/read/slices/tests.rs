//! Whole accounts on a clock moved by hand: nothing lost, and how long it takes.

use std::rc::Rc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::bindings::exports::ats::lever::opportunities::{
    Opportunity, OpportunityPage, OpportunityQuery,
};
use crate::core::MILLISECOND;
use crate::core::send::limiter::Limiter;
use crate::core::send::scheduler::testing::{Answer, Fake, ok};
use crate::core::settings::Settings;
use crate::resources::opportunities::list_all;

const DAY: u64 = 86_400_000;
const NOW: u64 = 1_800_000_000_000;

/// An opportunity as Lever orders it.
#[derive(Clone, Debug)]
struct Row {
    id: usize,
    created_at: u64,
    stage: u64,
    advanced_at: u64,
    updated_at: Option<u64>,
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 16) % end
    }
}

/// An account of so many opportunities, created when `created_at` says.
fn account(count: usize, created_at: impl Fn(&mut Dice, usize) -> u64) -> Vec<Row> {
    with_leads(count, 4, created_at)
}

/// The same with one lead in so many opportunities.
fn with_leads(count: usize, one_in: u64, created_at: impl Fn(&mut Dice, usize) -> u64) -> Vec<Row> {
    let mut dice = Dice(7);
    let row = |id| {
        let created_at = created_at(&mut dice, id);
        // The others were moved on some day.
        let stage = if dice.below(one_in) == 0 { dice.below(3) } else { 3 + dice.below(9) };
        let moved = if stage == 0 { 0 } else { dice.below(NOW - created_at + 1) };
        Row { id, created_at, stage, advanced_at: created_at + moved, updated_at: None }
    };
    ordered((0..count).map(row).collect())
}

fn ordered(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| (row.stage, std::cmp::Reverse(row.advanced_at), row.id));
    rows
}

fn even(dice: &mut Dice, _: usize) -> u64 {
    NOW - dice.below(900 * DAY)
}

/// Half of it came on one day, by an import.
fn imported(dice: &mut Dice, id: usize) -> u64 {
    match id % 2 {
        0 => NOW - 700 * DAY - dice.below(DAY),
        _ => even(dice, id),
    }
}

/// Twice as much each year.
fn growing(dice: &mut Dice, _: usize) -> u64 {
    let years = (0..8).take_while(|_| dice.below(2) == 0).count() as u64;
    NOW - years * 365 * DAY - dice.below(365 * DAY)
}

fn answer(rows: &[Row], request: &Request) -> String {
    let value = |name: &str| {
        let pair = request.query.iter().find(|(other, _)| other == name);
        pair.and_then(|(_, value)| value.parse::<u64>().ok())
    };
    let (start, end) = (value("created_at_start"), value("created_at_end"));
    let since = value("updated_at_start");
    let fits = |row: &&Row| {
        start.is_none_or(|start| start <= row.created_at)
            && end.is_none_or(|end| row.created_at <= end)
            && since.is_none_or(|since| row.updated_at.is_some_and(|time| since <= time))
    };
    let offset = usize::try_from(value("offset").unwrap_or(0)).unwrap();
    let limit = usize::try_from(value("limit").unwrap_or(100)).unwrap();
    let fitting: Vec<&Row> = rows.iter().filter(fits).skip(offset).take(limit + 1).collect();
    let data = fitting.iter().take(limit).map(|row| {
        json!({ "id": row.id.to_string(), "createdAt": row.created_at, "stage": row.stage.to_string() })
    });
    let data: Vec<_> = data.collect();
    match fitting.len() > limit {
        true => json!({ "data": data, "next": (offset + limit).to_string() }).to_string(),
        false => json!({ "data": data }).to_string(),
    }
}

struct Seen {
    page: Result<OpportunityPage, Error>,
    seconds: f64,
    sent: Vec<String>,
}

fn scan_by(
    latency_ms: u64,
    query: &OpportunityQuery,
    answer: impl FnMut(&Request) -> Answer + 'static,
) -> Seen {
    let mut fake = Fake::new(latency_ms * MILLISECOND, answer);
    let (clock, settings, mut limiter) =
        (fake.clock.clone(), Settings::default(), Limiter::default());
    let mut client =
        Client { transport: &mut fake, clock: &clock, limiter: &mut limiter, settings: &settings };
    let page = list_all(&mut client, query.clone(), None);
    Seen { page, seconds: clock.now() as f64 / SECOND as f64, sent: fake.lines() }
}

fn scan(rows: &[Row], latency_ms: u64) -> Seen {
    let kept: Rc<[Row]> = rows.into();
    let seen = scan_by(latency_ms, &OpportunityQuery::default(), move |request| {
        ok(&answer(&kept, request))
    });
    let page = seen.page.as_ref().unwrap();
    let mut ids: Vec<usize> = page.items.iter().map(|item| item.id.parse().unwrap()).collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..rows.len()), "each once");
    seen
}

#[test]
fn the_pace_is_reached_whatever_the_latency() {
    // How long it takes beside what 20 requests at once and 10 a second allow.
    let shapes: [(&str, Vec<Row>, [f64; 3]); 4] = [
        ("leads", with_leads(20_000, 1, even), [1.01, 1.08, 1.11]),
        ("even", account(20_000, even), [1.01, 1.07, 1.11]),
        ("growing", account(20_000, growing), [1.01, 1.06, 1.09]),
        ("imported", account(20_000, imported), [1.01, 1.15, 1.16]),
    ];
    for (shape, rows, most) in &shapes {
        for (latency, most) in [50, 150, 300].into_iter().zip(most) {
            // At the end one request asks for what moved meanwhile.
            let last = (latency + 100) as f64 / 1000.0;
            let ratio = (scan(rows, latency).seconds - last) / 18.0;
            assert!(ratio >= 0.99 && ratio <= *most, "{shape} {latency} ms: {ratio}");
        }
    }
}

#[test]
fn an_account_that_is_soon_read_costs_nothing_more() {
    for (latency, count) in [(1, 20_000), (100, 3000), (150, 200), (300, 100), (300, 0)] {
        let seen = scan(&account(count, even), latency);
        let pages = count.div_ceil(100).max(1);
        let catching_up = usize::from(pages > 1);
        assert_eq!(seen.sent.len(), pages + catching_up, "{latency} ms {count}");
    }
}

#[test]
fn what_was_created_at_once_is_read_page_by_page() {
    let seen = scan(&account(2000, |_, _| NOW - DAY), 300);
    assert!(seen.sent.len() <= 30, "{}", seen.sent.len());
}

fn query(change: impl FnOnce(&mut OpportunityQuery)) -> OpportunityQuery {
    let mut query = OpportunityQuery::default();
    change(&mut query);
    query
}

#[test]
fn slices_stay_within_the_query() {
    let rows = account(3000, even);
    let (start, end) = (NOW - 600 * DAY, NOW - 100 * DAY);
    let within = rows.iter().filter(|row| (start..=end).contains(&row.created_at)).count();
    let query = query(|query| {
        query.created_at_start = Some(start);
        query.created_at_end = Some(end);
        query.tag = vec!["x".into()];
        query.include = vec!["name".into(), "createdAt".into()];
    });
    let seen = scan_by(300, &query, move |request| {
        let values = |name| request.query.iter().filter(move |(n, _)| n == name).map(|(_, v)| v);
        assert_eq!(values("tag").collect::<Vec<_>>(), ["x"]);
        // What the cuts are made by is asked for too.
        assert_eq!(values("include").collect::<Vec<_>>(), ["name", "createdAt", "stage"]);
        let time = |name| values(name).next().and_then(|value| value.parse::<u64>().ok()).unwrap();
        assert!(time("created_at_start") >= start && time("created_at_end") <= end);
        ok(&answer(&rows, request))
    });
    assert_eq!(seen.page.unwrap().items.len(), within);
    assert!(seen.sent.len() > within.div_ceil(100), "it was cut");
}

#[test]
fn a_slice_whose_cursor_has_expired_is_read_again_alone() {
    let rows = account(3000, even);
    let kept = rows.clone();
    let mut expires = true;
    let seen = scan_by(300, &OpportunityQuery::default(), move |request| {
        let names = |name| request.query.iter().any(|(other, _)| other == name);
        if names("offset") && names("created_at_start") && std::mem::take(&mut expires) {
            return Ok(Response { status: 400, ..Response::default() });
        }
        ok(&answer(&kept, request))
    });
    assert_eq!(seen.page.unwrap().items.len(), rows.len());
    assert!(seen.sent.len() < 60, "{}", seen.sent.len());
}

#[test]
fn what_fails_twice_or_for_all_is_told_with_how_far_it_got() {
    for (status, kind, most) in [(400, ErrorKind::Rejected, 60), (401, ErrorKind::Unauthorized, 25)]
    {
        let rows = account(3000, even);
        let seen = scan_by(300, &OpportunityQuery::default(), move |request| {
            match request.query.iter().any(|(name, _)| name == "offset") {
                true => Ok(Response { status, ..Response::default() }),
                false => ok(&answer(&rows, request)),
            }
        });
        let error = seen.page.unwrap_err();
        assert_eq!(error.kind, kind);
        assert!(error.message.contains("records had been read"), "{}", error.message);
        assert!(seen.sent.len() <= most, "{}", seen.sent.len());
    }
}

/// The order of the moves: what stands at these places goes to the first stage
/// before this request is answered.
type Moves = Vec<(usize, std::ops::Range<usize>)>;

/// What comes of a list of 243 with 20 on a page, or as many as there are said to
/// be, in which records move while it is read.
fn read_while_moving(
    latency_ms: u64,
    query: &OpportunityQuery,
    max_items: Option<u32>,
    moves: Moves,
) -> (Vec<(usize, String)>, Vec<String>) {
    let mut rows = account(243, even);
    let (mut requests, mut clock) = (0, NOW);
    let mut fake = Fake::new(latency_ms * MILLISECOND, move |request| {
        requests += 1;
        for (_, places) in moves.iter().filter(|(before, _)| *before == requests) {
            for row in &mut rows[places.clone()] {
                clock += 1;
                (row.stage, row.advanced_at, row.updated_at) = (0, clock, Some(clock));
            }
            rows = ordered(std::mem::take(&mut rows));
        }
        ok(&answer(&rows, request))
    });
    let (clock, settings, mut limiter) =
        (fake.clock.clone(), Settings::default(), Limiter::default());
    let mut client =
        Client { transport: &mut fake, clock: &clock, limiter: &mut limiter, settings: &settings };
    let page = list_all(&mut client, query.clone(), max_items).unwrap();
    let told = |it: &Opportunity| (it.id.parse().unwrap(), it.stage.as_ref().unwrap().id.clone());
    let mut items: Vec<(usize, String)> = page.items.iter().map(told).collect();
    items.sort_unstable();
    (items, fake.lines())
}

fn twenty() -> OpportunityQuery {
    query(|query| query.limit = Some(20))
}

#[test]
fn what_moves_to_an_earlier_stage_while_the_list_is_read_comes_once() {
    for latency in [0, 150, 300] {
        for max_items in [None, Some(1000)] {
            for after in 1..=3 {
                let moves = vec![(after + 1, 231..243)];
                let (items, _) = read_while_moving(latency, &twenty(), max_items, moves);
                let ids = items.iter().map(|(id, _)| *id);
                assert!(ids.eq(0..243), "{latency} ms, {max_items:?}, after page {after}");
                let moved = items.iter().filter(|(_, stage)| stage == "0").count();
                assert!(moved >= 12, "they are shown where they are now");
            }
        }
    }
}

#[test]
fn what_moves_while_it_is_looked_for_is_looked_for_once_more() {
    let five = query(|query| query.limit = Some(5));
    // 49 pages, and 3 of what changed, of which the last one moves to the front.
    let moves = vec![(2, 231..243), (51, 11..12)];
    let (items, sent) = read_while_moving(0, &five, None, moves);
    assert!(items.iter().map(|(id, _)| *id).eq(0..243));
    let rounds =
        sent.iter().filter(|line| line.contains("updated_at_start") && !line.contains("offset"));
    assert_eq!(rounds.count(), 2);
}

#[test]
fn a_list_that_nothing_moved_in_costs_one_request_more_and_one_page_none() {
    let (items, sent) = read_while_moving(0, &twenty(), None, Vec::new());
    assert_eq!((items.len(), sent.len()), (243, 14));
    let last = "Get /opportunities?updated_at_start=0&limit=20";
    assert_eq!(sent.last().map(String::as_str), Some(last));
    let (items, sent) = read_while_moving(0, &twenty(), Some(60), Vec::new());
    assert_eq!((items.len(), sent.len()), (60, 3), "it goes on behind the cursor");
    let one = query(|query| query.created_at_end = Some(0));
    let (items, sent) = read_while_moving(0, &one, None, Vec::new());
    assert_eq!((items.len(), sent.len()), (0, 1));
    let ended = query(|query| {
        query.limit = Some(20);
        query.updated_at_end = Some(0);
    });
    let (_, sent) = read_while_moving(0, &ended, None, vec![(1, 0..243)]);
    assert!(sent.iter().all(|line| !line.contains("updated_at_start=1")), "{sent:?}");
}

proptest! {
    /// Whatever the creation times and the latency, each record comes once.
    #[test]
    fn each_record_comes_once(
        count in 0_usize..1500,
        span in prop_oneof![Just(1_u64), 1..DAY, 1..4000 * DAY],
        latency in 0_u64..2000,
        seed: u64,
    ) {
        let rows = account(count, move |dice, id| {
            dice.0 ^= seed.wrapping_mul(id as u64 + 1);
            NOW - dice.below(span)
        });
        scan(&rows, latency);
    }
}
