//! Requests to other programs' servers: one way for all of them to trust certificates, and none to be led elsewhere.

use std::time::Duration;

use ureq::tls::{RootCerts, TlsConfig};

/// What asks. Statuses are answers, not errors; certificates are those that the system trusts; a whole request may take `patience`, where there is one for
/// all requests.
pub(crate) fn agent(patience: Option<Duration>) -> ureq::Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        // Tokens, rows and verdicts are for the server that was named and for no other.
        .max_redirects(0)
        .timeout_global(patience)
        .user_agent(concat!("plumb/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}
