//! What coalitions are worth in a game that is a sum of terms.

use super::Terms;

/// Coalitions of players, laid out to look terms up.
#[derive(Debug, Clone)]
pub struct CoalitionSet {
    players: usize,
    count: usize,
    /// The members of each coalition as bits, eight players a byte.
    bytes: Vec<u8>,
    /// The coalitions of each player as bits, in words.
    of_player: Vec<u64>,
}

/// Sums of numbers of players, looked up eight players at once.
struct ByBytes<T> {
    tables: Vec<[T; 256]>,
}

impl<T: Copy + std::ops::Add<Output = T>> ByBytes<T> {
    fn new(numbers: &[T], zero: T) -> Self {
        let table = |numbers: &[T]| {
            let mut table = [zero; 256];
            for (bit, &number) in numbers.iter().enumerate() {
                for code in 0..1 << bit {
                    table[code | 1 << bit] = table[code] + number;
                }
            }
            table
        };
        Self { tables: numbers.chunks(8).map(table).collect() }
    }

    fn sum(&self, members: &[u8], start: T) -> T {
        self.tables.iter().zip(members).fold(start, |sum, (table, &code)| sum + table[usize::from(code)])
    }
}

impl CoalitionSet {
    /// Lays coalitions out: `members` row by row, `players` for each.
    pub fn new(players: usize, members: &[bool]) -> Self {
        let (count, width) = (members.len() / players.max(1), players.div_ceil(8));
        let words = count.div_ceil(64);
        let mut set =
            Self { players, count, bytes: vec![0; count * width], of_player: vec![0; players * words] };
        for (coalition, members) in members.chunks_exact(players.max(1)).enumerate() {
            for (player, _) in members.iter().enumerate().filter(|(_, inside)| **inside) {
                set.bytes[coalition * width + player / 8] |= 1 << (player % 8);
                set.of_player[player * words + coalition / 64] |= 1 << (coalition % 64);
            }
        }
        set
    }

    /// How many coalitions there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The scores that coalitions have, by the terms of one pair of rows. Appends rows of `scores` numbers to `found`, and for each
    /// coalition the place of its row among all of `found` to `places`. Where few players matter each of their subsets has one row.
    pub fn worth(&self, terms: &Terms, scores: usize, found: &mut Vec<f64>, places: &mut Vec<u32>) {
        let first = (found.len() / scores.max(1)) as u32;
        let active = terms.players();
        let subsets = u32::try_from(active.len()).ok().and_then(|active| 1usize.checked_shl(active));
        // All coalitions but the empty one and the whole are two less than the subsets.
        if subsets.is_none_or(|subsets| subsets > self.count + 2) {
            places.extend((0..self.count as u32).map(|place| first + place));
            self.of_coalitions(terms, scores, found);
            return;
        }
        found.extend(of_subsets(terms, &active, scores));
        let mut ranks = vec![0u32; self.players];
        active.iter().enumerate().for_each(|(rank, &player)| ranks[player as usize] = 1 << rank);
        let place = ByBytes::new(&ranks, 0);
        places.extend(self.bytes.chunks_exact(self.players.div_ceil(8)).map(|code| place.sum(code, first)));
    }

    /// A row for each coalition. What single players add is looked up eight at once; other terms by the coalitions that have them.
    fn of_coalitions(&self, terms: &Terms, scores: usize, found: &mut Vec<f64>) {
        let from = found.len();
        let mut all = vec![0.0; scores];
        let mut single = vec![0.0; scores * self.players];
        found.resize(from + self.count * scores, 0.0);
        let rows = &mut found[from..];
        for term in terms.iter() {
            let at = |score: u32, player: u32| score as usize * self.players + player as usize;
            for &(score, value) in term.values {
                match (term.own, term.other) {
                    ([], []) => all[score as usize] += value,
                    (&[player], []) => single[at(score, player)] += value,
                    ([], &[player]) => {
                        all[score as usize] += value;
                        single[at(score, player)] -= value;
                    }
                    _ => {}
                }
            }
            if term.own.len() + term.other.len() > 1 {
                self.add(term, scores, rows);
            }
        }
        let width = self.players.div_ceil(8);
        for (score, single) in single.chunks_exact(self.players.max(1)).enumerate() {
            let sums = ByBytes::new(single, 0.0);
            let column = rows.iter_mut().skip(score).step_by(scores);
            for (place, code) in column.zip(self.bytes.chunks_exact(width)) {
                *place += sums.sum(code, all[score]);
            }
        }
    }

    fn add(&self, term: super::Term<'_>, scores: usize, rows: &mut [f64]) {
        let words = self.count.div_ceil(64);
        let of = |player: &u32, word: usize| self.of_player[*player as usize * words + word];
        for word in 0..words {
            let out = term.other.iter().fold(0, |out, player| out | of(player, word));
            let start =
                if (word + 1) * 64 <= self.count { !out } else { !out & ((1 << (self.count % 64)) - 1) };
            let mut left = term.own.iter().fold(start, |left, player| left & of(player, word));
            while left != 0 {
                let row = &mut rows[(word * 64 + left.trailing_zeros() as usize) * scores..][..scores];
                term.values.iter().for_each(|&(score, value)| row[score as usize] += value);
                left &= left - 1;
            }
        }
    }
}

/// A row for each subset of the players that matter. A term of few others is spread over its monomials (`own` and some of `other` are in,
/// with alternating signs), which a sum over subsets brings together at the end; one of many is added to the subsets that have it.
fn of_subsets(terms: &Terms, active: &[u32], scores: usize) -> Vec<f64> {
    let size = 1usize << active.len();
    let (mut monomials, mut direct) = (vec![0.0; size * scores], vec![0.0; size * scores]);
    let last = active.last().map_or(0, |&player| player as usize + 1);
    let mut ranks = vec![0usize; last];
    active.iter().enumerate().for_each(|(rank, &player)| ranks[player as usize] = 1 << rank);
    for term in terms.iter() {
        let code = |players: &[u32]| players.iter().fold(0, |code, &player| code | ranks[player as usize]);
        let (own, other) = (code(term.own), code(term.other));
        let free = (size - 1) & !(own | other);
        let is_spread = other.count_ones() <= free.count_ones();
        let (rows, over) = if is_spread { (&mut monomials, other) } else { (&mut direct, free) };
        let mut some = over;
        loop {
            let sign = if is_spread && some.count_ones() % 2 == 1 { -1.0 } else { 1.0 };
            let row = &mut rows[(own | some) * scores..][..scores];
            term.values.iter().for_each(|&(score, value)| row[score as usize] += sign * value);
            if some == 0 {
                break;
            }
            some = (some - 1) & over;
        }
    }
    for step in (0..active.len()).map(|rank| scores << rank) {
        for block in monomials.chunks_exact_mut(2 * step) {
            let (without, with) = block.split_at_mut(step);
            with.iter_mut().zip(without).for_each(|(with, without)| *with += *without);
        }
    }
    monomials.iter().zip(direct).map(|(a, b)| a + b).collect()
}

#[cfg(test)]
mod tests {
    use plumb_ledger::{Seed, Stream};

    use super::*;
    use crate::attribution::{Coalitions, Term};

    /// Random terms of some of the players.
    fn random(stream: Stream, players: usize, active: usize, most: usize) -> Terms {
        let mut terms = Terms::default();
        for at in 0..60 {
            let order = stream.at(at).permutation(players);
            let chosen: Vec<u32> = order.into_iter().filter(|&player| (player as usize) < active).collect();
            let (own, both) =
                (stream.at(at).uniform(1) * most as f64, stream.at(at).uniform(2) * most as f64);
            let own = (own as usize).min(chosen.len());
            let both = (own + both as usize).min(chosen.len());
            let value = stream.at(at).uniform(3) - 0.5;
            terms.push(&chosen[..own], &chosen[own..both], &[(0, value), (1, 2.0 - value)]);
        }
        terms
    }

    fn expected(terms: &Terms, members: &[bool], score: u32) -> f64 {
        let has = |term: &Term<'_>| {
            let inside = |player: &u32| members[*player as usize];
            term.own.iter().all(inside) && !term.other.iter().any(inside)
        };
        let values = terms.iter().filter(has).flat_map(|term| term.values.iter());
        values.filter(|(of, _)| *of == score).map(|(_, value)| value).sum()
    }

    #[test]
    fn coalitions_are_worth_the_terms_that_they_have() {
        let stream = Seed(3).stream("terms");
        for (players, active, most, budget) in [
            (5, 5, 3, 30),
            (9, 9, 6, 510),
            (9, 6, 5, 510),
            (30, 6, 4, 300),
            (30, 30, 2, 300),
            (70, 70, 9, 200),
            (70, 5, 4, 200),
        ] {
            let coalitions = Coalitions::new(players, budget, stream);
            let members: Vec<bool> = coalitions.iter().flatten().copied().collect();
            let set = CoalitionSet::new(players, &members);
            let (mut found, mut places) = (vec![9.0, 9.0], Vec::new());
            let terms = random(stream, players, active, most);
            set.worth(&terms, 2, &mut found, &mut places);
            assert_eq!(places.len(), coalitions.len());
            let rows = if active < 16 && 1 << active <= set.len() + 2 { 1 << active } else { set.len() };
            assert_eq!(found.len() / 2 - 1, rows, "{players} {active} {most}");
            for (members, place) in coalitions.iter().zip(places) {
                for score in 0..2u32 {
                    let told = found[place as usize * 2 + score as usize];
                    assert!(
                        (told - expected(&terms, members, score)).abs() < 1e-9,
                        "{players} {active} {most}"
                    );
                }
            }
        }
    }
}
