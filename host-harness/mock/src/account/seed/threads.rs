//! Seeded notes: threads with comments, secret ones, scored ones, most made in the product.
//!
//! Which opportunities have any is fixed by the seed.

use super::DAY;
use super::words::COMMENTS;
use crate::account::state::{Comment, Note, State, text};

/// Adds the notes of an account whose opportunities are all there.
pub(crate) fn add(state: &mut State, epoch: u64) {
    let rows: Vec<_> = state.opportunities.values().cloned().collect();
    for row in rows {
        let random = &mut state.random;
        let threads = if random.chance(35) { 1 + random.below(3) } else { 0 };
        for _ in 0..threads {
            let author = random.pick(&state.users).map(|user| text(user, "id").to_owned());
            let start = row.created_at + random.below(epoch.saturating_sub(row.created_at));
            let mut comments: Vec<Comment> = Vec::new();
            for n in 0..=random.below(4) {
                let user = random.pick(&state.users).map(|user| text(user, "id").to_owned());
                comments.push(Comment {
                    value: random.word(&COMMENTS).to_owned(),
                    created_at: start + n * (DAY / 24),
                    user: if n == 0 { author.clone() } else { user },
                    score: random.chance(15).then(|| 1 + random.below(4)),
                    stage: row.stage.clone(),
                });
            }
            state.notes.push(Note {
                id: random.uuid(),
                opportunity: row.id.clone(),
                user: author,
                secret: random.chance(10),
                completed_at: start,
                created_at: start,
                comments,
                made_by_api: random.chance(25),
            });
        }
    }
}
