//! Which coalitions are asked about, what they are worth by rows that are put together, and what follows for each input.

use std::collections::HashMap;

use plumb_stats::attribution::{CoalitionSet, Coalitions, KernelShap, Walked, Walks};

use super::ask::{Asked, Mixture};
use crate::EvaluateError;

/// The coalitions that are asked for, the same for every row, and how what they are worth becomes what each player adds.
pub(super) struct Plan<'a> {
    players: usize,
    /// Whether each player is in it, coalition by coalition.
    members: Vec<bool>,
    /// The members as bits; none of more players than a word has.
    bits: Option<Vec<u64>>,
    solver: Solver<'a>,
    pub(super) is_exact: bool,
}

enum Solver<'a> {
    Kernel(KernelShap<'a>),
    Walks(Walks),
}

impl<'a> Plan<'a> {
    /// None where the coalitions are too few to tell the players apart.
    pub(super) fn kernel(coalitions: &'a Coalitions) -> Option<Self> {
        let players = coalitions.players();
        let all = u32::try_from(players).ok().and_then(|players| 1usize.checked_shl(players));
        let is_exact = players == 1 || all == Some(coalitions.len() + 2);
        let members = coalitions.iter().flatten().copied().collect();
        Some(Self::new(players, members, Solver::Kernel(KernelShap::new(coalitions)?), is_exact))
    }

    fn new(players: usize, members: Vec<bool>, solver: Solver<'a>, is_exact: bool) -> Self {
        let bits = members.chunks_exact(players).map(as_bits).collect();
        Self { players, members, bits, solver, is_exact }
    }

    /// Everybody who has joined after each step of each walk but the last.
    pub(super) fn walks(players: usize, walks: Walks) -> Self {
        let mut members = Vec::new();
        for order in walks.orders() {
            let mut joined = vec![false; players];
            for &player in order.iter().take(players.saturating_sub(1)) {
                joined[player as usize] = true;
                members.extend_from_slice(&joined);
            }
        }
        Self::new(players, members, Solver::Walks(walks), players <= 2)
    }

    /// The coalitions, laid out to look terms up.
    pub(super) fn set(&self) -> CoalitionSet {
        CoalitionSet::new(self.players, &self.members)
    }

    /// Where coalitions of a row are noted, to be used for one row after the other.
    pub(super) fn seen(&self) -> Seen {
        Seen::new(self.players)
    }

    /// What each coalition of a row is worth on average over the background: `coalitions x outputs`, by rows that are put together.
    pub(super) fn worth(
        &self,
        asked: &Asked<'_>,
        row: u32,
        background: &[u32],
        seen: &mut Seen,
    ) -> Result<Vec<f64>, EvaluateError> {
        let width = asked.width();
        let questions = self.questions(asked, row, background, seen);
        let answers = asked.mixture(&questions.mixture)?;
        let mut worth = vec![0.0; questions.places.len() / background.len() * width];
        for (worth, places) in
            worth.chunks_exact_mut(width).zip(questions.places.chunks_exact(background.len()))
        {
            for &place in places {
                let told = &answers[place as usize * width..][..width];
                worth.iter_mut().zip(told).for_each(|(sum, value)| *sum += value);
            }
            for sum in worth {
                *sum /= background.len() as f64;
            }
        }
        Ok(worth)
    }

    /// What each input adds to each output, `outputs x inputs`, from what coalitions are worth, the mean answer and the row's own; and the
    /// standard errors where there are any.
    pub(super) fn attribute(
        &self,
        worth: &[f64],
        base: &[f64],
        answer: &[f64],
    ) -> Result<Walked, EvaluateError> {
        let mut found = Walked { values: Vec::new(), errors: Vec::new() };
        for output in 0..base.len() {
            let own: Vec<f64> = worth.iter().skip(output).step_by(base.len()).copied().collect();
            let of_output = self.of_output(&own, base[output], answer[output]);
            let Walked { values, errors } = of_output.ok_or(EvaluateError::NoRows)?;
            found.values.extend(values);
            found.errors.extend(errors);
        }
        Ok(found)
    }

    /// The row in every coalition with every background row, each put together once.
    fn questions(&self, asked: &Asked<'_>, row: u32, background: &[u32], seen: &mut Seen) -> Questions {
        let coalitions = self.members.len() / self.players;
        let mut places = vec![0; coalitions * background.len()];
        // What is asked: a coalition and the row that gives the other values.
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(places.len());
        for (at, &other) in background.iter().enumerate() {
            seen.clear();
            let differ: Vec<bool> = asked
                .inputs
                .iter()
                .map(|&place| !asked.table.columns()[place].same(row as usize, other as usize))
                .collect();
            // Where all values differ no two coalitions are alike; of more inputs than bits none is taken to be.
            let shared = as_bits(&differ).filter(|_| differ.contains(&false)).zip(self.bits.as_ref());
            for coalition in 0..coalitions {
                let next = pairs.len() as u32;
                let place = shared.map_or(next, |(differ, bits)| seen.place(bits[coalition] & differ, next));
                if place == next {
                    pairs.push((coalition as u32, other));
                }
                places[coalition * background.len() + at] = place;
            }
        }
        let column = |input: usize| -> Vec<u32> {
            let inside: Vec<bool> = self.members.iter().skip(input).step_by(self.players).copied().collect();
            pairs.iter().map(|&(of, other)| if inside[of as usize] { row } else { other }).collect()
        };
        let inputs = (0..self.players).map(column).collect();
        let mixture = Mixture { base: vec![row; pairs.len()], inputs };
        Questions { mixture, places }
    }

    fn of_output(&self, worth: &[f64], empty: f64, full: f64) -> Option<Walked> {
        match &self.solver {
            Solver::Kernel(kernel) => {
                let values = kernel.attribute(worth, empty, full)?;
                Some(Walked { values, errors: Vec::new() })
            }
            Solver::Walks(walks) => {
                let between = self.players.saturating_sub(1);
                let along = |walk: usize| {
                    let inner = &worth[walk * between..][..between];
                    std::iter::once(empty).chain(inner.iter().copied()).chain(std::iter::once(full)).collect()
                };
                let along: Vec<Vec<f64>> = (0..walks.orders().len()).map(along).collect();
                walks.attribute(&along)
            }
        }
    }
}

/// What is asked for one row.
struct Questions {
    mixture: Mixture,
    /// The place in the mixture of each coalition with each background row, coalition by coalition.
    places: Vec<u32>,
}

/// Who is in as bits; none of more than a word has.
fn as_bits(members: &[bool]) -> Option<u64> {
    let bit = |(at, &inside): (usize, &bool)| u64::from(inside) << at;
    (members.len() <= u64::BITS as usize).then(|| members.iter().enumerate().map(bit).sum())
}

/// Players up to which every coalition has a place in a table: 2^16 places, 256 KiB.
const TABLE: usize = 16;

/// The places of coalitions that were met with one background row.
pub(super) enum Seen {
    Table(Vec<u32>),
    Map(HashMap<u64, u32>),
}

impl Seen {
    fn new(players: usize) -> Self {
        if players <= TABLE { Self::Table(vec![u32::MAX; 1 << players]) } else { Self::Map(HashMap::new()) }
    }

    fn clear(&mut self) {
        match self {
            Self::Table(table) => table.fill(u32::MAX),
            Self::Map(map) => map.clear(),
        }
    }

    /// The place of a coalition: `next` where it is new.
    fn place(&mut self, coalition: u64, next: u32) -> u32 {
        match self {
            Self::Table(table) => {
                let place = &mut table[coalition as usize];
                *place = if *place == u32::MAX { next } else { *place };
                *place
            }
            Self::Map(map) => *map.entry(coalition).or_insert(next),
        }
    }
}
