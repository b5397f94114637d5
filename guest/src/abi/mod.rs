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
    // SAFETY: the result is forgotten here and moved there; the caller vouches for `at`.
    unsafe { R::store(&raw const *result, at) };
    at
}

/// The first offset at or after this one that is a multiple of `align`, which is
/// a power of two.
pub const fn aligned(offset: usize, align: usize) -> usize {
    (offset + align - 1) & !(align - 1)
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
                // SAFETY: the caller keeps to `Lower::store`.
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
        // SAFETY: the caller keeps to `Lower::store`.
        let text = unsafe { from.read() }.into_boxed_str();
        let len = text.len();
        // SAFETY: the caller keeps to `Lower::store`.
        unsafe { store_block(at, Box::into_raw(text).cast(), len) }
    }

    #[inline(never)]
    unsafe fn free(at: *mut u8) {
        // SAFETY: the caller keeps to `Lower::free`.
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
        // SAFETY: the caller keeps to `Lower::store`.
        unsafe {
            let mut values = from.read();
            if T::AS_IS {
                let len = values.len();
                return store_block(at, Box::into_raw(values.into_boxed_slice()).cast(), len);
            }
            let list = reserve(values.len(), T::SIZE, T::ALIGN);
            for (index, value) in values.iter().enumerate() {
                T::store(value, list.add(index * T::SIZE));
            }
            store_block(at, list, values.len());
            // They have moved; only where they stood is left to drop.
            values.set_len(0);
        }
    }

    #[inline(never)]
    unsafe fn free(at: *mut u8) {
        // SAFETY: the caller keeps to `Lower::free`.
        unsafe {
            let (list, len) = block(at);
            for index in 0..len {
                T::free(list.add(index * T::SIZE));
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
        // SAFETY: the caller keeps to `Lower::store`.
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
        // SAFETY: the caller keeps to `Lower::free`.
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
        // SAFETY: the caller keeps to `Lower::store`.
        unsafe {
            let payload = at.add(Self::ALIGN);
            match &*from {
                Ok(value) => {
                    at.write(0);
                    T::store(value, payload);
                }
                Err(error) => {
                    at.write(1);
                    E::store(error, payload);
                }
            }
        }
    }

    unsafe fn free(at: *mut u8) {
        // SAFETY: the caller keeps to `Lower::free`.
        unsafe {
            let payload = at.add(Self::ALIGN);
            if at.read() == 0 { T::free(payload) } else { E::free(payload) }
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
                    let offset = crate::abi::aligned(end, <$type as crate::abi::Lower>::ALIGN);
                    let end = offset + <$type as crate::abi::Lower>::SIZE;
                )*
                crate::abi::aligned(end, Self::ALIGN)
            };

            #[inline(never)]
            unsafe fn store(from: *const Self, at: *mut u8) {
                let end = 0;
                $(
                    let offset = crate::abi::aligned(end, <$type as crate::abi::Lower>::ALIGN);
                    let end = offset + <$type as crate::abi::Lower>::SIZE;
                    // SAFETY: the caller keeps to `Lower::store`.
                    unsafe { <$type as crate::abi::Lower>::store(&raw const (*from).$field, at.add(offset)) };
                )*
                let _ = end;
            }

            #[inline(never)]
            unsafe fn free(at: *mut u8) {
                let end = 0;
                $(
                    let offset = crate::abi::aligned(end, <$type as crate::abi::Lower>::ALIGN);
                    let end = offset + <$type as crate::abi::Lower>::SIZE;
                    // SAFETY: the caller keeps to `Lower::free`.
                    unsafe { <$type as crate::abi::Lower>::free(at.add(offset)) };
                )*
                let _ = end;
            }
        }

        impl crate::abi::Lift for $record {
            const FLAT: usize = 0 $(+ <$type as crate::abi::Lift>::FLAT)*;

            #[inline(never)]
            unsafe fn flat(values: &mut crate::abi::Flat<'_>) -> Self {
                // SAFETY: the caller keeps to `Lift::flat`.
                Self { $($field: unsafe { values.next() },)* }
            }

            #[inline(never)]
            unsafe fn load(at: *mut u8) -> Self {
                let end = 0;
                $(
                    let offset = crate::abi::aligned(end, <$type as crate::abi::Lower>::ALIGN);
                    let end = offset + <$type as crate::abi::Lower>::SIZE;
                    // SAFETY: the caller keeps to `Lift::load`.
                    let $field = unsafe { <$type as crate::abi::Lift>::load(at.add(offset)) };
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
                // SAFETY: the caller keeps to `Lower::store`.
                unsafe { at.write(from.read() as u8) }
            }

            unsafe fn free(_: *mut u8) {}
        }

        impl crate::abi::Lift for $cases {
            const FLAT: usize = 1;

            unsafe fn flat(values: &mut crate::abi::Flat<'_>) -> Self {
                // SAFETY: the caller keeps to `Lift::flat`.
                unsafe { Self::_lift(values.next()) }
            }

            unsafe fn load(at: *mut u8) -> Self {
                // SAFETY: the caller keeps to `Lift::load`.
                unsafe { Self::_lift(at.read()) }
            }
        }

        const _: () = assert!(size_of::<$cases>() == 1);
    };
}
pub(crate) use cases;

unsafe fn store_block(at: *mut u8, start: *mut u8, len: usize) {
    let at = at.cast::<usize>();
    // SAFETY: the caller vouches for two words at `at`.
    unsafe {
        at.cast::<*mut u8>().write(start);
        at.add(1).write(len);
    }
}

unsafe fn block(at: *mut u8) -> (*mut u8, usize) {
    // SAFETY: the caller vouches for two words at `at`.
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
    // SAFETY: the size of the layout is above 0.
    let start = unsafe { alloc(layout) };
    if start.is_null() {
        handle_alloc_error(layout);
    }
    start
}

unsafe fn release(start: *mut u8, size: usize, align: usize) {
    if size > 0 {
        // SAFETY: the caller vouches that `reserve` or the host made the block with this layout.
        unsafe { dealloc(start, Layout::from_size_align_unchecked(size, align)) }
    }
}

#[cfg(test)]
mod tests;
