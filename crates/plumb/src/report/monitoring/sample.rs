//! Figures for tests, with a text in every name that figures have.

use plumb_serve::monitor::figures::{
    Estimate, Figures, Finding, LabelCounts, LogFigures, Of, Quality, Replayed, SCHEMA, Series, Skew, Window,
};

/// Nine windows, the later of which have moved.
pub(crate) fn figures(text: &str) -> Figures {
    let series = |at: u32, of: Of| Series {
        name: format!("age {text}"),
        of,
        test: text.to_owned(),
        p: 1e-9,
        adjusted: 1e-8,
        effect: text.to_owned(),
        size: f64::from(at) / 20.0,
        threshold: 0.1,
        drifted: at > 5,
    };
    let window = |at: u32| Window {
        name: format!("rows {at} {text}"),
        first: u64::from(at) * 100,
        last: u64::from(at) * 100 + 99,
        from_ms: 0,
        to_ms: 1,
        rows: 100,
        look: u64::from(at),
        level: 0.001,
        skipped: (at == 3).then(|| text.to_owned()),
        drift: [Of::Values, Of::Missing, Of::Prediction, Of::Embedding].map(|of| series(at, of)).to_vec(),
        estimate: Some(Estimate {
            value: 0.8,
            low: 0.7,
            high: 0.9,
            reference: 0.8,
            measured: 0.8,
            worse_by: 0.0,
            trusted: true,
        }),
        quality: Some(Quality {
            labelled: 90,
            value: 0.7,
            low: 0.6,
            high: 0.8,
            reference: 0.9,
            p: 1e-4,
            worse_by: 0.2,
            worse: true,
            look: 1,
            level: 0.001,
            labels: text.to_owned(),
        }),
    };
    Figures {
        schema: SCHEMA,
        model: text.to_owned(),
        bundle_sha256: String::new(),
        reference_sha256: String::new(),
        reference_rows: 2_000,
        unix_ms: 0,
        mode: "rows:100".to_owned(),
        level: 0.01,
        metric: "auroc".to_owned(),
        log: LogFigures { damaged: vec![text.to_owned()], ..LogFigures::default() },
        windows: (1..10).map(window).collect(),
        skew: Some(Skew {
            window: text.to_owned(),
            rows: 100,
            level: 0.001,
            findings: vec![Finding {
                column: text.to_owned(),
                what: text.to_owned(),
                rows: 50,
                share: 0.5,
                p: 1e-9,
                examples: vec![text.to_owned()],
                counts: true,
            }],
            replayed: Some(Replayed { rows: 100, difference: Some(1e-7), tolerance: 1e-4 }),
        }),
        labels: Some(LabelCounts::default()),
    }
}
