//! Reads a file and opens connections, by way of the standard library.
//!
//! No component gets what that takes, so this one must be refused when it is
//! loaded.

use std::net::{TcpStream, UdpSocket};

fn main() {
    let file = std::fs::read_to_string("/etc/passwd");
    let tcp = TcpStream::connect(("evil.example", 80));
    let udp = UdpSocket::bind(("0.0.0.0", 0));
    println!("{file:?} {tcp:?} {udp:?}");
}
