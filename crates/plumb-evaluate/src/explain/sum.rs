//! Predictors that are sums of terms: what coalitions are worth, and Shapley values in closed form, without a row that is put together.

use plumb_data::SumOfTerms;
use plumb_stats::attribution::{ClosedForm, CoalitionSet, Term, Terms};

use super::ask::Asked;
use super::shap::Told;
use crate::EvaluateError;

/// Rows of scores that are turned into answers at once.
const ROWS: usize = 1 << 12;

/// A predictor from inside, with rows and background rows.
pub(super) struct Sum<'a> {
    inside: Box<dyn SumOfTerms + 'a>,
    form: ClosedForm,
    background: usize,
    players: usize,
    width: usize,
}

impl<'a> Sum<'a> {
    /// None of a predictor that is not known to be a sum.
    pub(super) fn of(
        asked: &Asked<'a>,
        rows: &[u32],
        background: &[u32],
    ) -> Result<Option<Self>, EvaluateError> {
        let Some(sum) = asked.predictor.as_sum(asked.table, asked.inputs, rows, background).transpose()?
        else {
            return Ok(None);
        };
        let (players, width) = (asked.inputs.len(), asked.width());
        Ok(Some(Self { inside: sum, form: ClosedForm::new(), background: background.len(), players, width }))
    }

    /// Whether the answers are the scores.
    pub(super) fn is_additive(&self) -> bool {
        self.inside.is_additive() && self.inside.scores() == self.width
    }

    /// How many scores a row has; none where they are no margins.
    pub(super) fn margins(&self) -> Option<usize> {
        self.inside.are_margins().then(|| self.inside.scores())
    }

    /// The mean scores of the background and those of so many rows.
    pub(super) fn told(&self, rows: usize) -> Told {
        let count = self.inside.scores();
        let scores = |row: usize, other: usize, counts: fn(&Term<'_>) -> bool| {
            let (mut sums, mut terms) = (vec![0.0; count], Terms::default());
            self.inside.terms(row, other, &mut terms);
            for &(score, value) in terms.iter().filter(counts).flat_map(|term| term.values) {
                sums[score as usize] += value;
            }
            sums
        };
        let mut base = vec![0.0; count];
        for other in 0..self.background {
            let of_other = scores(0, other, |term| term.own.is_empty());
            base.iter_mut().zip(of_other).for_each(|(sum, score)| *sum += score / self.background as f64);
        }
        Told {
            base,
            answers: (0..rows).flat_map(|row| scores(row, 0, |term| term.other.is_empty())).collect(),
        }
    }

    /// What each input adds to each score for the row at a place, `scores x inputs`.
    pub(super) fn values(&self, (place, row): (usize, u32)) -> Result<Vec<f64>, EvaluateError> {
        let (mut values, mut terms) = (vec![0.0; self.inside.scores() * self.players], Terms::default());
        for other in 0..self.background {
            terms.clear();
            self.inside.terms(place, other, &mut terms);
            self.form.add(&terms, self.players, &mut values);
        }
        for value in &mut values {
            *value /= self.background as f64;
        }
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(EvaluateError::NotFinite { row })
        }
    }

    /// What each coalition of the row at a place is worth on average over the background: `coalitions x outputs`.
    pub(super) fn worth(
        &self,
        asked: &Asked<'_>,
        (place, row): (usize, u32),
        set: &CoalitionSet,
    ) -> Result<Vec<f64>, EvaluateError> {
        let count = self.inside.scores();
        let mut worth = vec![0.0; set.len() * self.width];
        let (mut terms, mut scores, mut places) = (Terms::default(), Vec::new(), Vec::new());
        for other in 0..self.background {
            terms.clear();
            self.inside.terms(place, other, &mut terms);
            set.worth(&terms, count, &mut scores, &mut places);
            if scores.len() < ROWS * count && other + 1 < self.background {
                continue;
            }
            let answers = self.answers(asked, row, &scores)?;
            for places in places.chunks_exact(set.len().max(1)) {
                for (worth, &place) in worth.chunks_exact_mut(self.width).zip(places) {
                    let answer = &answers[place as usize * self.width..][..self.width];
                    worth.iter_mut().zip(answer).for_each(|(sum, value)| *sum += value);
                }
            }
            scores.clear();
            places.clear();
        }
        for sum in &mut worth {
            *sum /= self.background as f64;
        }
        Ok(worth)
    }

    fn answers(&self, asked: &Asked<'_>, row: u32, scores: &[f64]) -> Result<Vec<f64>, EvaluateError> {
        if self.is_additive() {
            return Ok(scores.to_vec());
        }
        let rows = scores.len() / self.inside.scores().max(1);
        asked.checked(self.inside.predictions(scores)?, rows, |_| row)
    }
}
