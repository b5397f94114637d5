//! What the host reads of a result, as the canonical ABI says.

use super::*;
use crate::bindings::exports::ats::lever::stages::{Stage, StagePage};
use crate::bindings::exports::ats::lever::types::Error;

const POINTER: usize = size_of::<usize>();

unsafe fn text(at: *mut u8) -> String {
    // SAFETY: the blocks are those that were made above, for these types.
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
    // SAFETY: the blocks are those that were made above, for these types.
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
fn offsets_are_aligned() {
    let rows = [(0, 8, 0), (1, 8, 8), (8, 8, 8), (9, 2, 10), (3, 1, 3)];
    for (offset, align, expected) in rows {
        assert_eq!(aligned(offset, align), expected, "{offset} {align}");
    }
    assert_eq!(<Result<(), Option<u64>> as Lower>::SIZE, 24);
    assert_eq!(<Option<u16> as Lower>::SIZE, 4);
}
