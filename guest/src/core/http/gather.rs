//! A body that comes in pieces, held once while it comes: where its length is not
//! known, growing one block would hold it three times over.

/// Bytes in a block, where the length is not known.
const BLOCK: usize = 256 << 10;

/// What has come of a body.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Blocks that are full.
    full: Vec<Vec<u8>>,
    /// The one that is filled.
    last: Vec<u8>,
    size: usize,
}

/// There is no memory for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

impl Gathered {
    /// Nothing yet of a body of this length, if it is known.
    ///
    /// # Errors
    ///
    /// When there is no memory for that.
    pub fn expecting(length: Option<usize>) -> Result<Self, NoRoom> {
        let mut gathered = Gathered::default();
        room(&mut gathered.last, length.unwrap_or_default())?;
        Ok(gathered)
    }

    /// Bytes that have come.
    pub fn len(&self) -> usize {
        self.size
    }

    /// Whether none has come.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The first bytes of it.
    pub fn start(&self) -> &[u8] {
        self.full.first().unwrap_or(&self.last)
    }

    /// Adds a piece.
    ///
    /// # Errors
    ///
    /// When there is no memory for it.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), NoRoom> {
        let wanted = self.last.len().saturating_add(piece.len());
        if wanted > self.last.capacity() && wanted > BLOCK {
            let mut next = Vec::new();
            room(&mut next, piece.len().max(BLOCK))?;
            self.full.push(std::mem::replace(&mut self.last, next));
        }
        self.last.try_reserve(piece.len()).map_err(|_| NoRoom)?;
        self.last.extend_from_slice(piece);
        self.size = self.size.saturating_add(piece.len());
        Ok(())
    }

    /// All of it in one block; nothing of it is left here.
    ///
    /// # Errors
    ///
    /// When there is no memory for that.
    pub fn take(&mut self) -> Result<Vec<u8>, NoRoom> {
        let Gathered { full, last, size } = std::mem::take(self);
        if full.is_empty() {
            return Ok(last);
        }
        let mut whole = Vec::new();
        room(&mut whole, size)?;
        for block in full.into_iter().chain([last]) {
            whole.extend_from_slice(&block);
        }
        Ok(whole)
    }
}

fn room(block: &mut Vec<u8>, bytes: usize) -> Result<(), NoRoom> {
    block.try_reserve_exact(bytes).map_err(|_| NoRoom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(number: usize, size: usize) -> Vec<u8> {
        (0..size).map(|at| (number.wrapping_mul(31).wrapping_add(at)) as u8).collect()
    }

    #[test]
    fn what_was_pushed_is_taken_in_its_order() {
        for (sizes, length) in [
            (vec![], None),
            (vec![0, 1, 0], None),
            (vec![10; 100], None),
            (vec![65_536; 20], None),
            (vec![3, 300_000, 5, 262_144, 1, 700_000], None),
            (vec![65_536; 20], Some(20 * 65_536)),
            // A length that is not kept to is for others to judge.
            (vec![65_536; 20], Some(10)),
            (vec![10], Some(1000)),
        ] {
            let mut gathered = Gathered::expecting(length).unwrap();
            let pieces: Vec<_> =
                sizes.iter().enumerate().map(|(n, size)| piece(n, *size)).collect();
            for piece in &pieces {
                gathered.push(piece).unwrap();
            }
            let whole = pieces.concat();
            assert_eq!(gathered.len(), whole.len());
            assert_eq!(gathered.take().unwrap(), whole, "{sizes:?} {length:?}");
            assert!(gathered.is_empty());
        }
    }

    #[test]
    fn a_body_of_known_length_stays_where_it_is() {
        let mut gathered = Gathered::expecting(Some(1 << 20)).unwrap();
        let place = gathered.last.as_ptr();
        for n in 0..16 {
            gathered.push(&piece(n, 65_536)).unwrap();
        }
        let whole = gathered.take().unwrap();
        assert_eq!((whole.as_ptr(), whole.len()), (place, 1 << 20));
    }

    #[test]
    fn one_of_unknown_length_is_held_once_while_it_comes() {
        let mut gathered = Gathered::expecting(None).unwrap();
        for n in 0..1000 {
            gathered.push(&piece(n, 10_000)).unwrap();
            let held: usize = gathered.full.iter().map(Vec::capacity).sum();
            let held = held + gathered.last.capacity();
            assert!(held <= gathered.len() + gathered.len() / 20 + 2 * BLOCK, "{held}");
        }
    }

    #[test]
    fn a_length_beyond_all_memory_is_an_error() {
        assert_eq!(Gathered::expecting(Some(usize::MAX)).err(), Some(NoRoom));
    }
}
