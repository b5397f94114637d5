//! Bodies that come packed, though they were asked for as they are: something
//! between the host and Lever packs what passes it.

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

use crate::core::http::response::{Begun, Failure, Response};

/// What a packed body begins with (RFC 1952, section 2.3).
const MAGIC: &[u8] = b"\x1f\x8b";

/// The response with its body as it was before it was packed, of `most` bytes at
/// most. What is packed in another way than gzip stays as it is.
///
/// # Errors
///
/// A packed body that is not whole, or larger than that.
pub fn unpacked(response: Response, most: usize) -> Result<Response, Failure> {
    let encoding = response.encoding.as_deref().unwrap_or_default().trim();
    if !["gzip", "x-gzip"].iter().any(|name| encoding.eq_ignore_ascii_case(name)) {
        return Ok(response);
    }
    let mut unpacked = Response { encoding: None, length: None, ..response };
    // Some hosts unpack it, and leave the header.
    if !unpacked.body.starts_with(MAGIC) {
        return Ok(unpacked);
    }
    let packed = std::mem::take(&mut unpacked.body);
    let start = |body: &[u8]| Begun::of(unpacked.status, body);
    let Some((data, trailer)) = member(&packed) else { return Err(Failure::Broken(start(b""))) };
    match decompress_to_vec_with_limit(data, most) {
        Ok(body) if is_whole(&body, trailer) => Ok(Response { body, ..unpacked }),
        Ok(body) => Err(Failure::Broken(start(&body))),
        Err(error) if error.status == TINFLStatus::HasMoreOutput => {
            Err(Failure::TooLarge(start(&error.output), most))
        }
        Err(error) => Err(Failure::Broken(start(&error.output))),
    }
}

/// The packed data between the head and the trailer of eight bytes.
fn member(packed: &[u8]) -> Option<(&[u8], &[u8; 8])> {
    let (head, rest) = packed.split_at_checked(10)?;
    let (mut data, trailer) = rest.split_last_chunk::<8>()?;
    let flags = *head.get(3)?;
    let text = |data: &mut &[u8]| {
        let end = data.iter().position(|byte| *byte == 0)?;
        *data = data.get(end.checked_add(1)?..)?;
        Some(())
    };
    if flags & 4 != 0 {
        let (length, more) = data.split_first_chunk::<2>()?;
        data = more.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    // A name, then a comment, each up to a zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            text(&mut data)?;
        }
    }
    if flags & 2 != 0 {
        data = data.get(2..)?;
    }
    Some((data, trailer))
}

/// Whether checksum and length are those of the trailer.
fn is_whole(body: &[u8], trailer: &[u8; 8]) -> bool {
    let [a, b, c, d, length @ ..] = *trailer;
    let is_length = u32::from_le_bytes(length) == body.len() as u32;
    is_length && u32::from_le_bytes([a, b, c, d]) == checksum(body)
}

/// CRC-32 as RFC 1952 has it, bit by bit: a table would be larger than the rest.
fn checksum(body: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !body.iter().fold(!0, byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzEncoder;
    use flate2::{Compression, GzBuilder};
    use std::io::Write as _;

    fn packed(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn answer(encoding: &str, body: &[u8]) -> Response {
        Response {
            status: 200,
            encoding: Some(encoding.into()),
            body: body.into(),
            ..Response::default()
        }
    }

    const BODY: &[u8] = b"{\"data\":{\"id\":\"a\"}}";

    #[test]
    fn gzip_is_read_by_either_name_and_where_the_host_has_unpacked_it() {
        let mut named = GzBuilder::new().filename("a.json").comment("c").extra(vec![1, 2, 3]);
        named = named.mtime(7);
        let mut encoder = named.write(Vec::new(), Compression::default());
        encoder.write_all(BODY).unwrap();
        let named = encoder.finish().unwrap();
        for (encoding, body) in [
            ("gzip", packed(BODY)),
            ("GZIP", packed(BODY)),
            (" x-gzip", packed(BODY)),
            ("gzip", named),
            ("gzip", BODY.to_vec()),
        ] {
            let response = unpacked(answer(encoding, &body), 100).unwrap();
            assert_eq!(
                (response.body.as_slice(), response.is_packed()),
                (BODY, false),
                "{encoding}"
            );
        }
        let empty = unpacked(answer("gzip", b""), 100).unwrap();
        assert!(empty.body.is_empty());
        for encoding in ["br", "deflate", "gzip, br", "identity"] {
            let response = unpacked(answer(encoding, BODY), 100).unwrap();
            assert_eq!(response.encoding.as_deref(), Some(encoding));
        }
    }

    #[test]
    fn a_packed_body_that_breaks_off_or_is_damaged_is_no_answer() {
        let whole = packed(BODY);
        let mut damaged = whole.clone();
        let end = damaged.len() - 6;
        damaged[end] ^= 1;
        for body in [&whole[..whole.len() - 1], &whole[..12], &whole[..3], &damaged] {
            let failure = unpacked(answer("gzip", body), 100).unwrap_err();
            assert!(matches!(failure, Failure::Broken(_)), "{failure:?}");
        }
    }

    #[test]
    fn what_unpacks_to_more_than_is_allowed_is_not_held() {
        let body = packed(&vec![b' '; 10_000_000]);
        let failure = unpacked(answer("gzip", &body), 1000).unwrap_err();
        assert_eq!(failure, Failure::TooLarge(Begun::of(200, b" "), 1000));
        assert!(unpacked(answer("gzip", &packed(&[b' '; 1000])), 1000).is_ok());
    }
}
