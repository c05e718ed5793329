//! Who is told when a verdict changes: one address, by HTTP or HTTPS, a few tries, no secrets in any message.

use std::collections::BTreeMap;
use std::time::Duration;

use plumb_ledger::{Ledger, Verdict};
use plumb_serve::monitor::Figures;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::outgoing;

/// For a whole request, connecting included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Waits before further tries: five seconds in all, for an address that is being restarted.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// The verdict of each practice that was told last.
pub(super) type Told = BTreeMap<String, Verdict>;

/// An address that is told.
#[derive(Debug)]
pub(super) struct Webhook {
    agent: ureq::Agent,
    /// It may hold a secret: it stands in no message and no file.
    address: String,
}

impl Webhook {
    /// An address; nothing is sent yet.
    pub(super) fn new(address: &str) -> Result<Self, Fault> {
        if !address.starts_with("https://") && !address.starts_with("http://") {
            return Err(Fault::usage("the webhook is no address")
                .hint("write it as `https://HOST/PATH`; verdicts are sent there as JSON"));
        }
        Ok(Self { agent: outgoing::agent(Some(TIMEOUT)), address: address.to_owned() })
    }

    /// Tells the verdicts that are other than those that were told last. At the first look that is what failed.
    pub(super) fn tell(&self, figures: &Figures, ledger: &Ledger, told: &Told) -> Result<Told, String> {
        let now: Told = ledger.verdicts.iter().map(|entry| (entry.id.clone(), entry.verdict)).collect();
        let news = news(ledger, told);
        if news.is_empty() {
            return Ok(now);
        }
        let body = json!({
            "schema": 1,
            "model": figures.model,
            "bundle_sha256": figures.bundle_sha256,
            "unix_ms": figures.unix_ms,
            "changed": news,
        });
        let mut pauses = PAUSES.iter();
        loop {
            match (self.send(&body), pauses.next()) {
                (Ok(()), _) => return Ok(now),
                (Err(why), None) => return Err(why),
                (Err(_), Some(pause)) => std::thread::sleep(*pause),
            }
        }
    }

    fn send(&self, body: &Value) -> Result<(), String> {
        let sent = self.agent.post(&self.address).content_type("application/json").send(body.to_string());
        match sent {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("it answers HTTP {}", answer.status().as_u16())),
            // What the client says may name the address, and with it a secret.
            Err(ureq::Error::Timeout(_)) => Err("it does not answer in time".to_owned()),
            Err(ureq::Error::BadUri(_)) => Err("its address cannot be understood".to_owned()),
            Err(ureq::Error::HostNotFound) => Err("its host is not known".to_owned()),
            Err(ureq::Error::Tls(_) | ureq::Error::Rustls(_)) => {
                Err("its certificate does not hold".to_owned())
            }
            Err(_) => Err("it cannot be reached".to_owned()),
        }
    }
}

/// What changed, in the order of the ledger.
fn news(ledger: &Ledger, told: &Told) -> Vec<Value> {
    let is_new = |id: &str, verdict: Verdict| match told.get(id) {
        Some(before) => *before != verdict,
        None => verdict == Verdict::Fail,
    };
    let entries = ledger.verdicts.iter().filter(|entry| is_new(&entry.id, entry.verdict));
    let one = |entry: &plumb_ledger::Entry| {
        json!({
            "practice": entry.id,
            "verdict": entry.verdict,
            "before": told.get(&entry.id),
            "summary": entry.summary,
            "remedy": entry.remedy,
        })
    };
    entries.map(one).collect()
}

#[cfg(test)]
mod tests {
    use plumb_ledger::Judgement;
    use plumb_serve::monitor::practices::PRACTICES;

    use super::*;

    fn ledger(drift: &Judgement) -> Ledger {
        let mut ledger = Ledger::new("m");
        for practice in PRACTICES {
            let judged =
                if practice.page.id == "operate.drift" { drift.clone() } else { Judgement::pass("holds") };
            ledger.record(&practice.page, judged);
        }
        ledger
    }

    #[test]
    fn only_what_changed_is_told() {
        let said = |drift, told: &[(&str, Verdict)]| {
            let told: Told = told.iter().map(|(id, verdict)| ((*id).to_owned(), *verdict)).collect();
            news(&ledger(&drift), &told).len()
        };
        assert_eq!(said(Judgement::pass("p"), &[]), 0, "nothing to tell at first");
        assert_eq!(said(Judgement::fail("f"), &[]), 1);
        assert_eq!(said(Judgement::fail("f"), &[("operate.drift", Verdict::Fail)]), 0);
        assert_eq!(said(Judgement::pass("p"), &[("operate.drift", Verdict::Fail)]), 1);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in ["", "ftp://host", "host", "file:///etc/passwd"] {
            assert!(Webhook::new(wrong).is_err(), "{wrong}");
        }
    }
}
