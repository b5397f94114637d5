//! How arguments and results pass between the host and this component: the
//! canonical ABI, once for each type.
//!
//! The bindings write it out in every function, 18 KiB for an opportunity and
//! more than 200 KiB in all. `build.rs` puts this in their place. The layout is
//! worked out here from the types; the build fails where it is not the one that
//! the WIT gives.

mod lift;

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};

pub use lift::{Flat, Lift, Stored, Value};

/// A type that can be handed to the host.
pub trait Lower: Sized {
    /// Where it may begin: at a multiple of this.
    const ALIGN: usize;

    /// The bytes it takes.
    const SIZE: usize;

    /// Whether it lies in memory here as it does there, so that a list of it
    /// can be handed over where it stands.
    const AS_IS: bool = false;

    /// Moves the value to where the host reads it.
    ///
    /// # Safety
    ///
    /// `from` holds a value, which is not used again; `at` is aligned and has
    /// room for [`SIZE`](Self::SIZE) bytes.
    unsafe fn store(from: *const Self, at: *mut u8);

    /// Gives back the memory of the strings and lists of a stored value.
    ///
    /// # Safety
    ///
    /// [`store`](Self::store) was called with `at`, and this not yet.
    unsafe fn free(at: *mut u8);
}

/// Stores a function's result and returns where.
///
/// # Safety
///
/// As for [`Lower::store`].
pub unsafe fn returned<R: Lower>(result: R, at: *mut u8) -> *mut u8 {
    let result = std::mem::ManuallyDrop::new(result);
    unsafe { R::store(&raw const *result, at) };
    at
}

/// The first place at or after this one that is a multiple of `align`, which is
/// a power of two.
pub const fn aligned(place: usize, align: usize) -> usize {
    (place + align - 1) & !(align - 1)
}

/// The larger one.
pub const fn larger(one: usize, other: usize) -> usize {
    if one > other { one } else { other }
}

macro_rules! scalars {
    ($($scalar:ty)*) => {
        $(impl Lower for $scalar {
            const ALIGN: usize = align_of::<$scalar>();
            const SIZE: usize = size_of::<$scalar>();
            const AS_IS: bool = true;

            unsafe fn store(from: *const Self, at: *mut u8) {
                unsafe { at.cast::<$scalar>().write(from.read()) }
            }

            unsafe fn free(_: *mut u8) {}
        })*
    };
}
scalars!(bool u8 u16 u32 u64 f64);

impl Lower for () {
    const ALIGN: usize = 1;
    const SIZE: usize = 0;

    unsafe fn store(_: *const Self, _: *mut u8) {}

    unsafe fn free(_: *mut u8) {}
}

impl Lower for String {
    const ALIGN: usize = align_of::<usize>();
    const SIZE: usize = 2 * size_of::<usize>();

    #[inline(never)]
    unsafe fn store(from: *const Self, at: *mut u8) {
        let text = unsafe { from.read() }.into_boxed_str();
        let len = text.len();
        unsafe { store_block(at, Box::into_raw(text).cast(), len) }
    }

    #[inline(never)]
    unsafe fn free(at: *mut u8) {
        unsafe {
            let (text, len) = block(at);
            release(text, len, 1);
        }
    }
}

impl<T: Lower> Lower for Vec<T> {
    const ALIGN: usize = align_of::<usize>();
    const SIZE: usize = 2 * size_of::<usize>();

    #[inline(never)]
    unsafe fn store(from: *const Self, at: *mut u8) {
        unsafe {
            let mut values = from.read();
            if T::AS_IS {
                let len = values.len();
                return store_block(at, Box::into_raw(values.into_boxed_slice()).cast(), len);
            }
            let list = reserve(values.len(), T::SIZE, T::ALIGN);
            for (place, value) in values.iter().enumerate() {
                T::store(value, list.add(place * T::SIZE));
            }
            store_block(at, list, values.len());
            // They have moved; only where they stood is left to drop.
            values.set_len(0);
        }
    }

    #[inline(never)]
    unsafe fn free(at: *mut u8) {
        unsafe {
            let (list, len) = block(at);
            for place in 0..len {
                T::free(list.add(place * T::SIZE));
            }
            release(list, len * T::SIZE, T::ALIGN);
        }
    }
}

impl<T: Lower> Lower for Option<T> {
    const ALIGN: usize = T::ALIGN;
    const SIZE: usize = aligned(T::ALIGN + T::SIZE, T::ALIGN);

    #[inline(never)]
    unsafe fn store(from: *const Self, at: *mut u8) {
        unsafe {
            match &*from {
                None => at.write(0),
                Some(value) => {
                    at.write(1);
                    T::store(value, at.add(T::ALIGN));
                }
            }
        }
    }

    unsafe fn free(at: *mut u8) {
        unsafe {
            if at.read() != 0 {
                T::free(at.add(T::ALIGN));
            }
        }
    }
}

impl<T: Lower, E: Lower> Lower for Result<T, E> {
    const ALIGN: usize = larger(T::ALIGN, E::ALIGN);
    const SIZE: usize = aligned(Self::ALIGN + larger(T::SIZE, E::SIZE), Self::ALIGN);

    unsafe fn store(from: *const Self, at: *mut u8) {
        unsafe {
            let place = at.add(Self::ALIGN);
            match &*from {
                Ok(value) => {
                    at.write(0);
                    T::store(value, place);
                }
                Err(error) => {
                    at.write(1);
                    E::store(error, place);
                }
            }
        }
    }

    unsafe fn free(at: *mut u8) {
        unsafe {
            let place = at.add(Self::ALIGN);
            if at.read() == 0 { T::free(place) } else { E::free(place) }
        }
    }
}

/// Implements [`Lower`] and [`Lift`] for a record: the size and alignment it must come out
/// with, and its fields in order.
macro_rules! record {
    ($size:literal $align:literal $record:path { $($field:ident: $type:ty,)* }) => {
        impl crate::abi::Lower for $record {
            const ALIGN: usize = {
                let align = 1;
                $(let align = crate::abi::larger(align, <$type as crate::abi::Lower>::ALIGN);)*
                align
            };
            const SIZE: usize = {
                let end = 0;
                $(
                    let place = crate::abi::aligned(end, <$type as crate::abi::Lower>::ALIGN);
                    let end = place + <$type as crate::abi::Lower>::SIZE;
                )*
                crate::abi::aligned(end, Self::ALIGN)
            };

            #[inline(never)]
            unsafe fn store(from: *const Self, at: *mut u8) {
                let end = 0;
                $(
                    let place = crate::abi::aligned(end, <$type as crate::abi::Lower>::ALIGN);
                    let end = place + <$type as crate::abi::Lower>::SIZE;
                    unsafe { <$type as crate::abi::Lower>::store(&raw const (*from).$field, at.add(place)) };
                )*
                let _ = end;
            }

            #[inline(never)]
            unsafe fn free(at: *mut u8) {
                let end = 0;
                $(
                    let place = crate::abi::aligned(end, <$type as crate::abi::Lower>::ALIGN);
                    let end = place + <$type as crate::abi::Lower>::SIZE;
                    unsafe { <$type as crate::abi::Lower>::free(at.add(place)) };
                )*
                let _ = end;
            }
        }

        impl crate::abi::Lift for $record {
            const FLAT: usize = 0 $(+ <$type as crate::abi::Lift>::FLAT)*;

            #[inline(never)]
            unsafe fn flat(values: &mut crate::abi::Flat<'_>) -> Self {
                Self { $($field: unsafe { values.next() },)* }
            }

            #[inline(never)]
            unsafe fn load(at: *mut u8) -> Self {
                let end = 0;
                $(
                    let place = crate::abi::aligned(end, <$type as crate::abi::Lower>::ALIGN);
                    let end = place + <$type as crate::abi::Lower>::SIZE;
                    let $field = unsafe { <$type as crate::abi::Lift>::load(at.add(place)) };
                )*
                let _ = end;
                Self { $($field,)* }
            }
        }

        #[cfg(target_arch = "wasm32")]
        const _: () = assert!(
            <$record as crate::abi::Lower>::SIZE == $size && <$record as crate::abi::Lower>::ALIGN == $align
        );
    };
}
pub(crate) use record;

/// Implements [`Lower`] and [`Lift`] for an enum of at most 256 cases.
macro_rules! cases {
    ($cases:path) => {
        impl crate::abi::Lower for $cases {
            const ALIGN: usize = 1;
            const SIZE: usize = 1;

            unsafe fn store(from: *const Self, at: *mut u8) {
                unsafe { at.write(from.read() as u8) }
            }

            unsafe fn free(_: *mut u8) {}
        }

        impl crate::abi::Lift for $cases {
            const FLAT: usize = 1;

            unsafe fn flat(values: &mut crate::abi::Flat<'_>) -> Self {
                unsafe { Self::_lift(values.next()) }
            }

            unsafe fn load(at: *mut u8) -> Self {
                unsafe { Self::_lift(at.read()) }
            }
        }

        const _: () = assert!(size_of::<$cases>() == 1);
    };
}
pub(crate) use cases;

unsafe fn store_block(at: *mut u8, start: *mut u8, len: usize) {
    let at = at.cast::<usize>();
    unsafe {
        at.cast::<*mut u8>().write(start);
        at.add(1).write(len);
    }
}

unsafe fn block(at: *mut u8) -> (*mut u8, usize) {
    unsafe { (at.cast::<*mut u8>().read(), at.cast::<usize>().add(1).read()) }
}

fn reserve(len: usize, size: usize, align: usize) -> *mut u8 {
    // A size that cannot be is refused like one that is not to be had.
    let Ok(layout) = Layout::from_size_align(len.saturating_mul(size), align) else {
        handle_alloc_error(Layout::new::<u8>());
    };
    if layout.size() == 0 {
        return std::ptr::without_provenance_mut(align);
    }
    let start = unsafe { alloc(layout) };
    if start.is_null() {
        handle_alloc_error(layout);
    }
    start
}

unsafe fn release(start: *mut u8, size: usize, align: usize) {
    if size > 0 {
        unsafe { dealloc(start, Layout::from_size_align_unchecked(size, align)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::stages::{Stage, StagePage};
    use crate::bindings::exports::ats::lever::types::Error;

    const POINTER: usize = size_of::<usize>();

    unsafe fn text(at: *mut u8) -> String {
        unsafe {
            let (start, len) = block(at);
            String::from_utf8_lossy(std::slice::from_raw_parts(start, len)).into_owned()
        }
    }

    #[test]
    fn a_stored_result_reads_as_the_canonical_abi_says() {
        let stage = |id: &str, text: Option<&str>| Stage {
            id: id.into(),
            text: text.map(Into::into),
            other: None,
        };
        let items = vec![stage("a", Some("Offer")), stage("", None)];
        let result: Result<StagePage, Error> =
            Ok(StagePage { items, next: Some("on".into()), skipped: Vec::new() });
        let mut area = [0_u64; 16];
        let at = area.as_mut_ptr().cast::<u8>();
        unsafe {
            assert_eq!(returned(result, at), at);
            // The case, then the list, then the cursor; the error holds an u64.
            assert_eq!(at.read(), 0);
            let (list, len) = block(at.add(8));
            assert_eq!((len, text(list).as_str()), (2, "a"));
            assert_eq!(list.add(2 * POINTER).read(), 1);
            assert_eq!(text(list.add(3 * POINTER)), "Offer");
            let second = list.add(8 * POINTER);
            assert_eq!((text(second).as_str(), second.add(2 * POINTER).read()), ("", 0));
            assert_eq!(at.add(8 + 2 * POINTER).read(), 1);
            assert_eq!(text(at.add(8 + 3 * POINTER)), "on");
            <Result<StagePage, Error> as Lower>::free(at);
        }
    }

    #[test]
    fn places_are_aligned() {
        let rows = [(0, 8, 0), (1, 8, 8), (8, 8, 8), (9, 2, 10), (3, 1, 3)];
        for (place, align, expected) in rows {
            assert_eq!(aligned(place, align), expected, "{place} {align}");
        }
        assert_eq!(<Result<(), Option<u64>> as Lower>::SIZE, 24);
        assert_eq!(<Option<u16> as Lower>::SIZE, 4);
    }
}
