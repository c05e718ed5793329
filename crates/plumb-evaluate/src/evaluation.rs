//! The evaluation of a predictor on the parts of a split.

use plumb_data::{Predictor, Table, Target};

use crate::baselines::baselines;
use crate::{Baseline, EvaluateConfig, EvaluateError, PartEvaluation, Primary, Scored, WorstRows};

/// What is evaluated, on what.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The table.
    pub table: &'a Table,
    /// The target.
    pub target: &'a Target,
    /// The rows that were fitted on.
    pub train: &'a [u32],
    /// The rows that were chosen by; may be empty.
    pub valid: &'a [u32],
    /// The rows kept for this; may be empty, then the valid part is judged.
    pub test: &'a [u32],
    /// The model.
    pub predictor: &'a dyn Predictor,
}

impl std::fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [train, valid, test] = [self.train.len(), self.valid.len(), self.test.len()];
        write!(
            f,
            "Subject {{ target: {:?}, train: {train}, valid: {valid}, test: {test} }}",
            self.target.name
        )
    }
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The names of the classes; empty for regression.
    pub classes: Vec<String>,
    /// The metric that decides.
    pub primary: Primary,
    /// On the valid part.
    pub valid: Option<PartEvaluation>,
    /// On the test part.
    pub test: Option<PartEvaluation>,
    /// How sure the intervals are, a share.
    pub level: f64,
    /// The baselines on the judged part.
    pub baselines: Vec<Baseline>,
    /// The worst predictions of the judged part.
    pub worst: WorstRows,
}

impl Evaluation {
    /// The part that verdicts rest on: test, or valid where there is no test part.
    pub fn judged(&self) -> Option<&PartEvaluation> {
        self.test.as_ref().or(self.valid.as_ref())
    }

    /// The name of the judged part.
    pub fn judged_name(&self) -> &'static str {
        if self.test.is_some() { "test" } else { "valid" }
    }

    /// The primary metric on the judged part.
    pub fn headline(&self) -> Option<&crate::MetricValue> {
        self.judged()?.metric(self.primary.metric.name)
    }
}

/// Predicts both parts once, fits the baselines and measures everything.
pub fn evaluate(subject: &Subject<'_>, config: &EvaluateConfig) -> Result<Evaluation, EvaluateError> {
    let Subject { table, target, predictor, .. } = *subject;
    // Without train rows the shares of classes are those of the judged ones.
    let known = [subject.train, subject.test, subject.valid].into_iter().find(|rows| !rows.is_empty());
    let primary =
        Primary::choose(&config.primary, target, known.unwrap_or_default(), predictor.knows_how_sure())?;
    let part = |rows: &[u32]| match Scored::predict(predictor, table, target, rows) {
        Err(EvaluateError::NoRows) => Ok(None),
        scored => {
            scored.map(|scored| Some(PartEvaluation::new(scored, &target.classes, &config.bootstrap())))
        }
    };
    let (valid, test) = (part(subject.valid)?, part(subject.test)?);
    let judged = test.as_ref().or(valid.as_ref()).ok_or(EvaluateError::NoRows)?;
    // Without train rows there is nothing to fit one on.
    let fitted =
        if subject.train.is_empty() { Vec::new() } else { baselines(subject, &judged.scored.rows, config) };
    let worst = WorstRows::new(&judged.scored, table, target, config.worst);
    Ok(Evaluation {
        classes: target.classes.clone(),
        primary,
        valid,
        test,
        level: config.level,
        baselines: fitted,
        worst,
    })
}
