//! Whether other machines find what they are promised.

use super::{Finding, held_by};
use crate::config::PublicConfig;
use crate::{Config, Running};
use std::net::{SocketAddr, TcpListener};

/// Of the door for other machines, when there is one.
pub(super) fn public(config: &Config) -> Vec<Finding> {
    let Some(public) = &config.api.public else { return Vec::new() };
    let runs = Running::find(&config.data_dir).is_some_and(|running| running.lives() != Some(false));
    let mut findings: Vec<Finding> = public.bind.iter().map(|ip| address(SocketAddr::new(*ip, public.port), runs)).collect();
    findings.push(certificate(public));
    findings
}

fn address(address: SocketAddr, runs: bool) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) if runs => {
            Finding::bad("public door", format!("Nothing listens on {address} although the application runs. Restart it."))
        }
        Ok(_) => Finding::good("public door", format!("{address} is free; other machines will be served there.")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && runs => Finding::good(
            "public door",
            format!("{address} is taken, by this installation as it seems: other machines are served there."),
        ),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::bad(
            "public door",
            format!("{address} is taken{}. Stop that program, or choose another api.public.port.", held_by(address)),
        ),
        Err(error) => Finding::bad("public door", format!("{address} cannot be used: {error}. Change api.public.bind.")),
    }
}

fn certificate(public: &PublicConfig) -> Finding {
    let Some((certificate, key)) = &public.certificate else {
        return Finding::good("certificate", "WhatIsUp makes its own; /v1/info shows its fingerprint.");
    };
    let given = api::Certificate::Given { certificate: certificate.clone(), key: key.clone() };
    match given.look(engine::Clock::system().now()) {
        Ok(shown) => Finding::good("certificate", format!("Good until {}, SHA-256 {}.", shown.until, shown.fingerprint)),
        Err(error) => Finding::bad("certificate", format!("{error}. Mend api.public.certificate and api.public.key.")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_certificate_that_is_not_there_is_told() {
        let public = PublicConfig {
            bind: Vec::new(),
            port: 0,
            names: Vec::new(),
            certificate: Some(("/nowhere/cert.pem".into(), "/nowhere/key.pem".into())),
        };
        let found = certificate(&public);
        assert!(!found.good && found.says.contains("/nowhere/cert.pem"), "{found:?}");
        assert!(certificate(&PublicConfig { certificate: None, ..public }).good);
    }

    #[test]
    fn an_address_that_another_program_has_is_told_with_its_name() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = taken.local_addr().unwrap();
        let found = address(at, false);
        assert!(!found.good && found.says.contains(&at.port().to_string()), "{found:?}");
        assert!(address(at, true).good);
        drop(taken);
        assert!(address(at, false).good && !address(at, true).good);
    }
}
