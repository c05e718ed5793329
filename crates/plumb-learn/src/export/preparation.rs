//! The preparation as operators: raw columns to what the network reads.

use plumb_data::Kind;
use plumb_data::prepare::{
    CalendarPart, Encoding, ImageEncoding, Levels, OneHot, Preparation, PreparedColumn, Scale,
};
use plumb_onnx::{ElementType, Extent, GraphWriter, Name, Setting};

use super::tokens::WrittenTokens;
use super::{ExportError, ROWS, Written, joined};

const TO_DOUBLE: [(&str, Setting<'static>); 1] = [("to", Setting::Int(ElementType::Double as i64))];
const TO_FLOAT: [(&str, Setting<'static>); 1] = [("to", Setting::Int(ElementType::Float as i64))];

/// Declares an input for each column and writes what becomes of it.
pub(super) fn write(preparation: &Preparation, graph: &mut GraphWriter) -> Result<Written, ExportError> {
    let mut written = Written::default();
    let (mut numbers, mut scales, mut flags) = (Vec::new(), Vec::new(), Vec::new());
    for column in &preparation.columns {
        match &column.encoding {
            Encoding::Number { scale, indicator } => {
                let raw = graph.input(&column.name, ElementType::Double, &[ROWS, Extent::Fixed(1)]);
                if *indicator {
                    let missing = graph.node("IsNaN", &[&raw], &[]);
                    flags.push(graph.node("Cast", &[&missing], &TO_FLOAT));
                }
                numbers.push(raw);
                scales.push(*scale);
            }
            Encoding::Time { parts, indicator } => {
                let (calendar, missing) = Calendar::new(graph, &column.name);
                if *indicator {
                    flags.push(graph.node("Cast", &[&missing], &TO_FLOAT));
                }
                let none = graph.doubles("missing", &[], &[f64::NAN]);
                for part in parts {
                    let found = calendar.part(graph, part.part);
                    numbers.push(graph.node("Where", &[&missing, &none, &found], &[]));
                    scales.push(part.scale);
                }
            }
            Encoding::OneHot(one_hot) => {
                let codes = codes(graph, &column.name, &one_hot.levels);
                flags.extend(flags_of(graph, one_hot, &codes));
            }
            Encoding::Embedding(levels) => written.codes.push(codes(graph, &column.name, levels)),
            Encoding::Image(encoding) => written.pixels = Some(pixels(graph, column, encoding)),
            // All texts of a row together are one input.
            Encoding::Text => {}
        }
    }
    written.tokens = preparation.texts.as_ref().map(|texts| WrittenTokens::new(graph, texts.length));
    if !numbers.is_empty() {
        let raw = joined(graph, &numbers)?;
        written.numbers = Some(scaled(graph, &raw, &scales));
    }
    if !flags.is_empty() {
        written.flags = Some(joined(graph, &flags)?);
    }
    Ok(written)
}

/// What [`Scale::apply`] does, for all numbers at once and in its order of operations.
fn scaled(graph: &mut GraphWriter, raw: &Name, scales: &[Scale]) -> Name {
    /// That of `Scale`.
    const LIMIT: f64 = 1e15;
    let mut constant = |of: fn(&Scale) -> f64, name: &str| {
        graph.doubles(name, &[scales.len()], &scales.iter().map(of).collect::<Vec<f64>>())
    };
    let fill = constant(|scale| scale.fill, "numbers.fill");
    let center = constant(|scale| scale.center, "numbers.center");
    let factor = constant(|scale| scale.factor, "numbers.factor");
    let [least, most, low, high] =
        [f64::MIN, f64::MAX, -LIMIT, LIMIT].map(|value| graph.doubles("bound", &[], &[value]));
    let missing = graph.node("IsNaN", &[raw], &[]);
    let known = graph.node("Where", &[&missing, &fill, raw], &[]);
    let offset = graph.node("Sub", &[&known, &center], &[]);
    let offset = graph.node("Clip", &[&offset, &least, &most], &[]);
    let found = graph.node("Mul", &[&offset, &factor], &[]);
    let mut found = graph.node("Clip", &[&found, &low, &high], &[]);
    if scales.iter().any(|scale| scale.clip.is_some()) {
        // Where nothing is clipped the bend is infinite: a division by 1.
        let bends: Vec<f64> = scales.iter().map(|scale| scale.clip.unwrap_or(f64::INFINITY)).collect();
        let bend = graph.doubles("numbers.bend", &[scales.len()], &bends);
        let one = graph.doubles("one", &[], &[1.0]);
        let share = graph.node("Div", &[&found, &bend], &[]);
        let square = graph.node("Mul", &[&share, &share], &[]);
        let sum = graph.node("Add", &[&square, &one], &[]);
        let root = graph.node("Sqrt", &[&sum], &[]);
        found = graph.node("Div", &[&found, &root], &[]);
    }
    graph.node("Cast", &[&found], &TO_FLOAT)
}

/// The code of each row's level, `[rows, 1]`; 0 for unknown and missing.
fn codes(graph: &mut GraphWriter, name: &str, levels: &Levels) -> Name {
    let raw = graph.input(name, ElementType::Text, &[ROWS, Extent::Fixed(1)]);
    let codes: Vec<i64> = (1..=levels.known.len() as i64).collect();
    let settings = [
        ("keys_strings", Setting::Texts(&levels.known)),
        ("values_int64s", Setting::Ints(&codes)),
        ("default_int64", Setting::Int(0)),
    ];
    graph.classic("LabelEncoder", &[&raw], &settings)
}

/// One flag of +1 and -1 for two levels, else a flag for each; none without levels.
fn flags_of(graph: &mut GraphWriter, one_hot: &OneHot, codes: &Name) -> Option<Name> {
    match one_hot.levels.known.len() {
        0 => None,
        2 => {
            let table = graph.floats("two_levels", &[3], &[0.0, -1.0, 1.0]);
            Some(graph.node("Gather", &[&table, codes], &[]))
        }
        levels => {
            let all: Vec<i64> = (1..=levels as i64).collect();
            let all = graph.wholes("levels", &[1, levels], &all);
            let is_level = graph.node("Equal", &[codes, &all], &[]);
            Some(graph.node("Cast", &[&is_level], &TO_FLOAT))
        }
    }
}

/// Bytes to normalized pixels.
fn pixels(graph: &mut GraphWriter, column: &PreparedColumn, encoding: &ImageEncoding) -> Name {
    debug_assert_eq!(column.kind, Kind::Image);
    let channels = encoding.channels.count();
    let extents = [channels, encoding.side, encoding.side].map(Extent::Fixed);
    let raw = graph.input(&column.name, ElementType::Byte, &[&[ROWS], &extents[..]].concat());
    let (scales, shifts): (Vec<f32>, Vec<f32>) = encoding
        .mean
        .iter()
        .zip(&encoding.deviation)
        .map(|(mean, deviation)| (1.0 / (255.0 * deviation), -mean / deviation))
        .unzip();
    let scale = graph.floats("pixels.scale", &[1, channels, 1, 1], &scales);
    let shift = graph.floats("pixels.shift", &[1, channels, 1, 1], &shifts);
    let raw = graph.node("Cast", &[&raw], &TO_FLOAT);
    let scaled = graph.node("Mul", &[&raw, &scale], &[]);
    graph.node("Add", &[&scaled, &shift], &[])
}

/// A time's day, the milliseconds since it began, and the parts of its date (H. Hinnant's `civil_from_days`), as whole numbers.
struct Calendar {
    since_1970: Name,
    of_day: Name,
    days: Name,
    year: Name,
    /// January is 0.
    month: Name,
}

impl Calendar {
    const DAY: i64 = 86_400_000;

    /// Declares the input; beside the calendar whether a time is missing.
    fn new(graph: &mut GraphWriter, name: &str) -> (Self, Name) {
        let raw = graph.input(name, ElementType::Whole, &[ROWS, Extent::Fixed(1)]);
        let mut on = Whole { graph };
        let none = on.constant(i64::MIN);
        let missing = on.graph.node("Equal", &[&raw, &none], &[]);
        let zero = on.constant(0);
        let since_1970 = on.graph.node("Where", &[&missing, &zero, &raw], &[]);
        let of_day = on.modulo(&since_1970, Self::DAY);
        let begun = on.minus(&since_1970, &of_day);
        let days = on.divided(&begun, Self::DAY);
        // Eras of 400 years that begin in March of the year 0.
        let shifted = on.plus(&days, 719_468);
        let of_era = on.modulo(&shifted, 146_097);
        let before = on.minus(&shifted, &of_era);
        let era = on.divided(&before, 146_097);
        let leap_4 = on.divided(&of_era, 1460);
        let leap_100 = on.divided(&of_era, 36_524);
        let leap_400 = on.divided(&of_era, 146_096);
        let even = on.minus(&of_era, &leap_4);
        let even = on.sum(&even, &leap_100);
        let even = on.minus(&even, &leap_400);
        let year_of_era = on.divided(&even, 365);
        let centuries = on.divided(&year_of_era, 100);
        let fourths = on.divided(&year_of_era, 4);
        let before = on.times(&year_of_era, 365);
        let before = on.sum(&before, &fourths);
        let before = on.minus(&before, &centuries);
        let day_of_year = on.minus(&of_era, &before);
        let fifth = on.times(&day_of_year, 5);
        let fifth = on.plus(&fifth, 2);
        let from_march = on.divided(&fifth, 153);
        let month = on.plus(&from_march, 2);
        let month = on.modulo(&month, 12);
        let march = on.constant(2);
        let is_next = on.graph.node("Less", &[&month, &march], &[]);
        let next = on.graph.node("Cast", &[&is_next], &[("to", Setting::Int(ElementType::Whole as i64))]);
        let year = on.times(&era, 400);
        let year = on.sum(&year, &year_of_era);
        let year = on.sum(&year, &next);
        (Self { since_1970, of_day, days, year, month }, missing)
    }

    /// A number read off the calendar, 64-bit floating point.
    fn part(&self, graph: &mut GraphWriter, part: CalendarPart) -> Name {
        match part {
            CalendarPart::Year => graph.node("Cast", &[&self.year], &TO_DOUBLE),
            CalendarPart::MonthSin => self.of_month(graph, f64::sin),
            CalendarPart::MonthCos => self.of_month(graph, f64::cos),
            CalendarPart::Weekday => {
                let mut on = Whole { graph };
                // 1970 began on a Thursday.
                let from_monday = on.plus(&self.days, 3);
                let weekday = on.modulo(&from_monday, 7);
                graph.node("Cast", &[&weekday], &TO_DOUBLE)
            }
            CalendarPart::Hour => divided(graph, &self.of_day, Self::DAY as f64 / 24.0),
            CalendarPart::ElapsedDays => divided(graph, &self.since_1970, Self::DAY as f64),
        }
    }

    /// A function of the month's angle, looked up.
    fn of_month(&self, graph: &mut GraphWriter, of: fn(f64) -> f64) -> Name {
        let values: Vec<f64> =
            (0..12).map(|month| of(std::f64::consts::TAU * f64::from(month) / 12.0)).collect();
        let table = graph.doubles("months", &[12], &values);
        graph.node("Gather", &[&table, &self.month], &[])
    }
}

fn divided(graph: &mut GraphWriter, whole: &Name, by: f64) -> Name {
    let by = graph.doubles("unit", &[], &[by]);
    let number = graph.node("Cast", &[whole], &TO_DOUBLE);
    graph.node("Div", &[&number, &by], &[])
}

/// Arithmetic of whole numbers with constants.
struct Whole<'a> {
    graph: &'a mut GraphWriter,
}

impl Whole<'_> {
    fn constant(&mut self, value: i64) -> Name {
        self.graph.wholes("whole", &[], &[value])
    }

    fn with(&mut self, operator: &str, value: &Name, constant: i64) -> Name {
        let constant = self.constant(constant);
        self.graph.node(operator, &[value, &constant], &[])
    }

    fn plus(&mut self, value: &Name, constant: i64) -> Name {
        self.with("Add", value, constant)
    }

    fn times(&mut self, value: &Name, constant: i64) -> Name {
        self.with("Mul", value, constant)
    }

    /// Of numbers that are not negative, or divide without rest.
    fn divided(&mut self, value: &Name, constant: i64) -> Name {
        self.with("Div", value, constant)
    }

    /// With the sign of the divisor.
    fn modulo(&mut self, value: &Name, constant: i64) -> Name {
        self.with("Mod", value, constant)
    }

    fn sum(&mut self, a: &Name, b: &Name) -> Name {
        self.graph.node("Add", &[a, b], &[])
    }

    fn minus(&mut self, a: &Name, b: &Name) -> Name {
        self.graph.node("Sub", &[a, b], &[])
    }
}
