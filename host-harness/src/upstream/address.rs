//! Which addresses a request may be connected to: public ones, and loopback
//! where the operator said so.
//!
//! Decides on addresses alone. That the connection then goes to the very
//! address that was judged is the connector's part.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Says why an address may not be connected to, or nothing when it may.
///
/// Forms of IPv6 that carry an IPv4 address (mapped, compatible, NAT64, 6to4)
/// are judged by the address they carry as well. `allow_loopback` opens
/// loopback and nothing else.
pub fn refusal(address: IpAddr, allow_loopback: bool) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => refusal_v4(v4, allow_loopback),
        IpAddr::V6(v6) => refusal_v6(v6, allow_loopback),
    }
}

fn refusal_v4(address: Ipv4Addr, allow_loopback: bool) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (127, _, _) => (!allow_loopback).then_some("loopback"),
        (0, _, _) => Some("unspecified"),
        (10, _, _) | (172, 16..=31, _) | (192, 168, _) => Some("private"),
        (100, 64..=127, _) => Some("carrier-grade NAT"),
        // 169.254.169.254 is where clouds serve instance credentials.
        (169, 254, _) => Some("link-local or cloud metadata"),
        // Alibaba's and Oracle's metadata services (100.100.100.200 is CGNAT).
        (192, 0, 0) => Some("protocol assignment or cloud metadata"),
        // Azure's platform address, public by its looks.
        (168, 63, 129) if address == Ipv4Addr::new(168, 63, 129, 16) => Some("cloud metadata"),
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => Some("documentation"),
        (192, 88, 99) => Some("6to4 relay"),
        (198, 18..=19, _) => Some("benchmarking"),
        (224..=239, _, _) => Some("multicast"),
        (240..=255, _, _) => Some("reserved or broadcast"),
        _ => None,
    }
}

fn refusal_v6(address: Ipv6Addr, allow_loopback: bool) -> Option<&'static str> {
    if address == Ipv6Addr::LOCALHOST {
        return (!allow_loopback).then_some("loopback");
    }
    if address == Ipv6Addr::UNSPECIFIED {
        return Some("unspecified");
    }
    let s = address.segments();
    let carried = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match s {
        // ::ffff:a.b.c.d connects to that IPv4 address.
        [0, 0, 0, 0, 0, 0xffff, high, low] => {
            return refusal_v4(carried(high, low), allow_loopback);
        }
        // Loopback is opened in its plain forms only: nobody writes the mock's
        // address through a translator.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => return refusal_v4(carried(high, low), false),
        [0x64, 0xff9b, 1, ..] => return Some("local-use NAT64"),
        [0x2002, high, low, ..] => return refusal_v4(carried(high, low), false),
        [0x2001, 0, ..] => return Some("Teredo"),
        // ::a.b.c.d and the forms around it have no use outside one host.
        [0, 0, 0, 0, ..] => return Some("IPv4-compatible or translated"),
        _ => {}
    }
    match s[0] {
        0xfc00..=0xfdff => Some("unique local or cloud metadata"),
        0xfe80..=0xfebf => Some("link-local"),
        0xfec0..=0xfeff => Some("site-local"),
        0xff00..=0xffff => Some("multicast"),
        0x0100 if s[1..4] == [0, 0, 0] => Some("discard-only"),
        0x2001 if s[1] == 0x0db8 => Some("documentation"),
        0x2001 if s[1] < 0x0200 => Some("protocol assignment"),
        0x3fff if s[1] < 0x1000 => Some("documentation"),
        // Only 2000::/3 is handed out as global unicast.
        0x2000..=0x3fff => None,
        _ => Some("outside global unicast"),
    }
}

/// Whether clouds serve credentials of the machine there, or on the link that leads there. No
/// option opens these.
///
/// An IPv6 address is judged by the IPv4 address at its end as well: translators and clouds put
/// theirs there.
pub fn is_metadata(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_metadata_v4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, .., high, low] = v6.segments();
            let [one, two] = high.to_be_bytes();
            let [three, four] = low.to_be_bytes();
            let is_clouds = matches!(
                (a, b, c),
                // Amazon's, Google's, Scaleway's.
                (0xfd00, 0x0ec2, _) | (0xfd20, 0x00ce, _) | (0xfd00, 0x0042, _)
            );
            is_clouds
                || (0xfe80..=0xfebf).contains(&a)
                || is_metadata_v4(Ipv4Addr::new(one, two, three, four))
        }
    }
}

fn is_metadata_v4(address: Ipv4Addr) -> bool {
    const ALIBABA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    const ORACLE: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 192);
    const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
    address.is_link_local() || [ALIBABA, ORACLE, AZURE].contains(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let rows: &[(&str, Option<&str>)] = &[
            ("52.1.2.3", None),
            ("8.8.8.8", None),
            ("100.63.255.255", None),
            ("100.128.0.0", None),
            ("172.15.0.1", None),
            ("172.32.0.1", None),
            ("192.167.1.1", None),
            ("168.63.129.17", None),
            ("2600:1f18::1", None),
            ("2a00:1450::1", None),
            ("::ffff:52.1.2.3", None),
            ("64:ff9b::3401:203", None),
            ("2002:3401:203::1", None),
            ("127.0.0.1", Some("loopback")),
            ("127.255.255.254", Some("loopback")),
            ("0.0.0.0", Some("unspecified")),
            ("0.1.2.3", Some("unspecified")),
            ("10.1.2.3", Some("private")),
            ("172.16.0.1", Some("private")),
            ("172.31.255.255", Some("private")),
            ("192.168.0.1", Some("private")),
            ("100.64.0.1", Some("carrier-grade NAT")),
            ("100.100.100.200", Some("carrier-grade NAT")),
            ("169.254.169.254", Some("link-local or cloud metadata")),
            ("192.0.0.192", Some("protocol assignment or cloud metadata")),
            ("168.63.129.16", Some("cloud metadata")),
            ("192.0.2.1", Some("documentation")),
            ("198.51.100.1", Some("documentation")),
            ("203.0.113.1", Some("documentation")),
            ("192.88.99.1", Some("6to4 relay")),
            ("198.19.0.1", Some("benchmarking")),
            ("224.0.0.1", Some("multicast")),
            ("239.1.1.1", Some("multicast")),
            ("255.255.255.255", Some("reserved or broadcast")),
            ("::", Some("unspecified")),
            ("::1", Some("loopback")),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("::ffff:10.0.0.1", Some("private")),
            ("::ffff:169.254.169.254", Some("link-local or cloud metadata")),
            ("::127.0.0.1", Some("IPv4-compatible or translated")),
            ("::ffff:0:127.0.0.1", Some("IPv4-compatible or translated")),
            ("64:ff9b::7f00:1", Some("loopback")),
            ("64:ff9b::a9fe:a9fe", Some("link-local or cloud metadata")),
            ("64:ff9b:1::1", Some("local-use NAT64")),
            ("2002:7f00:1::", Some("loopback")),
            ("2002:a00:1::1", Some("private")),
            ("2001::1", Some("Teredo")),
            ("2001:db8::1", Some("documentation")),
            ("2001:20::1", Some("protocol assignment")),
            ("3fff::1", Some("documentation")),
            ("fd00:ec2::254", Some("unique local or cloud metadata")),
            ("fe80::1", Some("link-local")),
            ("fec0::1", Some("site-local")),
            ("ff02::1", Some("multicast")),
            ("100::1", Some("discard-only")),
            ("4000::1", Some("outside global unicast")),
            ("5f00::1", Some("outside global unicast")),
        ];
        for (text, expected) in rows {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(refusal(address, false), *expected, "{text}");
        }
    }

    #[test]
    fn the_switch_opens_loopback_and_nothing_else() {
        let rows = [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("64:ff9b::7f00:1", false),
            ("2002:7f00:1::", false),
            ("::127.0.0.1", false),
            ("0.0.0.0", false),
            ("::", false),
            ("10.0.0.1", false),
            ("169.254.169.254", false),
            ("fe80::1", false),
            ("52.1.2.3", true),
        ];
        for (text, open) in rows {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(refusal(address, true).is_none(), open, "{text}");
        }
    }
}
