//! Train rows that a network's answer rests on, and rows that stand for a class, by what its last layer shows of them.
//!
//! The head of a network is linear in what the layer before it shows, so its output for a row is a sum over train rows of how alike the two
//! are times how far the train row was from its label: the representer theorem for networks (Yeh, Kim, Yen, Ravikumar 2018).

use plumb_data::{Labels, Target};

use super::ask::{Asked, unreadable};
use crate::EvaluateError;
use crate::scored::class_places;

/// A train row and what it says of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Voice {
    /// The train row.
    pub row: u32,
    /// Its weight, beside the largest of all train rows: positive speaks for the answer, negative against it.
    pub weight: f64,
    /// The cosine of what the network shows of both rows.
    pub likeness: f64,
}

/// What the answer for a row rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Influence {
    /// The row.
    pub row: u32,
    /// The output that is explained.
    pub output: usize,
    /// The train rows that speak most for it, the strongest first.
    pub speak_for: Vec<Voice>,
    /// Those that speak most against it.
    pub against: Vec<Voice>,
    /// Those that are most alike, whatever they say.
    pub alike: Vec<Voice>,
}

/// Rows that stand for a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Prototypes {
    /// The place of the class.
    pub class: usize,
    /// The rows, the one that stands for most first.
    pub rows: Vec<u32>,
    /// The mean distance of the class's rows to the nearest of them, beside that to the first alone.
    pub spread: f64,
}

/// What a network shows of train rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    rows: Vec<u32>,
    values: Vec<f64>,
    width: usize,
    /// By row and output: the label less the answer.
    residuals: Vec<f64>,
    outputs: usize,
}

impl Embedded {
    /// Asks for the labelled rows among `train`. None of a predictor that shows nothing. One pass of the network.
    pub fn of(asked: &Asked<'_>, target: &Target, train: &[u32]) -> Result<Option<Self>, EvaluateError> {
        let rows: Vec<u32> = train.iter().copied().filter(|&row| label(target, row).is_some()).collect();
        let Some(shown) = asked.predictor.embed(asked.table, &rows) else { return Ok(None) };
        let (values, width) = shown?;
        let outputs = asked.width();
        let answers = asked.rows(&rows)?;
        if values.len() != rows.len() * width || width == 0 {
            return Err(unreadable("the network shows another number of values"));
        }
        let wanted = |row: u32, output: usize| match label(target, row) {
            Some(Label::Class(class)) => f64::from(u8::from(class == output)),
            Some(Label::Number(number)) => number,
            None => f64::NAN,
        };
        let places = class_places(asked.predictor.classes(), target)?;
        let residual = |at: usize| {
            let (row, output) = (rows[at / outputs], at % outputs);
            wanted(row, places.get(output).copied().unwrap_or(output)) - answers[at]
        };
        let residuals = (0..rows.len() * outputs).map(residual).collect();
        let values = values.into_iter().map(f64::from).collect();
        Ok(Some(Self { rows, values, width, residuals, outputs }))
    }

    fn of_row(&self, at: usize) -> &[f64] {
        &self.values[at * self.width..][..self.width]
    }

    /// What the answers of some rows rest on: `most` train rows of each kind. `rows x train rows x width` operations.
    pub fn influence(
        &self,
        asked: &Asked<'_>,
        rows: &[(u32, usize)],
        most: usize,
    ) -> Result<Vec<Influence>, EvaluateError> {
        let wanted: Vec<u32> = rows.iter().map(|&(row, _)| row).collect();
        let shown = asked.predictor.embed(asked.table, &wanted);
        let (values, width) = shown.ok_or_else(|| unreadable("the model shows nothing"))??;
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        if width != self.width || values.len() != rows.len() * width {
            return Err(unreadable("the network shows another number of values"));
        }
        Ok(rows.iter().zip(values.chunks_exact(width)).map(|(&of, own)| self.voices(of, own, most)).collect())
    }

    fn voices(&self, (row, output): (u32, usize), own: &[f64], most: usize) -> Influence {
        let size = dot(own, own).sqrt();
        let mut all: Vec<Voice> = (0..self.rows.len())
            .filter(|&at| self.rows[at] != row)
            .map(|at| {
                let other = self.of_row(at);
                let product = dot(own, other);
                let sizes = size * dot(other, other).sqrt();
                let likeness = if sizes > 0.0 { product / sizes } else { 0.0 };
                Voice {
                    row: self.rows[at],
                    weight: product * self.residuals[at * self.outputs + output],
                    likeness,
                }
            })
            .collect();
        let largest = all.iter().map(|voice| voice.weight.abs()).fold(0.0, f64::max);
        if largest > 0.0 {
            for voice in &mut all {
                voice.weight /= largest;
            }
        }
        let by_weight = |sign: f64| {
            let mut voices: Vec<Voice> =
                all.iter().copied().filter(|voice| sign * voice.weight > 0.0).collect();
            voices.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then(a.row.cmp(&b.row)));
            voices.truncate(most);
            voices
        };
        let (speak_for, against) = (by_weight(1.0), by_weight(-1.0));
        all.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then(a.row.cmp(&b.row)));
        all.truncate(most);
        Influence { row, output, speak_for, against, alike: all }
    }

    /// Rows that stand for each class: each is the one that brings the rows of its class nearest to those chosen before. At most
    /// `sample` rows of a class are looked at: `sample² x width` operations a class.
    pub fn prototypes(&self, target: &Target, count: usize, sample: usize) -> Vec<Prototypes> {
        let of_class = |class: usize| {
            let is_own =
                |at: &usize| matches!(label(target, self.rows[*at]), Some(Label::Class(own)) if own == class);
            let all: Vec<usize> = (0..self.rows.len()).filter(is_own).collect();
            let step = all.len().div_ceil(sample.max(1)).max(1);
            let own: Vec<usize> = all.into_iter().step_by(step).collect();
            self.standing_for(class, &own, count)
        };
        (0..target.classes.len()).filter_map(of_class).collect()
    }

    fn standing_for(&self, class: usize, own: &[usize], count: usize) -> Option<Prototypes> {
        let distance = |a: usize, b: usize| {
            self.of_row(a).iter().zip(self.of_row(b)).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt()
        };
        let apart: Vec<Vec<f64>> =
            own.iter().map(|&a| own.iter().map(|&b| distance(a, b)).collect()).collect();
        let mut nearest = vec![f64::INFINITY; own.len()];
        let (mut chosen, mut of_first, mut rest) = (Vec::new(), 0.0, 0.0);
        for _ in 0..count.min(own.len()) {
            let cost =
                |at: &usize| apart[*at].iter().zip(&nearest).map(|(new, old)| new.min(*old)).sum::<f64>();
            let best = (0..own.len())
                .filter(|at| !chosen.contains(at))
                .min_by(|a, b| cost(a).total_cmp(&cost(b)))?;
            rest = cost(&best);
            of_first = if chosen.is_empty() { rest } else { of_first };
            nearest.iter_mut().zip(&apart[best]).for_each(|(old, new)| *old = new.min(*old));
            chosen.push(best);
        }
        let spread = if of_first > 0.0 { rest / of_first } else { 0.0 };
        let rows: Vec<u32> = chosen.into_iter().map(|at| self.rows[own[at]]).collect();
        (!rows.is_empty()).then_some(Prototypes { class, rows, spread })
    }
}

enum Label {
    Class(usize),
    Number(f64),
}

fn label(target: &Target, row: u32) -> Option<Label> {
    match &target.labels {
        Labels::Classes(codes) => codes.get(row as usize)?.map(|code| Label::Class(code as usize)),
        Labels::Numbers(numbers) => numbers.get(row as usize)?.map(Label::Number),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use plumb_data::{Column, Kind, PredictError, Predictions, Predictor, Table};
    use plumb_stats::Task;

    use super::*;

    /// Shows both of its columns, and guesses one half.
    struct Shows(Vec<String>);

    impl Predictor for Shows {
        fn task(&self) -> Task {
            Task::Binary
        }
        fn classes(&self) -> &[String] {
            &self.0
        }
        fn embed(&self, table: &Table, rows: &[u32]) -> Option<Result<(Vec<f32>, usize), PredictError>> {
            let numbers: Vec<_> = table.columns().iter().filter_map(Column::numbers).collect();
            let of = |&row: &u32| numbers.iter().map(move |numbers| numbers.value(row as usize) as f32);
            Some(Ok((rows.iter().flat_map(of).collect(), numbers.len())))
        }
        fn predict(&self, _: &Table, rows: &[u32]) -> Result<Predictions, PredictError> {
            Ok(Predictions::Probabilities { values: vec![0.5; rows.len() * 2], classes: 2 })
        }
    }

    #[test]
    fn rows_of_its_class_nearby_speak_for_a_row_and_others_against() {
        let x = [1.0, 0.9, -1.0, 0.1, 1.1, 5.0];
        let y = [0.0, 0.1, 0.0, 1.0, 0.2, 0.0];
        let column = |name: &str, values: [f64; 6]| Column::number(name, Kind::Number, values.map(Some));
        let table = Table::new(vec![column("x", x), column("y", y)]).unwrap();
        let classes = vec!["a".to_owned(), "b".to_owned()];
        let labels = Labels::Classes([1, 1, 0, 0, 0, 1].map(Some).to_vec());
        let target = Target { name: "t".to_owned(), task: Task::Binary, classes: classes.clone(), labels };
        let shows = Shows(classes);
        let asked = Asked { predictor: &shows, table: &table, inputs: &[0, 1] };
        let embedded = Embedded::of(&asked, &target, &[0, 1, 2, 3, 4, 5]).unwrap().unwrap();
        let found = embedded.influence(&asked, &[(0, 1)], 2).unwrap().remove(0);
        let rows = |voices: &[Voice]| voices.iter().map(|voice| voice.row).collect::<Vec<_>>();
        assert_eq!(
            rows(&found.speak_for),
            [5, 2],
            "far out in the same direction, and of the other class opposite"
        );
        assert_eq!(rows(&found.against), [4, 3], "alike and of the other class");
        assert_eq!(rows(&found.alike), [5, 1]);
        assert!(
            (found.speak_for[0].weight - 1.0).abs() < 1e-12 && (found.alike[0].likeness - 1.0).abs() < 1e-6
        );
        let of_b = &embedded.prototypes(&target, 2, 10)[1];
        assert_eq!(
            (of_b.class, of_b.rows.as_slice()),
            (1, &[0, 5][..]),
            "the middle first, then what is far from it"
        );
        assert!(of_b.spread < 0.1);
    }
}
