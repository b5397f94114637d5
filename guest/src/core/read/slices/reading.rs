//! What is known of a slice of time from the records read so far: how far it
//! has got, how large it is beside the others, and where to cut it.
//!
//! Lever lists opportunities by stage, and within a stage those that advanced
//! last first. A stage that is through is a fair sample of its slice in time;
//! one that has just begun shows its newest records, and how densely they lie.
//! All of this only decides what is asked for next, never what is returned.

/// Records of a stage that make it a sample.
const SAMPLE: usize = 50;

/// How far the past goes back where nobody knows: a decade.
const PAST: u64 = 10 * YEAR;

const YEAR: u64 = 365 * 86_400_000;

/// By how much a slice towards the past reaches further than the one after it,
/// in quarters, at most.
const WIDEST: u64 = 64;

/// How many records are thought to come for each that was read, at most: what
/// came at once, as by an import, says little about the time before.
const TRUSTED: u64 = 32;

/// From one creation time to another in Unix milliseconds; open where there is
/// none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub start: Option<u64>,
    /// Where the next one begins. Whether Lever counts this moment in does not
    /// matter, as repeats are dropped.
    pub end: Option<u64>,
}

impl Window {
    /// The windows between these cuts, which lie within it in order.
    pub fn cut(self, cuts: &[u64]) -> Vec<Window> {
        let mut start = self.start;
        let ends = cuts.iter().copied().map(Some).chain([self.end]);
        ends.map(|end| Window { start: std::mem::replace(&mut start, end), end }).collect()
    }

    fn holds(self, cut: u64) -> bool {
        self.start.is_none_or(|start| start < cut) && self.end.is_none_or(|end| cut < end)
    }
}

/// The stages in Lever's order, as far as they have been seen.
#[derive(Debug, Default)]
pub struct Order(Vec<String>);

impl Order {
    /// The rank of a stage; a new one comes behind the stage that was met before
    /// it.
    pub fn rank(&mut self, stage: &str, before: Option<&str>) -> usize {
        if let Some(rank) = self.known(stage) {
            return rank;
        }
        let behind = before.and_then(|stage| self.known(stage));
        let behind = behind.map_or(0, |rank| rank.saturating_add(1));
        self.0.insert(behind, stage.to_owned());
        behind
    }

    fn known(&self, stage: &str) -> Option<usize> {
        self.0.iter().position(|other| other == stage)
    }

    fn of(&self, stage: &str) -> usize {
        self.known(stage).unwrap_or_default()
    }
}

/// A slice as read so far.
#[derive(Debug)]
pub struct Reading {
    /// Of what.
    pub window: Window,
    /// Pages read.
    pub pages: usize,
    /// Creation times by stage, as they came.
    stages: Vec<(String, Vec<u64>)>,
}

impl Reading {
    /// Nothing read yet.
    pub fn of(window: Window) -> Self {
        Reading { window, pages: 0, stages: Vec::new() }
    }

    /// Takes a record.
    pub fn add(&mut self, stage: &str, created_at: u64, order: &mut Order) {
        match self.stages.iter_mut().find(|(known, _)| known == stage) {
            Some((_, times)) => times.push(created_at),
            None => {
                order.rank(stage, self.stages.last().map(|(last, _)| last.as_str()));
                self.stages.push((stage.to_owned(), vec![created_at]));
            }
        }
    }

    /// The rank of the stage it has got to.
    pub fn rank(&self, order: &Order) -> Option<usize> {
        self.stages.iter().map(|(stage, _)| order.of(stage)).max()
    }

    /// Records in the stages before this rank.
    pub fn before(&self, rank: usize, order: &Order) -> usize {
        let before = self.stages.iter().filter(|(stage, _)| order.of(stage) < rank);
        before.map(|(_, times)| times.len()).sum()
    }

    /// What was read of the stage that comes first in all slices.
    fn leads(&self, order: &Order) -> &[u64] {
        let first = self.stages.iter().find(|(stage, _)| order.of(stage) == 0);
        first.map_or(&[], |(_, times)| times)
    }

    /// Records of the stage that comes first in all slices: those read, and
    /// while that goes on those that are still thought to come.
    pub fn leading(&self, order: &Order) -> usize {
        let times = self.leads(order);
        times.len().saturating_add(self.to_come(times, order))
    }

    /// Records of the first stage that are still to come, if what is left of the
    /// time holds them as densely. So it is where they come by creation, newest
    /// first, as leads do; in any other order the first page spans all of the
    /// time already. Where the time has no beginning, as many as are believed.
    fn to_come(&self, times: &[u64], order: &Order) -> usize {
        if self.rank(order) != Some(0) {
            return 0;
        }
        let read = times.len() as u64;
        let part = self.part_of_window(times).max(1000 / TRUSTED);
        let left = read.saturating_mul(1000_u64.saturating_sub(part)).checked_div(part);
        left.and_then(|left| usize::try_from(left).ok()).unwrap_or(0)
    }

    /// How far it has got: the rank of its stage, and how far in that stage
    /// beside the others. The smallest has most before it.
    pub fn progress(&self, order: &Order) -> (Option<usize>, u64) {
        let within = match (self.stages.as_slice(), self.rank(order)) {
            ([], _) | (_, None) => 0,
            ([(_, times)], _) => self.part_of_window(times),
            (stages, Some(rank)) => {
                let here = stages.iter().filter(|(stage, _)| order.of(stage) == rank);
                let here: usize = here.map(|(_, times)| times.len()).sum();
                per_mille(here as u64, self.before(rank, order).saturating_add(1) as u64)
            }
        };
        (self.rank(order), within)
    }

    /// Which part of its time a stage that comes newest first has gone through.
    fn part_of_window(&self, times: &[u64]) -> u64 {
        let newest = self.window.end.or_else(|| times.iter().max().copied());
        match (self.window.start, times.iter().min(), newest) {
            (Some(start), Some(oldest), Some(newest)) => {
                per_mille(newest.saturating_sub(*oldest), newest.saturating_sub(start))
            }
            _ => 0,
        }
    }

    /// Where to cut it into so many slices, or fewer, of the same size as far as
    /// can be told; nowhere when its records were all created at once.
    pub fn cuts(&self, parts: usize, order: &Order) -> Vec<u64> {
        let parts = parts as u64;
        let rank = self.rank(order).unwrap_or_default();
        let through = self.stages.iter().filter(|(stage, _)| order.of(stage) < rank);
        let mut sample: Vec<u64> = through.flat_map(|(_, times)| times).copied().collect();
        if sample.len() < SAMPLE {
            sample = self.with_what_is_to_come(order);
        }
        let mut cuts: Vec<u64> = if sample.len() >= SAMPLE {
            sample.sort_unstable();
            let len = sample.len() as u64;
            let place = |part: u64| {
                usize::try_from(len.saturating_mul(part).checked_div(parts).unwrap_or_default())
            };
            // Behind a record's moment: what was created at once is read once.
            let behind = |part| Some(sample.get(place(part).ok()?)?.saturating_add(1));
            (1..parts).filter_map(behind).collect()
        } else {
            self.outward(parts)
        };
        cuts.sort_unstable();
        cuts.dedup();
        cuts.retain(|cut| self.window.holds(*cut));
        cuts
    }

    /// The records of the first stage, those to come spread evenly over the rest
    /// of the time; none where that has no ends, or is too much to be believed.
    fn with_what_is_to_come(&self, order: &Order) -> Vec<u64> {
        let (Some(start), Some(end)) = (self.window.start, self.window.end) else {
            return Vec::new();
        };
        let times = self.leads(order);
        let oldest = times.iter().min().copied().unwrap_or(start);
        let (seen, rest) = (end.saturating_sub(oldest), oldest.saturating_sub(start));
        if rest / TRUSTED > seen {
            return Vec::new();
        }
        let to_come = self.to_come(times, order) as u64;
        let step = rest.checked_div(to_come.saturating_add(1)).unwrap_or_default();
        let to_come = (1..=to_come).map(|n| start.saturating_add(n.saturating_mul(step)));
        times.iter().copied().chain(to_come).collect()
    }

    /// By time alone: evenly where what was read says something about all of it,
    /// and else ever wider into the past.
    fn outward(&self, parts: u64) -> Vec<u64> {
        let times = || self.stages.iter().flat_map(|(_, times)| times).copied();
        let (Some(oldest), Some(newest)) = (times().min(), times().max()) else {
            return Vec::new();
        };
        if oldest == newest {
            // All at once, as far as can be seen.
            return Vec::new();
        }
        let newest = self.window.end.unwrap_or(newest);
        let seen = newest.saturating_sub(oldest);
        let past = self.window.start.map_or(PAST, |start| newest.saturating_sub(start));
        if let Some(start) = self.window.start
            && seen.saturating_mul(TRUSTED) >= past
        {
            let width = past.checked_div(parts).unwrap_or_default();
            return (1..parts).map(|n| start.saturating_add(n.saturating_mul(width))).collect();
        }
        // As little wider, in quarters, as reaches so far back.
        let wider = |width: u64, quarters: u64| width.saturating_mul(quarters) / 4;
        let reaches =
            |quarters: &u64| (0..parts).fold(seen, |width, _| wider(width, *quarters)) >= past;
        let quarters = (5..WIDEST).find(reaches).unwrap_or(WIDEST);
        let mut width = seen;
        let step = |_| {
            width = wider(width, quarters);
            newest.saturating_sub(width)
        };
        (1..parts).map(step).collect()
    }
}

fn per_mille(part: u64, whole: u64) -> u64 {
    part.saturating_mul(1000).checked_div(whole.max(1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Window = Window { start: None, end: None };

    fn reading(window: Window, stages: &[(&str, &[u64])], order: &mut Order) -> Reading {
        let mut reading = Reading::of(window);
        for (stage, times) in stages {
            times.iter().for_each(|time| reading.add(stage, *time, order));
        }
        reading
    }

    #[test]
    fn windows_join_without_a_gap() {
        let window = |start, end| Window { start, end };
        let cut = OPEN.cut(&[5, 9]);
        assert_eq!(cut, [window(None, Some(5)), window(Some(5), Some(9)), window(Some(9), None)]);
        assert_eq!(OPEN.cut(&[]), [OPEN]);
    }

    #[test]
    fn a_new_stage_comes_behind_the_one_before_it() {
        let mut order = Order::default();
        let ranks = [("a", None), ("d", Some("a")), ("b", Some("a")), ("a", Some("d"))];
        let ranks = ranks.map(|(stage, before)| order.rank(stage, before));
        assert_eq!(ranks, [0, 1, 1, 0]);
        assert_eq!(order.0, ["a", "b", "d"]);
    }

    #[test]
    fn the_past_is_cut_ever_wider() {
        let mut order = Order::default();
        let now = 50 * YEAR;
        let first = reading(OPEN, &[("a", &[now, now - YEAR / 10])], &mut order);
        let cuts = first.cuts(5, &order);
        assert!(cuts.windows(3).all(|it| it[1] - it[0] > it[2] - it[1]), "{cuts:?}");
        assert!((1..10).contains(&((now - cuts[0]) / YEAR)), "{cuts:?}");
        // So is a known past, where what was read is little of it.
        let window = Window { start: Some(now - 40 * YEAR), end: Some(now) };
        let known = reading(window, &[("a", &[now, now - YEAR / 10])], &mut order);
        let cuts = known.cuts(3, &order);
        assert!(cuts[0] - (now - 40 * YEAR) > cuts[1] - cuts[0], "{cuts:?}");
    }

    #[test]
    fn a_stage_that_is_through_says_where_the_records_are() {
        let mut order = Order::default();
        let window = Window { start: Some(0), end: Some(1000) };
        // Most of them were created within a moment, as by an import.
        let mut times = vec![10, 20, 900];
        times.extend(500..600);
        let read = reading(window, &[("a", &times), ("b", &[1, 2])], &mut order);
        let cuts = read.cuts(4, &order);
        assert!(cuts.len() == 3 && cuts.iter().all(|cut| (500..600).contains(cut)), "{cuts:?}");
        let early = reading(window, &[("a", &[990, 960])], &mut order);
        let cuts = early.cuts(4, &order);
        assert!(
            cuts.iter().zip([250, 500, 750]).all(|(cut, even)| cut.abs_diff(even) < 30),
            "{cuts:?}"
        );
    }

    #[test]
    fn leads_that_come_newest_first_say_how_many_there_are() {
        let mut order = Order::default();
        let window = Window { start: Some(0), end: Some(1000) };
        // Half of the time read, a moment of it, all of it, and the stage done.
        let mut leading = |stages: &[(&str, &[u64])]| {
            let read = reading(window, stages, &mut order);
            read.leading(&order)
        };
        assert!(leading(&[("a", &[900, 700, 500])]).abs_diff(6) <= 1, "half of the time");
        assert!(leading(&[("a", &[999])]).abs_diff(32) <= 1, "a moment of it");
        assert_eq!(leading(&[("a", &[5, 900, 0])]), 3, "all of it");
        assert_eq!(leading(&[("a", &[900, 700]), ("b", &[600])]), 2, "the stage is through");
        let open = reading(OPEN, &[("a", &[900, 700])], &mut order);
        assert_eq!(open.leading(&order), 2 * 32, "nobody knows how far it goes back");
    }

    #[test]
    fn what_was_created_at_once_cannot_be_cut() {
        let mut order = Order::default();
        let same = reading(OPEN, &[("a", &[7; 100]), ("b", &[7])], &mut order);
        assert_eq!(same.cuts(4, &order), [8], "nothing is behind it");
        let narrow = Window { start: Some(7), end: Some(8) };
        let same = reading(narrow, &[("a", &[7; 100]), ("b", &[7])], &mut order);
        assert!(same.cuts(4, &order).is_empty());
    }

    #[test]
    fn the_one_that_is_behind_has_the_smallest_progress() {
        let mut order = Order::default();
        let window = Window { start: Some(0), end: Some(1000) };
        let stages: [&[(&str, &[u64])]; 5] = [
            &[],
            &[("a", &[990])],
            &[("a", &[600])],
            &[("a", &[600, 1, 1, 1]), ("b", &[1])],
            &[("a", &[600]), ("b", &[1])],
        ];
        let progress = stages.map(|stages| {
            let read = reading(window, stages, &mut order);
            read.progress(&order)
        });
        assert!(progress.is_sorted_by(|one, next| one < next), "{progress:?}");
    }
}
