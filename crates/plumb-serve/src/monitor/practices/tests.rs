//! Each practice: figures that it must pass, those that it must not, and hostile ones.

use plumb_ledger::Verdict;

use super::*;
use crate::monitor::figures::{
    Estimate, Finding, LogFigures, Of, Quality, Replayed, SCHEMA, Series, Skew, Window,
};

fn series() -> Series {
    Series {
        name: "age".to_owned(),
        of: Of::Values,
        test: "kolmogorov-smirnov".to_owned(),
        p: 0.5,
        adjusted: 1.0,
        effect: "wasserstein in deviations".to_owned(),
        size: 0.02,
        threshold: 0.1,
        drifted: false,
    }
}

fn quality() -> Quality {
    Quality {
        labelled: 500,
        value: 0.9,
        low: 0.88,
        high: 0.92,
        reference: 0.91,
        p: 0.4,
        worse_by: 0.01,
        worse: false,
        look: 1,
        level: 0.001,
        labels: String::new(),
    }
}

fn window(name: &str) -> Window {
    let estimate = Estimate {
        value: 0.9,
        low: 0.88,
        high: 0.92,
        reference: 0.91,
        measured: 0.905,
        worse_by: 0.01,
        trusted: true,
    };
    Window {
        name: name.to_owned(),
        first: 0,
        last: 999,
        from_ms: 0,
        to_ms: 1,
        rows: 1_000,
        look: 1,
        level: 0.006,
        skipped: None,
        drift: vec![series()],
        estimate: Some(estimate),
        quality: Some(quality()),
    }
}

fn sound() -> Figures {
    Figures {
        schema: SCHEMA,
        model: "m".to_owned(),
        bundle_sha256: String::new(),
        reference_sha256: String::new(),
        reference_rows: 2_000,
        unix_ms: 0,
        mode: "rows:1000".to_owned(),
        level: 0.01,
        metric: "auroc".to_owned(),
        log: LogFigures::default(),
        windows: vec![window("a"), window("b")],
        skew: Some(Skew {
            window: "b".to_owned(),
            rows: 1_000,
            level: 0.006,
            findings: Vec::new(),
            replayed: Some(Replayed { rows: 256, difference: Some(1e-7), tolerance: 1e-4 }),
        }),
        labels: None,
    }
}

fn verdict(id: &str, change: impl FnOnce(&mut Figures)) -> Verdict {
    let mut figures = sound();
    change(&mut figures);
    let practice = PRACTICES.iter().find(|practice| practice.page.id == id).unwrap();
    (practice.judge)(&figures).verdict
}

#[test]
fn the_pages_are_whole() {
    let pages: Vec<plumb_ledger::Page> = PRACTICES.iter().map(|practice| practice.page).collect();
    assert_eq!(plumb_ledger::practice::faults(&pages), Vec::<String>::new());
}

#[test]
fn a_sound_model_passes_all() {
    for practice in PRACTICES {
        assert_eq!((practice.judge)(&sound()).verdict, Verdict::Pass, "{}", practice.page.id);
    }
}

#[test]
fn what_is_wrong_is_found() {
    use Verdict::{Fail, Pass, Skipped, Warn};
    assert_eq!(verdict("operate.drift", |of| of.windows[1].drift[0].drifted = true), Fail);
    assert_eq!(verdict("operate.drift", |of| of.windows[0].drift[0].drifted = true), Warn);
    assert_eq!(
        verdict("operate.performance", |of| of.windows[1].quality.as_mut().unwrap().worse = true),
        Fail
    );
    assert_eq!(
        verdict("operate.performance", |of| of.windows[0].quality.as_mut().unwrap().worse = true),
        Warn
    );
    let unlabelled = |of: &mut Figures| of.windows.iter_mut().for_each(|window| window.quality = None);
    let expected = |change: fn(&mut Estimate)| {
        verdict("operate.performance", |of| {
            unlabelled(of);
            change(of.windows[1].estimate.as_mut().unwrap());
        })
    };
    assert_eq!(expected(|_| {}), Pass);
    assert_eq!(expected(|of| (of.worse_by, of.high) = (0.1, 0.9)), Warn);
    assert_eq!(expected(|of| of.worse_by = 0.1), Pass, "within what chance gives");
    assert_eq!(expected(|of| of.trusted = false), Skipped);
    assert_eq!(
        verdict("operate.skew", |of| of.skew.as_mut().unwrap().replayed.as_mut().unwrap().difference =
            Some(0.1)),
        Fail
    );
    assert_eq!(
        verdict("operate.skew", |of| of.skew.as_mut().unwrap().replayed.as_mut().unwrap().difference = None),
        Fail
    );
    let finding = Finding {
        column: "unit".to_owned(),
        what: "unseen categories".to_owned(),
        rows: 300,
        share: 0.3,
        p: 1e-9,
        examples: vec!["<b>".to_owned()],
        counts: true,
    };
    assert_eq!(verdict("operate.skew", |of| of.skew.as_mut().unwrap().findings.push(finding)), Fail);
}

#[test]
fn every_practice_answers_whatever_it_is_asked() {
    let hostile: [fn(&mut Figures); 5] = [
        |of| of.windows.clear(),
        |of| of.skew = None,
        |of| of.windows.iter_mut().for_each(|window| window.skipped = Some("3 rows, under 100".to_owned())),
        |of| {
            for window in &mut of.windows {
                window.drift.clear();
                window.estimate = None;
                window.quality = None;
            }
        },
        |of| {
            for series in of.windows.iter_mut().flat_map(|window| &mut window.drift) {
                (series.threshold, series.size, series.drifted) = (0.0, f64::NAN, true);
            }
        },
    ];
    for change in hostile {
        for practice in PRACTICES {
            let mut figures = sound();
            change(&mut figures);
            assert!(!(practice.judge)(&figures).summary.is_empty(), "{}", practice.page.id);
        }
    }
}
