//! `data.source-shift`: do the pictures of a source or a period look like the others?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};
use plumb_stats::effect::cramers_v;
use plumb_stats::multiplicity;
use plumb_stats::tests::ks_two_sample;

use super::AuditContext;
use super::looks::{Look, MEASURES};
use crate::{Column, Labels, Target};

/// A Kolmogorov-Smirnov distance that counts.
const DISTANCE: f64 = 0.3;
/// Adjusted p-value.
const P: f64 = 0.01;
/// Cramer's V between source and class from which the source tells the class.
const CONFOUNDED: f64 = 0.3;
/// Pictures of a source, and of all others.
const LEAST: usize = 50;
/// Sources of a column at most.
const SOURCES: usize = 50;
/// Sources listed.
const LISTED: usize = 50;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.source-shift",
        question: "do the pictures of every source and period look alike as a whole, or does the look give the class away?",
        why: "Brightness, contrast, sharpness and shape come from the camera, not from what is shown. A network that can tell \
              the source by them takes it for the class where the two go together, and fails where a new source comes.",
        evidence: "For each column of `evaluate.by` and `evaluate.groups`, each of its values against all others, and for the \
                   column of `split.method = \"time\"` the last third against the first: Kolmogorov-Smirnov distance of \
                   brightness, contrast, sharpness and shape; p adjusted by Holm over all of them. Beside it Cramer's V of the \
                   column and the class.",
        thresholds: &[
            Threshold {
                name: "distance that warns",
                value: DISTANCE,
                reason: "three pictures in ten would have to change to look like the others",
            },
            Threshold { name: "adjusted p-value", value: P, reason: "excludes chance; never decides alone" },
            Threshold {
                name: "Cramer's V that fails beside such a distance",
                value: CONFOUNDED,
                reason: "a medium effect (Cohen 1988): the look of the source then says much about the class",
            },
            Threshold {
                name: "pictures of a source",
                value: LEAST as f64,
                reason: "with fewer, distances of 0.3 arise by chance",
            },
        ],
        false_alarms: "Sources that differ because their subjects do: a site with more of a class that is bright.",
        remedy: "Take each class from every source, change colours and sharpness in training (`prepare.augment`), test on a source \
                 that was not trained on (`split.method = \"column\"`), and read `evaluate.shift`.",
        sources: &[
            Source::BestPractices,
            Source::Paper("Torralba, Efros, Unbiased Look at Dataset Bias (2011)"),
            Source::Paper(
                "Zech et al., Variable Generalization of a Deep Learning Model to Detect Pneumonia (2018)",
            ),
        ],
    },
    judge,
};

/// One measure of one source against the others.
struct Shift {
    column: String,
    source: String,
    measure: &'static str,
    distance: f64,
    p: f64,
    /// Cramer's V of the column and the class.
    with_class: Option<f64>,
}

/// Pictures of two kinds: 1 and 0; none for those that are neither.
struct Contrast {
    source: String,
    side: Vec<Option<bool>>,
}

fn judge(context: &AuditContext) -> Judgement {
    let Some(looks) = context.looks() else { return Judgement::skipped("there are no pictures") };
    let named = context.sources.iter().chain(&context.groups).chain(&context.time);
    let mut names: Vec<&String> = Vec::new();
    for name in named {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return Judgement::skipped("no source is named in `evaluate.by` or `evaluate.groups`, and no time");
    }
    let columns = names.into_iter().filter_map(|name| context.table.column(name));
    let mut shifts: Vec<Shift> =
        columns.flat_map(|column| of_column(column, looks, context.target.as_ref())).collect();
    if shifts.is_empty() {
        return Judgement::skipped(format!("no source has {LEAST} pictures beside {LEAST} others"));
    }
    let adjusted = multiplicity::holm(&shifts.iter().map(|shift| shift.p).collect::<Vec<_>>());
    shifts.iter_mut().zip(adjusted).for_each(|(shift, p)| shift.p = p);
    verdict(shifts)
}

fn of_column(column: &Column, looks: &[Option<Look>], target: Option<&Target>) -> Vec<Shift> {
    let contrasts = periods(column).map_or_else(|| levels(column), |contrast| vec![contrast]);
    let with_class = target.and_then(|target| association(column, target));
    let mut shifts = Vec::new();
    for Contrast { source, side } in &contrasts {
        for (measure, of) in MEASURES {
            let on = |wanted: bool| -> Vec<f64> {
                let sides = side.iter().zip(looks);
                sides
                    .filter(|(side, _)| **side == Some(wanted))
                    .filter_map(|(_, look)| look.as_ref().map(of))
                    .collect()
            };
            let (own, others) = (on(true), on(false));
            if own.len().min(others.len()) < LEAST {
                continue;
            }
            let Some(test) = ks_two_sample(&own, &others) else { continue };
            let (column, source) = (column.name.clone(), source.clone());
            shifts.push(Shift { column, source, measure, distance: test.statistic, p: test.p, with_class });
        }
    }
    shifts
}

/// Each value of a category against all others.
fn levels(column: &Column) -> Vec<Contrast> {
    let column = column.to_category();
    let Some(categories) = column.categories() else { return Vec::new() };
    if categories.len() > SOURCES {
        return Vec::new();
    }
    let of_level = |level: u32| Contrast {
        source: categories.level(level).to_owned(),
        side: (0..column.len()).map(|row| categories.code(row).map(|code| code == level)).collect(),
    };
    (0..categories.len() as u32).map(of_level).collect()
}

/// The last third of a column of times or numbers of many values against its first; none for others.
fn periods(column: &Column) -> Option<Contrast> {
    let value = |row: usize| -> Option<f64> {
        let value = match (column.numbers(), column.times()) {
            (Some(numbers), _) => numbers.value(row),
            (_, Some(times)) => times.value(row) as f64,
            _ => return None,
        };
        (!column.is_missing(row) && value.is_finite()).then_some(value)
    };
    let mut values: Vec<f64> = (0..column.len()).filter_map(value).collect();
    values.sort_by(f64::total_cmp);
    let (first, last) = (*values.get(values.len() / 3)?, *values.get(values.len() * 2 / 3)?);
    let side = |row: usize| match value(row)? {
        value if value >= last && value > first => Some(true),
        value if value < first => Some(false),
        _ => None,
    };
    Some(Contrast { source: "the last third".to_owned(), side: (0..column.len()).map(side).collect() })
}

/// Cramer's V of a category and the class; none where either has one value only, or for numbers.
fn association(column: &Column, target: &Target) -> Option<f64> {
    let Labels::Classes(classes) = &target.labels else { return None };
    if column.numbers().is_some() || column.times().is_some() {
        return None;
    }
    let column = column.to_category();
    let categories = column.categories()?;
    if categories.len() > SOURCES {
        return None;
    }
    let mut counts = vec![vec![0.0; target.classes.len()]; categories.len()];
    for (row, class) in classes.iter().enumerate() {
        if let (Some(code), Some(class)) = (categories.code(row), class) {
            counts[code as usize][*class as usize] += 1.0;
        }
    }
    cramers_v(&counts)
}

fn verdict(mut shifts: Vec<Shift>) -> Judgement {
    shifts.sort_by(|a, b| b.distance.total_cmp(&a.distance).then_with(|| a.source.cmp(&b.source)));
    let counts = |shift: &&Shift| shift.distance >= DISTANCE && shift.p < P;
    let confounded = |shift: &&Shift| shift.with_class.is_some_and(|v| v >= CONFOUNDED);
    let worst = shifts.iter().filter(counts).find(confounded).or_else(|| shifts.iter().find(counts));
    let judged = match worst {
        None => Judgement::pass(format!(
            "no source or period differs from the others by {DISTANCE} in brightness, contrast, sharpness or shape"
        )),
        Some(shift) => {
            let Shift { column, source, measure, distance, .. } = shift;
            let differs = format!(
                "pictures of `{source}` in `{column}` differ from the others in {measure} by {distance:.2}"
            );
            match shift.with_class {
                Some(v) if v >= CONFOUNDED => Judgement::fail(format!(
                    "{differs}, and `{column}` goes along with the class (Cramer's V {v:.2}): the look gives the class away"
                )),
                Some(v) => {
                    Judgement::warn(format!("{differs}; the classes are spread alike (Cramer's V {v:.2})"))
                }
                None => Judgement::warn(differs),
            }
        }
    };
    let entry = |shift: &Shift| -> Evidence {
        let fields =
            Judgement::pass("").with("column", shift.column.as_str()).with("source", shift.source.as_str());
        let fields =
            fields.with("measure", shift.measure).with("distance", shift.distance).with("p_holm", shift.p);
        let association = |judged: Judgement, v: f64| judged.with("cramers_v_with_class", v);
        shift.with_class.into_iter().fold(fields, association).evidence
    };
    let differing = shifts.iter().filter(counts).count();
    judged
        .with("comparisons", shifts.len())
        .with("that_differ", differing)
        .with("sources", shifts.iter().take(LISTED).map(entry).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use plumb_ledger::{Seed, Verdict};
    use plumb_stats::Task;

    use super::*;
    use crate::pictures::{Channels, Picture, PictureSet};
    use crate::read::ReadReport;
    use crate::{Images, Kind, Table, Values};

    const ROWS: usize = 400;

    /// Pictures of noise, those of source `b` brighter by so much; `class` tells the class of a row.
    fn context(brighter: f64, class: fn(usize) -> u32) -> AuditContext {
        let noise = Seed(7).stream("pixels");
        let picture = |row: usize| {
            let base = 80.0 + 20.0 * noise.at(1).normal(row as u64) + if is_b(row) { brighter } else { 0.0 };
            let level = |at: u64| (base + 30.0 * noise.at(2 + row as u64).normal(at)).clamp(0.0, 255.0) as u8;
            Picture::new(12, 12, Channels::Grey, (0..144).map(level).collect()).unwrap()
        };
        let set: PictureSet = (0..ROWS).map(picture).collect();
        let paths = (0..ROWS).map(|row| Some(format!("{row}.png"))).collect();
        let set = Arc::new(set);
        let source = (0..ROWS).map(|row| Some(if is_b(row) { "b" } else { "a" }));
        let columns = vec![
            Column {
                name: "picture".to_owned(),
                kind: Kind::Image,
                values: Values::Image(Images { paths, set }),
            },
            Column::category("camera", Kind::Category, source),
            Column::number("taken", Kind::Number, (0..ROWS).map(|row| Some(row as f64))),
        ];
        let mut context = AuditContext::new(Table::new(columns).unwrap(), ReadReport::default(), Seed(1));
        let labels = Labels::Classes((0..ROWS).map(|row| Some(class(row))).collect());
        let classes = vec!["cat".to_owned(), "dog".to_owned()];
        context.target = Some(Target { name: "class".to_owned(), task: Task::Binary, classes, labels });
        context.sources = vec!["camera".to_owned()];
        context
    }

    fn is_b(row: usize) -> bool {
        row.is_multiple_of(2)
    }

    fn independent(row: usize) -> u32 {
        u32::from(row % 4 >= 2)
    }

    #[test]
    fn a_bright_source_warns_and_one_that_tells_the_class_fails() {
        assert_eq!(judge(&context(0.0, independent)).verdict, Verdict::Pass);
        let bright = judge(&context(40.0, independent));
        assert_eq!(bright.verdict, Verdict::Warn, "{}", bright.summary);
        assert!(
            bright.summary.contains("`a` in `camera`") && bright.summary.contains("brightness"),
            "{}",
            bright.summary
        );
        let confounded = judge(&context(40.0, |row| u32::from(is_b(row))));
        assert_eq!(confounded.verdict, Verdict::Fail, "{}", confounded.summary);
        assert_eq!(judge(&context(0.0, |row| u32::from(is_b(row)))).verdict, Verdict::Pass);
    }

    #[test]
    fn a_period_is_held_against_the_one_long_before() {
        let mut context = context(0.0, independent);
        context.sources = Vec::new();
        context.time = Some("taken".to_owned());
        assert_eq!(judge(&context).verdict, Verdict::Pass);
        context.time = None;
        assert_eq!(judge(&context).verdict, Verdict::Skipped);
    }
}
