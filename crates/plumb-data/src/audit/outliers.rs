//! `data.outliers`: are values far out, as after a slip of units or of the decimal point?

use plumb_ledger::{Evidence, Judgement, Page, Practice, Source, Threshold};

use super::AuditContext;
use super::column_facts::{ColumnFacts, NumberFacts};
use super::far_values::{self, FarValues};
use super::odd_pictures::{self, Odd};
use crate::{Column, Kind};

/// 0.5 % of the values: a single cause that reaches hundreds of rows bends every scaling and every mean.
const FAIL_SHARE: f64 = 0.005;
/// 0.5 % of the pictures: as many as a fault of the camera or of the labelling tool leaves.
const WARN_PICTURES: f64 = 0.005;
/// Rows listed a column.
const LISTED: usize = 10;

pub(super) const PRACTICE: Practice<AuditContext> = Practice {
    page: Page {
        id: "data.outliers",
        question: "are there values far beyond a gap that the column's own tail does not explain, or infinite ones?",
        why: "A slip of units or of the decimal point, a code for missing such as 99999 or a date of 1900 stands for \
              nothing real, and squared errors and standard scaling follow it.",
        evidence: "For each column of numbers or times with a far group: how many, on which side, the nearest of them, \
                   the farthest of the rest, how many times as far from the median, the power of ten that parts them, \
                   the first rows. Pictures that are blank, nearly black or white, \
                   blurred or of an odd shape beside the median one, with their rows. A group counts as far only when a power-law tail with the rest's own index (Hill's \
                   estimate over the outer twentieth) would leave such a gap by chance under the threshold, so that \
                   heavy-tailed columns such as incomes do not alarm.",
        thresholds: &[
            Threshold {
                name: "ratio over the gap",
                value: far_values::RATIO,
                reason: "a slip of one decimal digit is 10 and must stay visible after scatter; the widest gaps of clean \
                         heavy-tailed columns that were looked at are 2.4",
            },
            Threshold {
                name: "chance of the gap",
                value: far_values::CHANCE,
                reason: "over the two sides of 100 columns one false alarm in 50 tables",
            },
            Threshold {
                name: "largest share of a far group",
                value: far_values::SHARE,
                reason: "more is a second population, not an error",
            },
            Threshold {
                name: "share of far values that fails",
                value: FAIL_SHARE,
                reason: "one cause that reaches so many rows bends every scaling and mean",
            },
            Threshold {
                name: "share of odd pictures that warns",
                value: WARN_PICTURES,
                reason: "as many as a fault of the camera or of the labelling tool leaves",
            },
            Threshold {
                name: "deviation of brightness of a blank picture",
                value: odd_pictures::BLANK,
                reason: "the noise of a covered lens is about two of 255 levels",
            },
            Threshold {
                name: "sharpness of a blurred picture, of the median one's",
                value: odd_pictures::BLURRED,
                reason: "a blur over five pixels takes nine tenths of the differences of neighbours",
            },
            Threshold {
                name: "ratio of sides to the median picture's",
                value: odd_pictures::ODD_SHAPE,
                reason: "panoramas and strips cut off most of themselves when the middle is taken",
            },
            Threshold {
                name: "least values",
                value: far_values::LEAST_VALUES as f64,
                reason: "fewer say nothing about a tail",
            },
        ],
        false_alarms: "A rare second population of another magnitude, such as company accounts among private ones. \
                       Errors that stay within the range of the right values are not seen.",
        remedy: "Correct the rows, or leave them out; `[prepare]` clips smoothly but cannot tell what was meant.",
        sources: &[
            Source::Recipe,
            Source::Paper(
                "Hill, A Simple General Approach to Inference About the Tail of a Distribution (1975)",
            ),
        ],
    },
    judge,
};

fn judge(context: &AuditContext) -> Judgement {
    let axes: Vec<(&Column, &NumberFacts)> = context
        .columns()
        .filter(|(column, _)| !matches!(column.kind, Kind::Id | Kind::Ignore))
        .filter_map(|(column, facts)| facts.number.as_ref().map(|number| (column, number)))
        .collect();
    let infinite = infinite_columns(context);
    let odd = context.looks().map(odd_pictures::find);
    if axes.is_empty() && infinite.is_empty() && odd.is_none() {
        return Judgement::skipped("there is no column of numbers, times or pictures");
    }
    let far: Vec<(&Column, &NumberFacts, &FarValues)> = axes
        .iter()
        .filter_map(|(column, number)| number.far.as_ref().map(|far| (*column, *number, far)))
        .collect();
    let share =
        |(_, number, far): &(&Column, &NumberFacts, &FarValues)| far.count as f64 / number.finite as f64;
    let worst = far.iter().max_by(|a, b| share(a).total_cmp(&share(b)));
    let judged = match worst {
        None if infinite.is_empty() && odd.is_some() => {
            of_pictures(context, odd.as_deref().unwrap_or_default())
        }
        None if infinite.is_empty() => {
            Judgement::pass(format!("no far values in {} columns of numbers and times", axes.len()))
        }
        None => Judgement::warn(format!("column `{}` holds infinite values", infinite[0])),
        Some(entry) if share(entry) >= FAIL_SHARE => Judgement::fail(sentence(entry)),
        Some(entry) => Judgement::warn(sentence(entry)),
    };
    let entries: Vec<Evidence> = far.iter().map(|(column, _, far)| evidence(column, far)).collect();
    let judged = judged.with("columns", entries).with("columns_with_infinite_values", infinite);
    odd.into_iter().flatten().fold(judged, |judged, Odd { kind, rows }| {
        let listed: Vec<u32> = rows.iter().take(LISTED).copied().collect();
        let name = kind.replace(' ', "_");
        judged.with(&format!("pictures_{name}"), rows.len()).with(&format!("first_rows_{name}"), listed)
    })
}

/// The verdict on the pictures, where no column of numbers or times is at fault.
fn of_pictures(context: &AuditContext, odd: &[Odd]) -> Judgement {
    let pictures = context.table.rows();
    let found: Vec<String> = (odd.iter().filter(|odd| !odd.rows.is_empty()))
        .map(|odd| format!("{} {}", odd.rows.len(), odd.kind))
        .collect();
    let count: usize = odd.iter().map(|odd| odd.rows.len()).sum();
    let share = count as f64 / pictures.max(1) as f64;
    match found.is_empty() {
        true => {
            Judgement::pass(format!("of {pictures} pictures none is blank, blurred or far from the others"))
        }
        false if share < WARN_PICTURES => {
            Judgement::pass(format!("of {pictures} pictures a few are odd: {}", found.join(", ")))
        }
        false => Judgement::warn(format!("of {pictures} pictures {}", found.join(", "))),
    }
}

fn infinite_columns(context: &AuditContext) -> Vec<&str> {
    let infinite = |facts: &ColumnFacts| match &facts.number {
        Some(number) => number.infinite > 0,
        None => facts.present > 0,
    };
    let numbers = context.columns().filter(|(column, _)| column.numbers().is_some());
    numbers.filter(|(_, facts)| infinite(facts)).map(|(column, _)| column.name.as_str()).collect()
}

fn sentence((column, number, far): &(&Column, &NumberFacts, &FarValues)) -> String {
    let FarValues { count, ratio, power_of_ten, .. } = far;
    let side = if far.above { "above" } else { "below" };
    let factor = match power_of_ten {
        2.. => format!(", about 10^{power_of_ten} times the others' size"),
        _ => String::new(),
    };
    let (name, finite) = (&column.name, number.finite);
    format!(
        "column `{name}`: {count} of {finite} values lie {side} a gap, {ratio:.0} times as far out as the rest{factor}"
    )
}

fn evidence(column: &Column, far: &FarValues) -> Evidence {
    let beyond = |x: f64| if far.above { x >= far.nearest } else { x <= far.nearest };
    let value = |row: usize| match (column.numbers(), column.times()) {
        (Some(numbers), _) => numbers.value(row),
        (_, Some(times)) => times.value(row) as f64,
        _ => f64::NAN,
    };
    let is_far = |&row: &usize| !column.is_missing(row) && value(row).is_finite() && beyond(value(row));
    let rows: Vec<usize> = (0..column.len()).filter(is_far).take(LISTED).collect();
    let fields = Judgement::pass("")
        .with("column", column.name.as_str())
        .with("count", far.count)
        .with("side", if far.above { "above" } else { "below" })
        .with("nearest_far_value", far.nearest)
        .with("farthest_other_value", far.rest)
        .with("ratio", far.ratio)
        .with("power_of_ten", i64::from(far.power_of_ten))
        .with("first_rows", rows);
    fields.evidence
}
