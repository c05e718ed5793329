//! What the model reached: metrics beside the baselines, and the curves and tables behind them.

use super::answer::forest_rows;
use super::metric_names::{headed, in_words};
use super::plain;
use crate::report::RunFiles;
use crate::report::charts::precision_recall::ClassCurve;
use crate::report::charts::{
    Figure, calibration, confusion, forest, precision_recall, predicted_actual, residuals, roc,
};
use crate::report::files::lenient::Number;
use crate::report::files::metrics::{
    CrossValidation, Details, Metrics, PrecisionRecallCurve, ReliabilityBin, Residuals, RocCurve, Score,
};
use crate::report::format::{count, number, of_all, percent};
use crate::report::view::{Block, Cell, Table};

/// Metrics drawn beside the baselines; the table holds all.
const MOST_DRAWN: usize = 4;
/// Folds or seeds drawn.
const MOST_REPEATS: usize = 20;
/// What stands beside the model.
pub(super) const BASELINES: &str = "the model and of its baselines";
/// Classes listed.
const MOST_CLASSES: usize = 100;

/// Metrics, plots and the table by class.
pub(super) fn blocks(folder: &RunFiles) -> Vec<Block> {
    let Some(metrics) = folder.metrics.as_ref() else { return Vec::new() };
    let mut blocks: Vec<Block> =
        primary(metrics).into_iter().chain(metric_table(metrics).map(Block::Table)).collect();
    blocks.extend(Block::figures(comparisons(metrics)));
    blocks.extend(Block::figures(repeats(metrics)));
    let details = metrics.details.as_ref();
    blocks.extend(details.and_then(|details| Block::figures(class_figures(metrics, details))));
    blocks.extend(details.and_then(|details| per_class(details, metrics.judged().0)).map(Block::Table));
    blocks.extend(Block::figures(residual_figures(folder, details)));
    blocks
        .extend(details.and_then(|details| details.residuals.as_ref()).map(residual_table).map(Block::Table));
    blocks
}

fn metric_table(metrics: &Metrics) -> Option<Table> {
    let baselines: Vec<String> = metrics.baselines.0.iter().map(|(name, _)| name.replace('-', " ")).collect();
    let head: Vec<&str> = ["metric", metrics.judged().0, "interval", "valid"]
        .into_iter()
        .chain(baselines.iter().map(String::as_str))
        .collect();
    let (part, scores) = metrics.judged();
    let rows: Vec<Vec<Cell>> =
        scores.0.iter().map(|(name, score)| metric_row(metrics, name, score)).collect();
    let method = scores.0.iter().map(|(_, score)| score.method.as_str()).find(|method| !method.is_empty());
    let method =
        method.map(|method| format!(", intervals by {}", method.replace('_', " "))).unwrap_or_default();
    let level = metrics.level();
    let caption =
        format!("Metrics with their {level} intervals beside the baselines on the {part} part{method}");
    (!rows.is_empty()).then(|| Table::new(caption, &head, rows))
}

fn primary(metrics: &Metrics) -> Option<Block> {
    let reason = metrics.primary_reason.as_str();
    (!reason.is_empty())
        .then(|| Block::text(format!("Primary metric: {}, {reason}.", in_words(&metrics.primary))))
}

fn metric_row(metrics: &Metrics, name: &str, score: &Score) -> Vec<Cell> {
    let value = |score: Option<&Score>| {
        Cell::number(score.map_or_else(|| "–".to_owned(), |score| number(score.value.0)))
    };
    let interval = score
        .interval()
        .map_or_else(|| "–".to_owned(), |(low, high)| format!("{} to {}", number(low), number(high)));
    let primary = if name == metrics.primary { " (primary)" } else { "" };
    let first = [
        Cell::text(format!("{}{primary}", headed(name))),
        value(Some(score)),
        Cell::number(interval),
        value(metrics.valid.get(name)),
    ];
    let baselines = metrics.baselines.0.iter().map(|(_, scores)| value(scores.get(name)));
    first.into_iter().chain(baselines).collect()
}

/// The primary metric stands in the head of the page; here are the others that a baseline has too.
fn comparisons(metrics: &Metrics) -> Vec<Option<Figure>> {
    let shared = |name: &str| metrics.baselines.0.iter().any(|(_, scores)| scores.get(name).is_some());
    let others = metrics.judged().1.0.iter().filter(|(name, _)| *name != metrics.primary && shared(name));
    others
        .take(MOST_DRAWN)
        .map(|(name, score)| {
            let drawing = forest::draw(&in_words(name), BASELINES, &forest_rows(metrics, name, score))?;
            let caption = format!("Dots are the values, lines their {} intervals.", metrics.level());
            Some(Figure::new(headed(name), caption, drawing))
        })
        .collect()
}

/// The primary metric of the run beside that of its folds, and of its seeds.
fn repeats(metrics: &Metrics) -> Vec<Option<Figure>> {
    let Some(score) = metrics.judged().1.get(&metrics.primary) else { return Vec::new() };
    let drawn = |values: &[Number], mean: Option<forest::Row>, what: &str, title: &str, caption: &str| {
        let repeat = |(at, value): (usize, &Number)| forest::Row {
            name: format!("{what} {}", at + 1),
            value: value.0,
            interval: None,
            own: false,
        };
        let own = forest::Row {
            name: "this run".into(),
            value: score.value.0,
            interval: score.interval(),
            own: true,
        };
        let rows: Vec<forest::Row> = std::iter::once(own)
            .chain(mean)
            .chain(values.iter().enumerate().map(repeat).take(MOST_REPEATS))
            .collect();
        let drawing =
            forest::draw(&in_words(&metrics.primary), &format!("this run and of its {what}s"), &rows)?;
        (!values.is_empty()).then(|| Figure::new(title, caption, drawing))
    };
    let together = metrics.cross_validation.as_ref();
    let folds = drawn(
        &metrics.folds,
        together.map(mean_of_folds),
        "fold",
        "Cross-validation",
        &folds_in_words(together, metrics),
    );
    let seeds = drawn(
        &metrics.seeds,
        None,
        "seed",
        "Other seeds",
        "The same split trained with other seeds: how much of the result is luck. The first is this run's.",
    );
    vec![folds, seeds]
}

/// The mean of all folds with its corrected interval.
fn mean_of_folds(of: &CrossValidation) -> forest::Row {
    forest::Row {
        name: format!("mean of {} folds", of.scores),
        value: of.mean.0,
        interval: Some((of.low.0, of.high.0)).filter(|(low, high)| low.is_finite() && high.is_finite()),
        own: false,
    }
}

fn folds_in_words(of: Option<&CrossValidation>, metrics: &Metrics) -> String {
    let each = "Each fold is a training of its own, scored on the rows that it did not see.";
    let Some(of) = of else { return each.to_owned() };
    let drawn = match of.repeats {
        0 | 1 => String::new(),
        repeats => format!(
            " The folds were drawn {repeats} times and count on{}.",
            of_all(MOST_REPEATS.min(of.scores), of.scores)
        ),
    };
    let level = metrics.level();
    format!(
        "{each}{drawn} The mean has its {level} interval, corrected for the rows that trainings share (Nadeau and Bengio)."
    )
}

fn residual_figures(folder: &RunFiles, details: Option<&Details>) -> [Option<Figure>; 3] {
    let rows = folder.predictions.as_ref();
    let residuals = details.and_then(|details| details.residuals.as_ref());
    [
        rows.and_then(|rows| predicted_actual::draw(&rows.actual, &rows.predicted)),
        rows.and_then(|rows| residuals::over_predictions(&rows.actual, &rows.predicted)),
        residuals.and_then(|residuals| {
            let bins = &residuals.histogram;
            let edges =
                bins.first().map(|bin| bin.low.0).into_iter().chain(bins.iter().map(|bin| bin.high.0));
            let counts: Vec<u64> = bins.iter().map(|bin| bin.count).collect();
            residuals::histogram(&edges.collect::<Vec<_>>(), &counts)
        }),
    ]
}

fn residual_table(residuals: &Residuals) -> Table {
    let row = |name: &str, value: Number, meaning: &str| {
        vec![Cell::text(name), Cell::number(number(value.0)), Cell::text(meaning)]
    };
    let rows = vec![
        row("mean", residuals.mean, "above 0 the predictions are too low"),
        row("standard deviation", residuals.deviation, "the usual size of an error"),
        row("skewness", residuals.skewness, "0 where errors are alike on both sides"),
        row("excess kurtosis", residuals.kurtosis, "0 for a normal distribution, more for rare large errors"),
    ];
    Table::new("Residuals (actual minus predicted)", &["figure", "value", "meaning"], rows)
}

fn class_figures(metrics: &Metrics, details: &Details) -> Vec<Option<Figure>> {
    let matrix: Vec<u64> = details.confusion.iter().flatten().copied().collect();
    vec![
        confusion::draw(&metrics.classes, &matrix),
        roc::draw(&roc_curves(details)),
        precision_recall::draw(&precision_recall_curves(details)),
        calibration_figure(metrics, details),
    ]
}

fn roc_curves(details: &Details) -> Vec<(String, Vec<(f64, f64)>)> {
    let points = |x: &[_], y: &[_]| plain(x).into_iter().zip(plain(y)).collect();
    let curve = |curve: &RocCurve| {
        (curve.class.clone(), points(&curve.false_positive_rate, &curve.true_positive_rate))
    };
    details.roc.iter().map(curve).collect()
}

fn precision_recall_curves(details: &Details) -> Vec<ClassCurve> {
    let total: u64 = details.per_class.iter().map(|class| class.support).sum();
    let share = |name: &str| {
        let class = details.per_class.iter().find(|class| class.class == name)?;
        (total > 0).then(|| class.support as f64 / total as f64)
    };
    let curve = |curve: &PrecisionRecallCurve| ClassCurve {
        name: curve.class.clone(),
        share: share(&curve.class),
        points: plain(&curve.recall).into_iter().zip(plain(&curve.precision)).collect(),
    };
    details.precision_recall.iter().map(curve).collect()
}

fn calibration_figure(metrics: &Metrics, details: &Details) -> Option<Figure> {
    let bin = |bin: &ReliabilityBin| calibration::Bin {
        predicted: bin.mean_probability.0,
        observed: bin.observed.0,
        count: bin.count,
    };
    let bins: Vec<calibration::Bin> = details.calibration.iter().map(bin).collect();
    let ece = metrics.judged().1.get("ece").map(|score| match score.interval() {
        Some((low, high)) => format!("{} ({} to {})", number(score.value.0), number(low), number(high)),
        None => number(score.value.0),
    });
    calibration::draw(&bins, ece.as_deref())
}

fn per_class(details: &Details, part: &str) -> Option<Table> {
    let classes = &details.per_class;
    let total: u64 = classes.iter().map(|class| class.support).sum();
    let rows: Vec<Vec<Cell>> = classes
        .iter()
        .take(MOST_CLASSES)
        .map(|class| {
            vec![
                Cell::text(class.class.clone()),
                Cell::number(number(class.precision.0)),
                Cell::number(number(class.recall.0)),
                Cell::number(number(class.f1.0)),
                Cell::number(count(class.support as usize)),
                Cell::number(percent(class.support as f64 / total.max(1) as f64)),
            ]
        })
        .collect();
    let caption = format!("Each class on the {part} part{}", of_all(rows.len(), classes.len()));
    let head = ["class", "precision", "recall", "F1", "rows", "share"];
    (!rows.is_empty()).then(|| Table::new(caption, &head, rows))
}
