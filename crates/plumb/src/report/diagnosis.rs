//! The page of a diagnosed log: the verdicts, its curves, its series.

use plumb_ledger::{Entry, Verdict};

use super::ReportError;
use super::charts::Figure;
use super::charts::lines::Curve;
use super::charts::log_curves::{About, draw};
use super::format::{count, number};
use super::page::{Shown, lay_out};
use super::sections::answer::Answer;
use super::sections::verdicts;
use super::view::{Block, Cell, Table};
use crate::diagnose::{self, Diagnosis, Log, Part, Point};

/// Series of the table; the count of all stands beside.
const MOST_SERIES: usize = 200;
/// Scores that are drawn.
const MOST_SCORES: usize = 4;

/// Draws the page. The same log gives the same bytes.
pub(crate) fn render(diagnosis: &Diagnosis) -> Result<String, ReportError> {
    let sections = [
        Shown { id: "verdicts", title: "Verdicts", blocks: verdicts::of_ledger(&diagnosis.ledger) },
        Shown { id: "training", title: "Training", blocks: curves(diagnosis) },
        Shown { id: "series", title: "Series", blocks: series(diagnosis) },
    ];
    let (heading, finding) = match diagnosis.worst() {
        Some((headline, entry)) => (headline.to_owned(), Some(sentence(entry))),
        None => ("Nothing to find fault with".to_owned(), None),
    };
    let extent = format!("{} series, {}.", count(diagnosis.log.series.len()), diagnosis.extent());
    let sentences = finding.into_iter().chain([extent]).collect();
    let subject = format!("read as {}", diagnosis.format);
    lay_out(&Answer::of_log(&diagnosis.ledger, subject, heading, sentences), &sections)
}

/// A verdict's summary as a sentence.
fn sentence(entry: &Entry) -> String {
    // A series' name keeps its letters.
    let summary = entry.summary.strip_prefix('`').map_or_else(|| capital(&entry.summary), str::to_owned);
    format!("{}.", summary.replace('`', ""))
}

/// The text with its first letter as a capital.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

/// What the horizontal axis of a chart counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Across {
    Steps,
    Epochs,
}

impl Across {
    /// Steps where every point has one, else epochs.
    fn of(series: &[&[Point]]) -> Self {
        let steps = series.iter().copied().flatten().all(|point| point.step.is_some());
        if steps { Self::Steps } else { Self::Epochs }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Steps => "step",
            Self::Epochs => "epoch",
        }
    }

    fn place(self, point: &Point) -> Option<f64> {
        match self {
            Self::Steps => point.step.map(|step| step as f64),
            Self::Epochs => point.epoch,
        }
    }

    fn points(self, series: &[Point], value: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        series.iter().filter_map(|point| Some((self.place(point)?, value(point.value)))).collect()
    }
}

fn of<'a>(log: &'a Log, name: &str) -> &'a [Point] {
    log.series.get(name).map(Vec::as_slice).unwrap_or_default()
}

fn curves(diagnosis: &Diagnosis) -> Vec<Block> {
    let roles = &diagnosis.roles;
    let scores = roles.scores.iter().filter(|score| score.valid.is_some()).take(MOST_SCORES);
    let scores = scores.map(|score| {
        let names =
            [&score.train, &score.valid].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
        let caption = match names.len() {
            1 => "The score on the validation rows.",
            _ => "The score on the training and on the validation rows.",
        };
        plain(diagnosis, &score.name, caption, &names)
    });
    let rate = roles.rate.as_deref();
    let rate = rate.and_then(|name| plain(diagnosis, "Learning rate", "The rate as it was logged.", &[name]));
    let gradient = roles.gradient.as_deref().and_then(|name| {
        plain(
            diagnosis,
            "Gradient norm",
            "As it was logged; whether before or after clipping is the tool's choice.",
            &[name],
        )
    });
    let figures: Vec<Option<Figure>> =
        [losses(diagnosis)].into_iter().chain(scores).chain([rate, gradient]).collect();
    let nothing = || Block::text("No series of this log can be drawn.");
    vec![Block::figures(figures).unwrap_or_else(nothing)]
}

/// The losses, with where overfitting began, or where the first number is none.
fn losses(diagnosis: &Diagnosis) -> Option<Figure> {
    let roles = &diagnosis.roles;
    let parts: Vec<&Part> =
        [&roles.train_by_step, &roles.train_by_epoch, &roles.valid].into_iter().flatten().collect();
    let series: Vec<&[Point]> = parts.iter().map(|part| of(&diagnosis.log, &part.series)).collect();
    let across = Across::of(&series);
    let curves: Vec<Curve> = parts
        .iter()
        .zip(&series)
        .map(|(part, points)| Curve::new(part.in_words(), across.points(points, |value| part.loss(value))))
        .collect();
    let mark = broken(diagnosis, across).or_else(|| overfitting(diagnosis, across));
    let about = About {
        label: "Losses of the training and the validation rows",
        x_title: across.title(),
        y_title: "loss",
        mark: mark.as_ref().map(|(at, words)| (*at, words.as_str())),
    };
    let caption = "A validation curve that turns up while the training curve falls is overfitting. A red cross at the foot is a \
                   number that is none.";
    Some(Figure::new("Loss", caption, draw(&about, &curves)?))
}

/// Where the validation loss was lowest, when it rose from there.
fn overfitting(diagnosis: &Diagnosis, across: Across) -> Option<(f64, String)> {
    let entry = diagnosis.ledger.get("train.overfitting").filter(|entry| entry.verdict == Verdict::Warn)?;
    let began = entry.evidence.get("began_epoch")?.as_u64()?;
    let epoch = diagnosis.context.history.epochs.iter().find(|epoch| epoch.epoch == began)?;
    let valid = of(&diagnosis.log, &diagnosis.roles.valid.as_ref()?.series);
    let is_it = |point: &&Point| match diagnosis.context.history.axis {
        plumb_learn::watch::Axis::Epochs => point.epoch.map(diagnose::number) == Some(epoch.epoch),
        plumb_learn::watch::Axis::Steps => point.step == Some(epoch.epoch),
    };
    Some((across.place(valid.iter().find(is_it)?)?, "overfitting begins".to_owned()))
}

/// Where the first number is none, when the training broke there.
fn broken(diagnosis: &Diagnosis, across: Across) -> Option<(f64, String)> {
    let entry = diagnosis.ledger.get("train.finite").filter(|entry| entry.verdict == Verdict::Fail)?;
    let fact = |name: &str| entry.evidence.get(name)?.as_f64();
    let at = match across {
        Across::Steps => fact("step"),
        Across::Epochs => fact("epoch"),
    };
    let name = entry.evidence.get("series")?.as_str()?;
    Some((at?, format!("{name}: no number")))
}

/// A chart of series as they are; the first score's name may be in small letters.
fn plain(diagnosis: &Diagnosis, title: &str, caption: &str, names: &[&str]) -> Option<Figure> {
    let series: Vec<&[Point]> = names.iter().map(|name| of(&diagnosis.log, name)).collect();
    let across = Across::of(&series);
    let curves: Vec<Curve> = names
        .iter()
        .zip(&series)
        .map(|(name, points)| Curve::new(*name, across.points(points, |value| value)))
        .collect();
    let about = About { label: title, x_title: across.title(), y_title: &title.to_lowercase(), mark: None };
    Some(Figure::new(capital(title), caption, draw(&about, &curves)?))
}

/// What the log holds, and which part each series plays.
fn series(diagnosis: &Diagnosis) -> Vec<Block> {
    let parts = diagnosis.parts();
    let part = |name: &str| {
        let plays =
            parts.iter().filter(|(_, series)| series == name || series.ends_with(&format!(" - {name}")));
        plays.map(|(part, _)| *part).collect::<Vec<_>>().join(", ")
    };
    let all = diagnosis.log.series.len();
    let rows = diagnosis
        .log
        .series
        .iter()
        .take(MOST_SERIES)
        .map(|(name, points)| row(name, &part(name), points))
        .collect();
    let head = ["series", "taken as", "numbers", "first", "last", "lowest", "highest", "no number"];
    let caption = format!("What the log holds{}", super::format::of_all(all.min(MOST_SERIES), all));
    let mut blocks = vec![Block::Table(Table::new(caption, &head, rows))];
    blocks.extend(diagnosis.log.remarks.iter().map(|remark| Block::text(format!("{remark}."))));
    blocks
}

fn row(name: &str, part: &str, points: &[Point]) -> Vec<Cell> {
    let finite = || points.iter().map(|point| point.value).filter(|value| value.is_finite());
    let lowest = finite().fold(f64::INFINITY, f64::min);
    let highest = finite().fold(f64::NEG_INFINITY, f64::max);
    let value =
        |point: Option<&Point>| Cell::number(point.map_or_else(String::new, |point| number(point.value)));
    vec![
        Cell::text(name),
        Cell::text(part),
        Cell::number(count(points.len())),
        value(points.first()),
        value(points.last()),
        Cell::number(if lowest.is_finite() { number(lowest) } else { String::new() }),
        Cell::number(if highest.is_finite() { number(highest) } else { String::new() }),
        Cell::number(count(points.len() - finite().count())),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnose::Chosen;

    /// A log that overfits and breaks, with the text in every name that a log can give.
    fn page(text: &str) -> String {
        let mut log = Log::default();
        for epoch in 0..20u32 {
            let at = f64::from(epoch);
            let broken = if epoch < 15 { 1.0 } else { f64::NAN };
            let values = [
                ("train loss", 1.0 / (1.0 + at)),
                ("val loss", 0.5 + 0.1 * (at - 3.0).abs()),
                ("val acc", 0.5),
                ("lr", broken),
                ("grad norm", broken),
            ];
            for (name, value) in values {
                log.add(&format!("{name} {text}"), Point { step: None, epoch: Some(at), value }).unwrap();
            }
        }
        log.remarks.push(text.to_owned());
        let diagnosis = diagnose::judge(Path::new(text), "CSV", log, Chosen::default(), true).unwrap();
        render(&diagnosis).unwrap()
    }

    /// Every tag without its quoted values, but `code`, of which a pair of backticks makes one.
    fn tags(page: &str) -> Vec<String> {
        let tags = page.split('<').skip(1).filter_map(|rest| rest.split('>').next());
        let unquoted = tags.map(|tag| tag.split('"').step_by(2).collect::<Vec<_>>().join("\"\""));
        unquoted.filter(|tag| !matches!(tag.as_str(), "code" | "/code")).collect()
    }

    #[test]
    fn hostile_names_stay_text() {
        let plain = page("x");
        assert!(plain.contains("class=\"cross\"") && plain.contains("<h1>Not a number</h1>"));
        for payload in include_str!("templates/xss_payloads.txt").lines() {
            // A name that itself says what it measures may change the charts, never the kinds of tags.
            let foreign = tags(&page(payload)).into_iter().find(|tag| !tags(&plain).contains(tag));
            assert!(foreign.is_none(), "{payload} makes markup: {foreign:?}");
        }
    }
}
