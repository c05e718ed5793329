//! The names under which a server may be asked.
//!
//! A page of a stranger can give its own name the address of this machine (DNS rebinding) and would then be of the same origin as the
//! server. The browser still sends that name as `Host`, so names that are not known are turned away. An address in
//! figures cannot be given to anybody, so those are let through. The port says nothing: `ssh -L` changes it.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Known names.
#[derive(Debug, Clone)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// `localhost` and these.
    pub fn new(names: &[String]) -> Self {
        let names = names.iter().map(|name| name.to_ascii_lowercase());
        Self(std::iter::once("localhost".to_owned()).chain(names).collect())
    }

    /// Whether a `Host` header, or the host of a whole address, is known.
    pub fn knows(&self, host: &str) -> bool {
        if let Some(rest) = host.strip_prefix('[') {
            let Some((address, port)) = rest.split_once(']') else { return false };
            return address.parse::<Ipv6Addr>().is_ok() && is_port(port.strip_prefix(':').unwrap_or(port));
        }
        let (name, port) = host.split_once(':').unwrap_or((host, ""));
        let known = name.parse::<Ipv4Addr>().is_ok() || self.0.contains(&name.to_ascii_lowercase());
        known && is_port(port)
    }
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_known_names_are_let_through() {
        let hosts = Hosts::new(&["Train.Example".to_owned()]);
        for known in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:7777",
            "[::1]:9",
            "[::1]",
            "192.168.0.4",
            "train.example:1",
        ] {
            assert!(hosts.knows(known), "{known}");
        }
        for strange in [
            "",
            "evil.example",
            "localhost.evil.example",
            "localhost:x",
            "127.0.0.1.evil.example",
            "[::1",
            "[x]:1",
            "[::1]x",
            "127.1",
            "0x7f.1",
            "localhost:80:80",
            "localhost@evil.example",
            "train.example.",
        ] {
            assert!(!hosts.knows(strange), "{strange}");
        }
    }
}
