//! Ranges of addresses that the operator opens beside the public ones: a gateway in a private
//! network, a container's neighbour, a resolver that answers with addresses of its own.
//!
//! Only what is within one of the blocks that are not public can be named, so that a range never
//! says more than it seems to, and never where clouds serve credentials.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::address;

/// The blocks of which parts can be opened.
const BLOCKS: [&str; 15] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "198.18.0.0/15",
    "192.0.2.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "::1/128",
    "fc00::/7",
    "fec0::/10",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "2001:db8::/32",
];

/// A range of addresses that are not public, such as `10.20.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange(IpNet);

/// Why a text is not a range that can be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a range of addresses that can be allowed: {reason}")]
pub struct RangeError {
    text: String,
    reason: String,
}

impl FromStr for AddressRange {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let fail = |reason: &str| RangeError {
            text: text.chars().take(100).collect(),
            reason: reason.to_owned(),
        };
        let net = match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
            (Ok(net), _) => net,
            (_, Ok(address)) => IpNet::from(address),
            _ => return Err(fail("write an address, or a range such as 10.20.0.0/16")),
        };
        if net.trunc() != net {
            return Err(fail(&format!("its first address is {}", net.trunc())));
        }
        if address::is_metadata(net.network()) && address::is_metadata(net.broadcast()) {
            return Err(fail("clouds serve credentials there, which is never connected to"));
        }
        let mut blocks = BLOCKS.iter().filter_map(|block| block.parse::<IpNet>().ok());
        if blocks.any(|block| block.contains(&net)) {
            return Ok(Self(net));
        }
        Err(fail(&format!(
            "public addresses need no range, and others cannot be opened; write a part of {}",
            BLOCKS.join(", ")
        )))
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The addresses that are open beside the public ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Whether loopback is, for a mock.
    pub loopback: bool,
    /// The ranges that are.
    pub ranges: Vec<AddressRange>,
}

/// An address that may not be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prohibition {
    /// What kind of address it is.
    pub kind: &'static str,
    /// Whether a range could open it.
    pub can_be_opened: bool,
}

impl Opened {
    /// Says why an address may not be connected to, or nothing when it may.
    pub fn prohibition(&self, address: IpAddr) -> Option<Prohibition> {
        let kind = address::refusal(address, self.loopback)?;
        // Of the forms of IPv6 that carry an IPv4 address only the mapped one leads to that very
        // address.
        let address = address.to_canonical();
        let can_be_opened = !address::is_metadata(address)
            && BLOCKS
                .iter()
                .filter_map(|block| block.parse::<IpNet>().ok())
                .any(|block| block.contains(&address));
        (!can_be_opened || !self.has_range(address)).then_some(Prohibition { kind, can_be_opened })
    }

    /// Whether a credential may travel to this address in clear: it stays on this machine, or the
    /// operator named it.
    pub fn takes_clear_text(&self, address: IpAddr) -> bool {
        self.prohibition(address).is_none()
            && (address.to_canonical().is_loopback() || self.has_range(address.to_canonical()))
    }

    fn has_range(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.0.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(ranges: &[&str]) -> Opened {
        let ranges = ranges.iter().map(|range| range.parse().unwrap()).collect();
        Opened { loopback: false, ranges }
    }

    #[test]
    fn a_range_is_a_part_of_what_is_not_public() {
        let rows = [
            ("10.0.0.0/8", None),
            ("10.20.0.0/16", None),
            ("10.1.2.3", None),
            ("100.64.0.0/10", None),
            ("198.18.0.0/15", None),
            ("172.17.0.0/16", None),
            ("fd12:3456::/32", None),
            ("fc00::/7", None),
            ("127.0.0.1/32", None),
            ("::1", None),
            ("10.1.2.3/8", Some("10.0.0.0/8")),
            ("0.0.0.0/0", Some("a part of")),
            ("::/0", Some("a part of")),
            ("8.8.8.8", Some("public addresses need no range")),
            ("52.0.0.0/8", Some("a part of")),
            ("169.254.169.254", Some("credentials")),
            ("169.254.0.0/16", Some("credentials")),
            ("100.100.100.200", Some("credentials")),
            ("168.63.129.16", Some("credentials")),
            ("192.0.0.192", Some("credentials")),
            ("fd00:ec2::254", Some("credentials")),
            ("fd00:ec2::/32", Some("credentials")),
            ("fd20:ce::254", Some("credentials")),
            ("fe80::/10", Some("credentials")),
            ("::ffff:10.0.0.1", Some("a part of")),
            ("224.0.0.0/4", Some("a part of")),
            ("10.0.0.0/33", Some("such as")),
            ("gateway", Some("such as")),
            ("", Some("such as")),
        ];
        for (text, expected) in rows {
            let range = text.parse::<AddressRange>();
            match expected {
                None => assert!(range.is_ok(), "{text}: {range:?}"),
                Some(reason) => {
                    let error = range.unwrap_err().to_string();
                    assert!(error.contains(reason) && error.contains(text), "{error}");
                }
            }
        }
    }

    #[test]
    fn a_range_opens_what_is_in_it_and_metadata_never() {
        let rows: &[(&[&str], &str, bool)] = &[
            (&["10.20.0.0/16"], "10.20.1.1", true),
            (&["10.20.0.0/16"], "::ffff:10.20.1.1", true),
            (&["10.20.0.0/16"], "10.21.0.1", false),
            (&["10.20.0.0/16"], "192.168.0.1", false),
            (&["10.20.0.0/16"], "52.1.2.3", true),
            (&["10.20.0.0/16"], "64:ff9b::a14:101", false),
            (&["64:ff9b::/96"], "64:ff9b::a14:101", true),
            (&["64:ff9b::/96"], "64:ff9b::a9fe:a9fe", false),
            (&["64:ff9b:1::/48"], "64:ff9b:1::a9fe:a9fe", false),
            (&["10.0.0.0/8"], "2002:a00:1::1", false),
            (&["100.64.0.0/10"], "100.64.0.1", true),
            (&["100.64.0.0/10"], "100.100.100.200", false),
            (&["fc00::/7"], "fd12::1", true),
            (&["fc00::/7"], "fd00:ec2::254", false),
            (&["fc00::/7"], "fd00:ec2::23", false),
            (&["fc00::/7"], "fd20:ce::254", false),
            (&["fc00::/7"], "fd00:42::42", false),
            (&["fc00::/7"], "fd00:c1::a9fe:a9fe", false),
            (&["fc00::/7"], "fe80::1", false),
            (&["127.0.0.0/8"], "127.0.0.1", true),
            (&["127.0.0.0/8"], "::1", false),
            (&[], "10.20.1.1", false),
        ];
        for (ranges, address, open) in rows {
            let opened = opened(ranges);
            let prohibition = opened.prohibition(address.parse().unwrap());
            assert_eq!(prohibition.is_none(), *open, "{ranges:?}: {address}");
        }
    }

    #[test]
    fn clear_text_goes_to_this_machine_and_to_what_was_named() {
        let mut opened = opened(&["10.20.0.0/16"]);
        let takes = |opened: &Opened| {
            ["127.0.0.1", "::1", "10.20.1.1", "10.21.1.1", "52.1.2.3"]
                .map(|address| opened.takes_clear_text(address.parse().unwrap()))
        };
        assert_eq!(takes(&opened), [false, false, true, false, false]);
        opened.loopback = true;
        assert_eq!(takes(&opened), [true, true, true, false, false]);
    }

    #[test]
    fn a_prohibition_says_whether_a_range_could_open_it() {
        let rows = [
            ("10.0.0.1", true),
            ("127.0.0.1", true),
            ("fd12::1", true),
            ("169.254.169.254", false),
            ("100.100.100.200", false),
            ("224.0.0.1", false),
            ("0.0.0.0", false),
            ("240.0.0.1", false),
            ("::127.0.0.1", false),
        ];
        for (address, expected) in rows {
            let found = opened(&[]).prohibition(address.parse().unwrap()).unwrap();
            assert_eq!(found.can_be_opened, expected, "{address}");
        }
    }
}
