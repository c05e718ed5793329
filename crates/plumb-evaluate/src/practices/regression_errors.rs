//! Do residuals show something left to learn?

use plumb_ledger::{Judgement, Page, Source, Threshold};
use plumb_stats::describe::spearman;

use super::{NOTHING_JUDGED, SIGNIFICANCE};
use crate::EvaluateContext;
use crate::residuals::residuals;

const BIAS: f64 = 0.1;
const TREND: f64 = 0.2;
const SPREAD: f64 = 0.5;
const TAIL: f64 = 0.5;

pub(super) const PAGE: Page = Page {
    id: "evaluate.regression-errors",
    question: "Are residuals centred, without trend, of even spread and without a few rows that dominate?",
    why: "MAE and MSE are averages. A bias, a trend or a handful of huge misses can hide behind them, and each has another cure.",
    evidence: "Mean and deviation of residuals, Spearman's correlation of residual and of its size with the prediction, kurtosis, and the share of the squared error that the worst 1 % of rows make.",
    thresholds: &[
        Threshold {
            name: "bias as part of the RMSE",
            value: BIAS,
            reason: "removing it would lower the RMSE by half a percent or more",
        },
        Threshold {
            name: "correlation of residual and prediction",
            value: TREND,
            reason: "predictions explain over 4 % of what is left",
        },
        Threshold {
            name: "correlation of the residual's size and the prediction",
            value: SPREAD,
            reason: "errors of the large ones are several times those of the small ones",
        },
        Threshold {
            name: "share of the squared error in the worst 1 % of rows",
            value: TAIL,
            reason: "a normal has about 10 %; half means that few rows decide training and score",
        },
    ],
    false_alarms: "Prices and counts spread more where they are larger by nature. Model a logarithm if relative errors matter.",
    remedy: "for a few huge misses look at `worst.json` and the raw rows; for uneven spread model the logarithm of the target; for a trend train longer or add capacity",
    sources: &[Source::BestPractices],
};

pub(super) fn judge(context: &EvaluateContext<'_>) -> Judgement {
    let Some(part) = context.judged() else { return Judgement::skipped(NOTHING_JUDGED) };
    let (Some(residuals), Some(summary)) = (residuals(&part.scored), part.residuals.as_ref()) else {
        return Judgement::skipped("the target is a class");
    };
    if residuals.len() < super::LEAST_ROWS {
        return Judgement::skipped(format!("{} rows are too few to look at residuals", residuals.len()));
    }
    let mean_square = residuals.iter().map(|r| r * r).sum::<f64>() / residuals.len() as f64;
    let bias = if mean_square > 0.0 { summary.mean.abs() / mean_square.sqrt() } else { 0.0 };
    let z = summary.mean.abs() * (residuals.len() as f64).sqrt() / summary.deviation;
    let sizes: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
    let correlation = |of: &[f64]| {
        let found = spearman(of, &part.scored.predicted).filter(|found| found.p < SIGNIFICANCE);
        found.map_or(0.0, |found| found.coefficient)
    };
    let (trend, spread, tail) = (correlation(&residuals), correlation(&sizes), tail_share(&residuals));
    let mut found = Vec::new();
    // 2.58 standard errors: the same level as the correlations are held to.
    if bias > BIAS && z > 2.58 {
        let side = if summary.mean > 0.0 { "low" } else { "high" };
        found.push(format!("predictions are too {side} by {:.4} on average", summary.mean.abs()));
    }
    if trend.abs() > TREND {
        found.push(format!("residuals follow the prediction (correlation {trend:.2})"));
    }
    if spread.abs() > SPREAD {
        found.push(format!("the size of residuals follows the prediction (correlation {spread:.2})"));
    }
    if tail > TAIL {
        found.push(format!("the worst 1 % of rows make {:.0} % of the squared error", 100.0 * tail));
    }
    let judgement = if found.is_empty() {
        Judgement::pass("residuals are centred, even and without dominating rows")
    } else {
        Judgement::warn(found.join("; "))
    };
    judgement
        .with("bias_in_rmse", bias)
        .with("correlation_with_prediction", trend)
        .with("size_correlation_with_prediction", spread)
        .with("kurtosis", summary.kurtosis)
        .with("worst_percent_share", tail)
        .with("quantiles", summary.quantiles.clone())
        .with("rows", residuals.len())
}

/// The share of the squared error in the worst 1 % of rows, at least one row.
fn tail_share(residuals: &[f64]) -> f64 {
    let mut squares: Vec<f64> = residuals.iter().map(|r| r * r).collect();
    squares.sort_by(|a, b| b.total_cmp(a));
    let total: f64 = squares.iter().sum();
    let worst: f64 = squares.iter().take(squares.len().div_ceil(100)).sum();
    if total > 0.0 { worst / total } else { 0.0 }
}
