//! Plants every mistake of the zoo and prints what was found as JSON; `scripts/compare/watch` makes a table of it.
//!
//! `zoo`. One object: `faults` with the practices that caught each and the step at which they did, and `sound` with the alarms on
//! jobs without a mistake.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it shows the result; a broken case is a bug here"
)]

#[expect(dead_code, reason = "the tests use all of it")]
#[path = "../tests/it/made_up.rs"]
mod made_up;
#[path = "../tests/it/zoo/mod.rs"]
mod zoo;

use plumb_ledger::Verdict;
use serde_json::{Value, json};
use zoo::{Found, SOUND, caught, faults};

fn main() {
    let _agreed = plumb_kernels::memory::keep_freed();
    let _joined = plumb_kernels::threads::join_pool();
    let shown = |found: &Found| json!({ "id": found.id, "verdict": found.verdict.as_str(), "summary": found.summary, "step": found.step });
    let planted: Vec<Value> = faults()
        .map(|(area, fault)| {
            let found = (fault.plant)(fault.kind);
            let by: Vec<Value> = caught(fault, &found).into_iter().map(shown).collect();
            let others = found.iter().filter(|found| found.is_alarm() && !fault.meant.contains(&found.id));
            let others: Vec<Value> = others.map(shown).collect();
            json!({ "name": fault.name, "area": area, "kind": fault.kind.name(), "meant": fault.meant, "caught": by, "others": others })
        })
        .collect();
    let sound: Vec<Value> = (SOUND.iter())
        .map(|job| {
            let found = (job.run)();
            let verdicts = found.iter().filter(|found| found.verdict != Verdict::Skipped).count();
            let alarms: Vec<Value> = found.iter().filter(|found| found.is_alarm()).map(shown).collect();
            json!({ "name": job.name, "verdicts": verdicts, "alarms": alarms })
        })
        .collect();
    println!("{}", json!({ "faults": planted, "sound": sound }));
}
