//! Orders by a table, and shares and waits over long loads.

use Priority::{Bulk, Interactive};

use super::*;

fn of(letter: char) -> Priority {
    if letter.is_ascii_uppercase() { Interactive } else { Bulk }
}

/// Lines up one request for each letter; capitals are interactive ones of the agent with the small
/// letter.
fn turns(asked: &str) -> FairQueue<char> {
    let mut turns = FairQueue::default();
    for (request, letter) in asked.chars().enumerate() {
        turns.push(&letter.to_ascii_lowercase(), of(letter), request as u64);
    }
    turns
}

/// The letters in the order in which their requests go.
fn order(turns: &mut FairQueue<char>, asked: &str) -> String {
    let letters: Vec<char> = asked.chars().collect();
    std::iter::from_fn(|| turns.next(|_| true)).map(|request| letters[request as usize]).collect()
}

#[test]
fn the_order_is_as_the_table_says() {
    let rows = [
        ("one agent, one priority: as asked", "aaa", "aaa"),
        ("agents take turns, whatever each has waiting", "aaaabb", "ababaa"),
        ("interactive takes turns too", "AAABB", "ABABA"),
        ("interactive goes before bulk of others", "aaB", "Baa"),
        ("and before bulk of its own", "aaA", "Aaa"),
        ("bulk that came first waits once for those whose turn it is as well", "aBCD", "BCDa"),
        // The first of b has a's turn; three more go ahead of it.
        ("bulk is passed over three times and no more", "BBBBBBaa", "BBBBaBBa"),
        ("every fourth of one agent's is bulk", "aaaAAAAAAA", "AAAaAAAaAa"),
    ];
    for (name, asked, expected) in rows {
        assert_eq!(order(&mut turns(asked), asked), expected, "{name}");
    }
}

#[test]
fn who_may_not_go_is_not_asked_and_falls_behind_nobody() {
    let mut turns = turns("abbbb");
    assert_eq!(
        (0..3).map(|_| turns.next(|agent| *agent != 'a')).collect::<Vec<_>>(),
        [Some(1), Some(2), Some(3)]
    );
    assert_eq!(turns.next(|_| false), None);
    // Its turn is the lowest of those who waited, no lower.
    turns.push(&'a', Bulk, 5);
    turns.push(&'a', Bulk, 6);
    assert_eq!((0..4).map_while(|_| turns.next(|_| true)).collect::<Vec<_>>(), [0, 4, 5, 6]);
}

#[test]
fn a_pause_earns_nothing() {
    let mut turns = FairQueue::default();
    for request in 0..1000 {
        turns.push(&'a', Bulk, request);
    }
    for _ in 0..500 {
        turns.next(|_| true);
    }
    for request in 1000..1100 {
        turns.push(&'b', Bulk, request);
    }
    let of_b = (0..20).filter(|_| turns.next(|_| true).is_some_and(|it| it >= 1000)).count();
    assert!((9..=11).contains(&of_b), "{of_b} of 20");
}

#[test]
fn what_was_taken_out_does_not_go() {
    let mut turns = turns("aAb");
    turns.remove(&'a', Interactive, 1);
    turns.remove(&'a', Bulk, 7);
    turns.remove(&'z', Bulk, 2);
    assert_eq!(std::iter::from_fn(|| turns.next(|_| true)).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn agents_that_are_gone_are_forgotten() {
    let mut turns = FairQueue::default();
    turns.push(&0, Bulk, 0);
    for request in 1..5000 {
        turns.push(&request, Bulk, request);
        assert_eq!(turns.next(|agent| *agent != 0), Some(request));
    }
    assert!(turns.agents.len() <= REMEMBERED, "{}", turns.agents.len());
    turns.next(|_| true);
    assert!(turns.agents.is_empty());
}

/// An agent that always has this waiting.
#[derive(Clone, Copy)]
struct Greedy {
    interactive: usize,
    bulk: usize,
}

/// Gives `units` to agents that ask again at once, and counts what each gets of each priority.
fn shares(agents: &[Greedy], units: usize) -> Vec<[usize; 2]> {
    let mut turns = FairQueue::default();
    let mut asked: Vec<(usize, Priority)> = Vec::new();
    for (agent, greedy) in agents.iter().enumerate() {
        let priorities = [(Interactive, greedy.interactive), (Bulk, greedy.bulk)];
        for (priority, count) in priorities {
            for _ in 0..count {
                turns.push(&agent, priority, asked.len() as u64);
                asked.push((agent, priority));
            }
        }
    }
    let mut shares = vec![[0; 2]; agents.len()];
    for _ in 0..units {
        let request = turns.next(|_| true).expect("someone waits");
        let (agent, priority) = asked[request as usize];
        shares[agent][usize::from(priority == Bulk)] += 1;
        turns.push(&agent, priority, asked.len() as u64);
        asked.push((agent, priority));
    }
    shares
}

#[test]
fn sixteen_agents_that_want_more_than_their_share_get_the_same() {
    let kinds = [(8, 0), (0, 1), (1, 0), (0, 8), (2, 2), (1, 0), (0, 2), (1, 7)];
    let agents: Vec<Greedy> = (0..16)
        .map(|n| kinds[n % kinds.len()])
        .map(|(interactive, bulk)| Greedy { interactive, bulk })
        .collect();
    let totals: Vec<usize> = shares(&agents, 1600).iter().map(|share| share.iter().sum()).collect();
    let (least, most) = (totals.iter().min().unwrap(), totals.iter().max().unwrap());
    // A lead of eight is all that can be between them, of a hundred each.
    assert!(most - least <= LEAD as usize + 1, "{totals:?}");
}

#[test]
fn bulk_gets_its_agents_share_and_is_never_starved() {
    // Fifteen agents that only ask interactively, and one that only reads in bulk.
    let mut agents = vec![Greedy { interactive: 4, bulk: 0 }; 15];
    agents.push(Greedy { interactive: 0, bulk: 4 });
    for (units, least) in [(40, 2), (160, 9), (1600, 99)] {
        let bulk = shares(&agents, units)[15][1];
        assert!(bulk >= least, "{bulk} of {units}");
    }
    // One agent against one: three of four go ahead of it at first, and half in the end.
    let agents = [Greedy { interactive: 4, bulk: 0 }, Greedy { interactive: 0, bulk: 4 }];
    assert_eq!(shares(&agents, 13)[1][1], 3);
    assert_eq!(shares(&agents, 1000)[1][1], 496);
    // One agent that asks for both all the time.
    let [interactive, bulk] = shares(&[Greedy { interactive: 3, bulk: 3 }], 400)[0];
    assert_eq!((interactive, bulk), (300, 100));
}

#[test]
fn an_agent_that_asks_for_less_than_its_share_never_waits_for_bulk() {
    // Three scans with everything waiting, and one who asks every fifth time.
    let mut turns = FairQueue::default();
    let mut number = 0;
    let mut push = |turns: &mut FairQueue<char>, agent: char, priority| {
        turns.push(&agent, priority, number * 2 + u64::from(priority == Interactive));
        number += 1;
    };
    for agent in ['a', 'b', 'c'] {
        (0..200).for_each(|_| push(&mut turns, agent, Bulk));
    }
    for round in 0..100 {
        push(&mut turns, 'd', Interactive);
        let gone: Vec<bool> = (0..5).map(|_| turns.next(|_| true).unwrap() % 2 == 1).collect();
        assert_eq!(gone, [true, false, false, false, false], "round {round}");
    }
}

#[test]
fn passing_bulk_off_as_interactive_earns_its_lead_and_no_more() {
    let honest = Greedy { interactive: 0, bulk: 8 };
    let mut agents = vec![honest; 4];
    agents[0] = Greedy { interactive: 8, bulk: 0 };
    for units in [100, 1000, 10_000] {
        let shares = shares(&agents, units);
        let (gained, rest) = (shares[0][0], shares[1][1]);
        assert!(gained <= rest + LEAD as usize + 1, "{gained} and {rest} of {units}");
    }
}
