//! The bucket by tables, and against a server and a network that do their worst.

use Step::*;

use super::*;

const MS: u64 = 1_000_000;

enum Step {
    Take(Result<(), Wait>),
    Back(Completion),
    Exhaust(Option<u64>),
}

const ANSWERED: Step = Back(Completion::Answered);
const NOT_SENT: Step = Back(Completion::NotSent);
const LOST: Step = Back(Completion::Lost);

fn ms(n: u64) -> Wait {
    Wait::Time(Duration::from_millis(n))
}

fn try_take(bucket: &mut Bucket, now: u64) -> Result<(), Wait> {
    bucket.check(now)?;
    bucket.take();
    Ok(())
}

#[test]
fn units_come_and_go_as_the_table_says() {
    let small = Rate { per_second: 10, burst: 2 };
    let tables: &[(&str, &[(u64, Step)])] = &[
        (
            "a burst, then all are held",
            &[
                (0, Take(Ok(()))),
                (0, Take(Ok(()))),
                (0, Take(Err(Wait::Release))),
                (900, Take(Err(Wait::Release))),
            ],
        ),
        (
            "a unit drains only after its answer",
            &[
                (0, Take(Ok(()))),
                (0, Take(Ok(()))),
                (500, ANSWERED),
                (500, Take(Err(ms(100)))),
                (560, Take(Err(ms(40)))),
                (600, Take(Ok(()))),
            ],
        ),
        (
            "a request never sent costs nothing",
            &[(0, Take(Ok(()))), (0, Take(Ok(()))), (1, NOT_SENT), (1, Take(Ok(())))],
        ),
        (
            "a lost request is held for a second more and drains then",
            &[
                (0, Take(Ok(()))),
                (0, Take(Ok(()))),
                (10, LOST),
                (10, Take(Err(ms(1000)))),
                (1009, Take(Err(ms(1)))),
                (1010, Take(Err(ms(100)))),
                (1110, Take(Ok(()))),
            ],
        ),
        (
            "lost requests drain one after the other, looked at or not",
            &[
                (0, Take(Ok(()))),
                (0, Take(Ok(()))),
                (0, LOST),
                (50, LOST),
                (1199, Take(Ok(()))),
                (1199, Take(Err(ms(1)))),
                (1200, Take(Ok(()))),
            ],
        ),
        (
            "a 429 fills the bucket",
            &[
                (0, Take(Ok(()))),
                (10, Exhaust(None)),
                (10, ANSWERED),
                (10, Take(Err(ms(100)))),
                (110, Take(Ok(()))),
            ],
        ),
        (
            "retry-after is honoured beyond that",
            &[
                (0, Take(Ok(()))),
                (0, Exhaust(Some(3000))),
                (0, ANSWERED),
                (1000, Take(Err(ms(2000)))),
                (3000, Take(Ok(()))),
            ],
        ),
        (
            "a retry-after of a day is five minutes",
            &[(0, Exhaust(Some(86_400_000))), (0, Take(Err(ms(300_000)))), (300_000, Take(Ok(())))],
        ),
        (
            "time running backwards drains nothing",
            &[
                (1000, Take(Ok(()))),
                (1000, Take(Ok(()))),
                (1000, ANSWERED),
                (1000, ANSWERED),
                (0, Take(Err(ms(100)))),
            ],
        ),
    ];
    for (name, steps) in tables {
        let mut bucket = Bucket::new(small);
        for (n, (at, step)) in steps.iter().enumerate() {
            let now = at * MS;
            match step {
                Take(expected) => {
                    assert_eq!(try_take(&mut bucket, now), *expected, "{name}, step {n}");
                }
                Back(fate) => bucket.give_back(*fate, now),
                Exhaust(after) => bucket.exhaust(now, after.map(Duration::from_millis)),
            }
        }
    }
}

#[test]
fn a_refusal_always_names_a_wait_above_zero() {
    for (per_second, burst) in [(0, 0), (1, 1), (3, 7), (10, 20), (1_000_000_000, 1)] {
        let mut bucket = Bucket::new(Rate { per_second, burst });
        for step in 0..200_u64 {
            let now = step.wrapping_mul(0x9e37_79b9) % 50_000_000 + step * 1_000_000;
            if let Err(Wait::Time(wait)) = try_take(&mut bucket, now) {
                assert!(wait > Duration::ZERO);
            }
            match step % 5 {
                0 => bucket.give_back(Completion::Answered, now),
                3 => bucket.give_back(Completion::Lost, now),
                _ => {}
            }
        }
    }
}

/// Lever's side: a token bucket that counts a request when it arrives.
#[derive(Default)]
struct Server {
    level: u64,
    at: u64,
}

impl Server {
    /// Counts a request and says how full the bucket is then.
    fn count(&mut self, at: u64, cost: u64) -> u64 {
        self.level = self.level.saturating_sub(at - self.at) + cost;
        self.at = at;
        self.level
    }
}

/// What the network does to requests and answers.
#[derive(Clone, Copy, Debug)]
enum Network {
    /// Any delay, both ways.
    Random,
    /// Requests arrive at once and answers take long, or the other way round.
    Lopsided,
    /// All that is under way arrives in one moment.
    Bunched,
    /// Many calls are cut off, and what they sent arrives as late as it can.
    CutOff,
}

impl Network {
    /// When a request sent now arrives, when its fate is known, and which.
    fn carry(self, now: u64, next: &mut impl FnMut(u64) -> u64) -> (u64, u64, Completion) {
        let (there, back) = match self {
            Network::Random => (next(800 * MS), next(800 * MS)),
            Network::Lopsided if next(2) == 0 => (0, 1500 * MS),
            Network::Lopsided => (1500 * MS, 0),
            Network::Bunched => (2000 * MS - now % (2000 * MS), next(2)),
            Network::CutOff if next(3) == 0 => (next(300 * MS), next(300 * MS)),
            Network::CutOff => {
                let cut = now + next(2) * next(900 * MS);
                return (cut + nanos(DELIVERY), cut, Completion::Lost);
            }
        };
        (now + there, now + there + back, Completion::Answered)
    }
}

#[test]
fn the_server_never_overflows_whatever_the_delays() {
    let networks = [Network::Random, Network::Lopsided, Network::Bunched, Network::CutOff];
    for (seed, network) in (1..60_u64).flat_map(|seed| networks.map(|network| (seed, network))) {
        let rate =
            [Rate::ACCOUNT, Rate::APPLY, Rate { per_second: 7, burst: 3 }][seed as usize % 3];
        let cost = rate.cost();
        let mut next = random(seed);
        let mut bucket = Bucket::new(rate);
        let mut known: Vec<(u64, Completion)> = Vec::new();
        let mut arrivals = Vec::new();
        let mut now = 0;
        for _ in 0..400 {
            if next(30) == 0 {
                now += next(5000 * MS);
            }
            loop {
                known.sort_unstable_by_key(|(at, _)| *at);
                while known.first().is_some_and(|(at, _)| *at <= now) {
                    let (at, fate) = known.remove(0);
                    bucket.give_back(fate, at);
                }
                match try_take(&mut bucket, now) {
                    Ok(()) => break,
                    // As it is in truth: what becomes known first, or the time.
                    Err(Wait::Time(wait)) => {
                        let end = now + nanos(wait);
                        now = known.first().map_or(end, |(at, _)| end.min(*at));
                    }
                    Err(Wait::Release) => now = known[0].0,
                }
            }
            let (arrival, end, fate) = network.carry(now, &mut next);
            arrivals.push(arrival);
            known.push((end, fate));
        }
        arrivals.sort_unstable();
        let mut server = Server::default();
        for at in arrivals {
            let level = server.count(at, cost);
            assert!(level <= cost * u64::from(rate.burst), "{network:?}, {seed}: a 429 at {at}");
        }
    }
}

/// How full the server's bucket may be if one more request is sent: whatever was answered was
/// counted last thing, and the rest now.
fn fullest(answered: &[u64], under_way: u64, now: u64, cost: u64) -> u64 {
    let mut server = Server::default();
    for at in answered {
        server.count(*at, cost);
    }
    (0..=under_way).map(|_| server.count(now, cost)).last().unwrap_or_default()
}

#[test]
fn a_unit_is_refused_only_where_the_server_could_refuse_the_request() {
    let rate = Rate::ACCOUNT;
    let (cost, capacity) = (rate.cost(), rate.cost() * u64::from(rate.burst));
    let mut refusals = 0;
    for seed in 1..60_u64 {
        let mut next = random(seed);
        let mut bucket = Bucket::new(rate);
        let (mut answered, mut under_way, mut now) = (Vec::new(), 0, 0);
        for _ in 0..1000 {
            now += next(80 * MS);
            if under_way > 0 && next(2) == 0 {
                under_way -= 1;
                answered.push(now);
                bucket.give_back(Completion::Answered, now);
            }
            let could_be = fullest(&answered, under_way, now, cost);
            match try_take(&mut bucket, now) {
                Ok(()) => {
                    assert!(could_be <= capacity, "seed {seed}: taken at {now}");
                    under_way += 1;
                }
                Err(wait) => {
                    refusals += 1;
                    assert!(could_be > capacity, "seed {seed}: refused for nothing at {now}");
                    if let Wait::Time(wait) = wait {
                        let then = now + nanos(wait);
                        let (early, late) = (then - 1, then);
                        assert!(fullest(&answered, under_way, early, cost) > capacity);
                        assert!(fullest(&answered, under_way, late, cost) <= capacity);
                    }
                }
            }
        }
    }
    assert!(refusals > 1000, "{refusals}");
}

/// Numbers below a bound, the same for the same seed (xorshift).
fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    }
}
