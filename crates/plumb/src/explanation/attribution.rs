//! What columns add to single answers, by the method that was asked for, and whether that can be believed.

use plumb_data::audit::names_its_rows;
use plumb_evaluate::EvaluateError;
use plumb_evaluate::explain::{
    Asked, ExplainContext, Gradients, PRACTICES, ShapConfig, ShapMethod, ShapValues, Told, gradients,
    has_gradients, of_shuffled_labels, shap, told, told_by_gradients, told_margins,
};
use plumb_ledger::Seed;

use super::{How, Method};
use crate::evaluation::Ready;
use crate::fault::Fault;
use crate::run::Run;

/// Rows that are explained a second time, and for a model of shuffled labels.
const AGAIN: usize = 30;
/// Networks of exchanged weights, and rows that are explained for each.
const NETWORKS: u64 = 9;
const OF_NETWORKS: usize = 10;
/// Steps of integrated gradients: about a thousandth of what is shared out is then lost.
const STEPS: usize = 256;
/// Points of expected gradients for each row: twenty rounds over the usual background.
const DRAWS: usize = 2000;

/// A way to share out answers.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// Any predictor is asked about rows put together.
    Rows(ShapConfig),
    /// A network tells its gradients.
    Gradients(Gradients),
}

impl Way {
    /// The way that a method goes; none by LIME.
    pub(super) fn of(how: &How<'_>, inputs: usize, seed: Seed) -> Option<Self> {
        let rows = |method: ShapMethod| {
            let own = ShapConfig::new(method, inputs, seed);
            let budget = how.budget.unwrap_or(own.budget);
            Some(Self::Rows(ShapConfig { budget, of_margins: how.of_margins, ..own }))
        };
        match how.method {
            Method::Shap => rows(ShapMethod::Any),
            Method::Exact => rows(ShapMethod::Exact),
            Method::Kernel => rows(ShapMethod::Kernel),
            Method::Permutation => rows(ShapMethod::Permutation),
            Method::Sampling => rows(ShapMethod::Sampling),
            Method::IntegratedGradients => {
                Some(Self::Gradients(Gradients::Integrated { steps: how.budget.unwrap_or(STEPS) }))
            }
            Method::ExpectedGradients => {
                Some(Self::Gradients(Gradients::Expected { draws: how.budget.unwrap_or(DRAWS), seed }))
            }
            Method::Lime => None,
        }
    }

    /// The same way with other draws.
    fn drawn_again(&self) -> Self {
        match self {
            Self::Rows(config) => Self::Rows(ShapConfig { seed: config.seed.derive(1), ..config.clone() }),
            Self::Gradients(Gradients::Expected { draws, seed }) => {
                Self::Gradients(Gradients::Expected { draws: *draws, seed: seed.derive(1) })
            }
            Self::Gradients(Gradients::Integrated { .. }) => self.clone(),
        }
    }

    /// What columns add to the answers for some rows.
    pub(super) fn values(
        &self,
        asked: &Asked<'_>,
        rows: &[u32],
        background: &[u32],
        done: &mut dyn FnMut(u64),
    ) -> Result<ShapValues, EvaluateError> {
        match self {
            Self::Rows(config) => shap(asked, rows, background, config, done),
            Self::Gradients(how) => {
                gradients(asked, rows, background, *how, None, done)?.ok_or(EvaluateError::NoGradients)
            }
        }
    }

    /// What they are to sum to, asked for once more.
    fn told(&self, asked: &Asked<'_>, rows: &[u32], background: &[u32]) -> Result<Told, EvaluateError> {
        match self {
            Self::Rows(config) if config.of_margins => told_margins(asked, rows, background),
            Self::Rows(_) => told(asked, rows, background),
            Self::Gradients(how) => {
                told_by_gradients(asked, rows, background, *how)?.ok_or(EvaluateError::NoGradients)
            }
        }
    }

    /// What is shown of models that know nothing, and what they are.
    fn of_nothing(
        &self,
        ready: &Ready,
        asked: &Asked<'_>,
        rows: &[u32],
        background: &[u32],
    ) -> (&'static str, Result<Vec<ShapValues>, String>) {
        match self {
            Self::Rows(ShapConfig { of_margins: true, .. }) => {
                ("", Err("a model of shuffled labels shows no margins".to_owned()))
            }
            Self::Rows(config) => {
                let (target, train) = (&ready.opened.target, &ready.parts.train);
                let found = of_shuffled_labels(asked, target, train, rows, background, config);
                ("a model of shuffled labels", found.map(|values| vec![values]))
            }
            Self::Gradients(how) => {
                ("the network with exchanged weights", of_exchanged(asked, rows, background, *how))
            }
        }
    }
}

/// What gradients show of networks whose weights have changed places.
fn of_exchanged(
    asked: &Asked<'_>,
    rows: &[u32],
    background: &[u32],
    how: Gradients,
) -> Result<Vec<ShapValues>, String> {
    // A correlation of hundreds of values does not need more than the fewest draws.
    let how = match how {
        Gradients::Integrated { steps } => Gradients::Integrated { steps: steps.min(STEPS) },
        Gradients::Expected { seed, .. } => Gradients::Expected { draws: 1, seed },
    };
    let rows = &rows[..rows.len().min(OF_NETWORKS)];
    let of = |at: u64| {
        let found = gradients(asked, rows, background, how, Some(Seed(at)), &mut |_| {});
        found.and_then(|found| found.ok_or(EvaluateError::NoGradients)).map_err(|error| error.to_string())
    };
    (0..NETWORKS).map(of).collect()
}

/// Refuses what cannot be explained in this way.
pub(super) fn check(asked: &Asked<'_>, how: &How<'_>) -> Result<(), Fault> {
    let by_gradients = matches!(how.method, Method::IntegratedGradients | Method::ExpectedGradients);
    if by_gradients && !has_gradients(asked) {
        return Err(EvaluateError::NoGradients.into());
    }
    let rows = asked.table.rows();
    match how.baseline.filter(|&row| row as usize >= rows) {
        Some(row) => Err(Fault::usage(format!("there is no row {row} to start from, the table has {rows}"))
            .hint("`--baseline` counts rows from 0, as the answer does")),
        None => Ok(()),
    }
}

/// Judges an explanation: what columns add, and what the segments of pictures say by two draws. `background` is what it was made with,
/// `second` other rows of the same kind.
pub(super) fn judge(
    run: &mut Run,
    ready: &Ready,
    asked: &Asked<'_>,
    values: Option<(&Way, &ShapValues)>,
    pictures: Vec<(Vec<f64>, Vec<f64>)>,
    (background, second): (&[u32], &[u32]),
) -> Result<(), Fault> {
    if values.is_none() && pictures.is_empty() {
        return Ok(());
    }
    let names_rows = |&place: &usize| names_its_rows(&asked.table.columns()[place]);
    let nothing = || "no column is explained".to_owned();
    let mut context = ExplainContext {
        inputs: asked.names(),
        names_rows: asked.inputs.iter().map(names_rows).collect(),
        values: None,
        again: Err(nothing()),
        nothing: "",
        of_nothing: Err(nothing()),
        pictures,
    };
    if let Some((way, values)) = values {
        let rows: Vec<u32> = values.rows.iter().copied().take(AGAIN).collect();
        context.again = if second.is_empty() {
            Err("there are no other background rows to explain by".to_owned())
        } else {
            Ok(way.drawn_again().values(asked, &rows, second, &mut |_| {})?)
        };
        (context.nothing, context.of_nothing) = way.of_nothing(ready, asked, &rows, background);
        context.values = Some((values.clone(), way.told(asked, &values.rows, background)?));
    }
    run.judge(PRACTICES, &context);
    Ok(())
}
