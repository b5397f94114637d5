//! How arguments come from the host: side by side as up to 16 flat values, or in
//! memory where there are more.

use std::slice;

use super::{Lower, aligned, block, release};

/// A type that can be taken from the host.
///
/// The host vouches for what it passes, as the canonical ABI demands: text is
/// UTF-8, cases are those of the WIT, blocks of memory are this component's own.
pub trait Lift: Lower {
    /// The flat values that it comes as.
    const FLAT: usize;

    /// Takes the value from the next [`FLAT`](Self::FLAT) flat ones.
    ///
    /// # Safety
    ///
    /// The host passed them for this type, and they are taken once.
    unsafe fn flat(values: &mut Flat) -> Self;

    /// Takes the value from memory.
    ///
    /// # Safety
    ///
    /// The host put it at `at` for this type, and it is taken once.
    unsafe fn load(at: *mut u8) -> Self;
}

/// A flat value.
pub trait Value: Copy {
    /// Its bits, those that it lacks being 0.
    fn bits(self) -> u64;
}

macro_rules! values {
    ($($value:ty)*) => {
        $(impl Value for $value {
            fn bits(self) -> u64 {
                self as u64
            }
        })*
    };
}
values!(i32 i64 usize *mut u8);

impl Value for f64 {
    fn bits(self) -> u64 {
        self.to_bits()
    }
}

/// Arguments that come as flat values.
pub struct Flat<'a>(slice::Iter<'a, u64>);

impl<'a> Flat<'a> {
    /// All of them.
    pub fn new(values: &'a [u64]) -> Self {
        Flat(values.iter())
    }

    /// The next one.
    ///
    /// # Safety
    ///
    /// As for [`Lift::flat`].
    pub unsafe fn next<T: Lift>(&mut self) -> T {
        // SAFETY: as for the type itself, for which the caller vouches.
        unsafe { T::flat(self) }
    }

    /// Called when all are taken.
    pub fn end(self) {
        debug_assert!(self.0.as_slice().is_empty());
    }

    #[inline(never)]
    fn bits(&mut self) -> u64 {
        // More are never taken than the bindings pass.
        self.0.next().copied().unwrap_or_default()
    }

    fn start(&mut self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut(self.bits() as usize)
    }

    fn skip(&mut self, count: usize) {
        let rest = self.0.as_slice();
        self.0 = rest.get(count..).unwrap_or_default().iter();
    }
}

/// Arguments that lie in memory, as a record would.
pub struct Stored {
    start: *mut u8,
    end: usize,
    align: usize,
}

impl Stored {
    /// Those that begin here.
    ///
    /// # Safety
    ///
    /// The host put the arguments of one function there, as a block of this component's
    /// memory.
    pub unsafe fn new(start: *mut u8) -> Self {
        Stored { start, end: 0, align: 1 }
    }

    /// The next one.
    ///
    /// # Safety
    ///
    /// As for [`Lift::load`].
    pub unsafe fn next<T: Lift>(&mut self) -> T {
        let offset = aligned(self.end, T::ALIGN);
        self.end = offset + T::SIZE;
        self.align = self.align.max(T::ALIGN);
        // SAFETY: as for the type itself, for which the caller vouches.
        unsafe { T::load(self.start.add(offset)) }
    }

    /// Called when all are taken: gives back where they lay.
    ///
    /// # Safety
    ///
    /// All arguments were taken, and the block was not given back yet.
    pub unsafe fn end(self) {
        // SAFETY: the caller vouches that the host made the block, which is not used again.
        unsafe { release(self.start, aligned(self.end, self.align), self.align) }
    }
}

macro_rules! scalars {
    ($($scalar:ty, $bits:ident => $from:expr;)*) => {
        $(impl Lift for $scalar {
            const FLAT: usize = 1;

            unsafe fn flat(values: &mut Flat) -> Self {
                let $bits = values.bits();
                $from
            }

            unsafe fn load(at: *mut u8) -> Self {
                // SAFETY: the caller keeps to `Lift::load`.
                unsafe { at.cast::<$scalar>().read() }
            }
        })*
    };
}
scalars! {
    bool, bits => bits != 0;
    u8, bits => bits as u8;
    u16, bits => bits as u16;
    u32, bits => bits as u32;
    u64, bits => bits;
    f64, bits => f64::from_bits(bits);
}

impl Lift for String {
    const FLAT: usize = 2;

    #[inline(never)]
    unsafe fn flat(values: &mut Flat) -> Self {
        let (start, len) = (values.start(), values.bits() as usize);
        // SAFETY: the caller keeps to `Lift::flat`.
        unsafe { String::from_raw_parts(start, len, len) }
    }

    #[inline(never)]
    unsafe fn load(at: *mut u8) -> Self {
        // SAFETY: the caller keeps to `Lift::load`.
        unsafe {
            let (start, len) = block(at);
            String::from_raw_parts(start, len, len)
        }
    }
}

impl<T: Lift> Lift for Vec<T> {
    const FLAT: usize = 2;

    unsafe fn flat(values: &mut Flat) -> Self {
        // SAFETY: the caller keeps to `Lift::flat`.
        unsafe { list(values.start(), values.bits() as usize) }
    }

    unsafe fn load(at: *mut u8) -> Self {
        // SAFETY: the caller keeps to `Lift::load`.
        unsafe {
            let (start, len) = block(at);
            list(start, len)
        }
    }
}

#[inline(never)]
unsafe fn list<T: Lift>(start: *mut u8, len: usize) -> Vec<T> {
    // SAFETY: the caller vouches for the block as for `Lift::load`.
    unsafe {
        if T::AS_IS {
            return Vec::from_raw_parts(start.cast(), len, len);
        }
        let mut values = Vec::with_capacity(len);
        for index in 0..len {
            values.push(T::load(start.add(index * T::SIZE)));
        }
        release(start, len * T::SIZE, T::ALIGN);
        values
    }
}

impl<T: Lift> Lift for Option<T> {
    const FLAT: usize = 1 + T::FLAT;

    #[inline(never)]
    unsafe fn flat(values: &mut Flat) -> Self {
        if values.bits() == 0 {
            values.skip(T::FLAT);
            return None;
        }
        // SAFETY: the caller keeps to `Lift::flat`.
        Some(unsafe { T::flat(values) })
    }

    #[inline(never)]
    unsafe fn load(at: *mut u8) -> Self {
        // SAFETY: the caller keeps to `Lift::load`.
        unsafe { (at.read() != 0).then(|| T::load(at.add(T::ALIGN))) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reserve;
    use super::*;
    use crate::bindings::exports::ats::lever::stages::Stage;
    use crate::bindings::exports::ats::lever::types::{ErrorKind, Outcome};

    fn copied(text: &str) -> (u64, u64) {
        let start = reserve(text.len(), 1, 1);
        // SAFETY: the blocks are those that were made above, for these types.
        unsafe { start.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
        (start.bits(), text.len() as u64)
    }

    #[test]
    fn flat_values_are_taken_in_order_and_those_of_none_skipped() {
        let ((id, id_len), (text, text_len)) = (copied("a"), copied("Offer"));
        let values = [
            // A stage, 5, another stage, an option and an enum.
            id,
            id_len,
            0,
            9,
            9,
            0,
            9,
            9,
            5,
            id,
            0,
            1,
            text,
            text_len,
            0,
            9,
            9,
            1,
            2.5_f64.bits(),
            1,
        ];
        let mut flat = Flat::new(&values);
        // SAFETY: the blocks are those that were made above, for these types.
        unsafe {
            let stage: Stage = flat.next();
            assert_eq!((stage.id.as_str(), stage.text), ("a", None));
            assert_eq!(flat.next::<u32>(), 5);
            let stage: Stage = flat.next();
            assert_eq!((stage.id.as_str(), stage.text.as_deref()), ("", Some("Offer")));
            assert_eq!(flat.next::<Option<f64>>(), Some(2.5));
            assert!(matches!(flat.next(), ErrorKind::Unauthorized));
        }
        flat.end();
    }

    #[test]
    fn what_was_stored_is_loaded_the_same() {
        type All = (bool, u16, Vec<Option<String>>, Option<u64>, Vec<u8>, Outcome, Vec<Stage>);
        let all: All = (
            true,
            7,
            vec![Some("a".into()), None, Some(String::new())],
            Some(u64::MAX),
            b"bytes".to_vec(),
            Outcome::Unknown,
            vec![Stage { id: "b".into(), text: Some("Offer".into()), other: None }],
        );
        // One after another, as the arguments of a function lie.
        let start = reserve(128, 1, 8);
        let mut end = 0;
        macro_rules! store {
            ($($index:tt $kind:ty,)*) => {
                $(
                    let offset = aligned(end, <$kind>::ALIGN);
                    let value = std::mem::ManuallyDrop::new(all.$index.clone());
                    // SAFETY: the blocks are those that were made above, for these types.
                    unsafe { <$kind as Lower>::store(&raw const *value, start.add(offset)) };
                    end = offset + <$kind>::SIZE;
                )*
            };
        }
        store! {
            0 bool, 1 u16, 2 Vec<Option<String>>, 3 Option<u64>, 4 Vec<u8>, 5 Outcome, 6 Vec<Stage>,
        }
        assert!(end <= 128);
        // SAFETY: the arguments were stored there above.
        let mut values = unsafe { Stored::new(start) };
        // SAFETY: the blocks are those that were made above, for these types.
        unsafe {
            assert_eq!(values.next::<bool>(), all.0);
            assert_eq!(values.next::<u16>(), all.1);
            assert_eq!(values.next::<Vec<Option<String>>>(), all.2);
            assert_eq!(values.next::<Option<u64>>(), all.3);
            assert_eq!(values.next::<Vec<u8>>(), all.4);
            assert!(matches!(values.next(), Outcome::Unknown));
            let stages: Vec<Stage> = values.next();
            assert_eq!((stages.len(), stages[0].text.as_deref()), (1, Some("Offer")));
            assert_eq!(aligned(values.end, values.align), aligned(end, 8));
            release(start, 128, 8);
        }
    }
}
