//! The bar to beat: simple models fitted on the same train rows, evaluated on the same rows as the model.

use plumb_data::probe::{self, ProbeKind};

use crate::part::metric_values;
use crate::{EvaluateConfig, MetricValue, Scored, Subject};

/// A baseline on the judged rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// `majority`, `linear`, `boosted-trees` or `tfidf`.
    pub name: &'static str,
    /// Its rows and predictions, or why there are none.
    pub scored: Result<Scored, String>,
    /// Its metrics; empty when it failed.
    pub metrics: Vec<MetricValue>,
}

/// Fits and scores every baseline. A baseline that fails stands with its reason: the model is still evaluated.
pub(crate) fn baselines(subject: &Subject<'_>, rows: &[u32], config: &EvaluateConfig) -> Vec<Baseline> {
    let kinds = ProbeKind::ALL.into_iter().filter(|kind| kind.is_for(subject.table, subject.target));
    kinds.map(|kind| baseline(kind, subject, rows, config)).collect()
}

fn baseline(kind: ProbeKind, subject: &Subject<'_>, rows: &[u32], config: &EvaluateConfig) -> Baseline {
    let Subject { table, target, train, .. } = *subject;
    let scored = probe::fit(kind, table, target, train, config.seed)
        .map_err(|error| error.to_string())
        .and_then(|probe| Scored::predict(&probe, table, target, rows).map_err(|error| error.to_string()));
    let metrics =
        scored.as_ref().map_or_else(|_| Vec::new(), |scored| metric_values(scored, &config.bootstrap()));
    Baseline { name: kind.as_str(), scored, metrics }
}
