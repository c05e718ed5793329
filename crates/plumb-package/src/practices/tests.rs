//! Each practice of a bundle: one context that it must pass, those that it must not, and hostile ones.

use plumb_ledger::Verdict;

use super::*;
use crate::Why;

fn sound() -> PackageContext {
    let known = || Some("ab".repeat(32));
    let agreement = Agreement { rows: 64, difference: 1e-7, tolerance: 1e-4, flipped: 0 };
    PackageContext {
        signature: SignatureState::Holds("ab".repeat(32)),
        checked: Some(Ok(Checked { files: 12, bytes: 1000 })),
        origin: Origin {
            run: "r".to_owned(),
            commit: known(),
            changed: Some(false),
            data_sha256: known(),
            job_sha256: known(),
            seed: Some(0),
            toolchain: known(),
            weights_sha256: known(),
        },
        rebuilt: Some(true),
        parities: vec![Parity { way: "native".to_owned(), found: Ok(agreement) }],
    }
}

fn verdict(id: &str, change: impl FnOnce(&mut PackageContext)) -> Verdict {
    let mut context = sound();
    change(&mut context);
    let practice = PRACTICES.iter().find(|practice| practice.page.id == id).unwrap();
    (practice.judge)(&context).verdict
}

#[test]
fn the_pages_are_whole() {
    let pages: Vec<plumb_ledger::Page> = PRACTICES.iter().map(|practice| practice.page).collect();
    assert_eq!(plumb_ledger::practice::faults(&pages), Vec::<String>::new());
}

#[test]
fn a_sound_bundle_passes_all() {
    for practice in PRACTICES {
        assert_eq!((practice.judge)(&sound()).verdict, Verdict::Pass, "{}", practice.page.id);
    }
}

#[test]
fn what_is_wrong_is_found() {
    use Verdict::{Fail, Skipped, Warn};
    assert_eq!(verdict("package.signed", |of| of.signature = SignatureState::Absent), Warn);
    assert_eq!(verdict("package.signed", |of| of.signature = SignatureState::Unchecked), Warn);
    assert_eq!(
        verdict("package.verified", |of| of.checked = Some(Err(Refusal::of(Why::Added, "x.py")))),
        Fail
    );
    let refused = |why, file: &str| Some(Err(Refusal::of(why, file)));
    for id in ["package.signed", "package.parity", "package.reproducible"] {
        assert_eq!(verdict(id, |of| of.checked = refused(Why::Added, "x.py")), Skipped, "{id}");
    }
    assert_eq!(verdict("package.signed", |of| of.checked = refused(Why::WrongKey, crate::SIGNATURE)), Fail);
    assert_eq!(verdict("package.verified", |of| of.checked = None), Skipped);
    assert_eq!(verdict("package.reproducible", |of| of.rebuilt = Some(false)), Fail);
    assert_eq!(verdict("package.reproducible", |of| of.origin.commit = None), Warn);
    assert_eq!(verdict("package.reproducible", |of| of.origin.changed = Some(true)), Warn);
    assert_eq!(verdict("package.parity", |of| of.parities.clear()), Skipped);
    let way = |found| Parity { way: "model/model.onnx".to_owned(), found };
    for difference in [2e-4, f64::NAN, f64::INFINITY] {
        let found = Ok(Agreement { rows: 64, difference, tolerance: 1e-4, flipped: 3 });
        assert_eq!(verdict("package.parity", |of| of.parities.push(way(found))), Fail, "{difference}");
    }
    assert_eq!(verdict("package.parity", |of| of.parities.push(way(Err("no file".to_owned())))), Warn);
    assert_eq!(verdict("package.parity", |of| of.parities = vec![way(Err("no file".to_owned()))]), Skipped);
}
