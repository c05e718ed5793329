//! Shapley values by their definition, for few players.

/// Players up to which all coalitions are asked for: 65,536 of them.
pub const MOST_PLAYERS: usize = 16;

/// The Shapley value of each player, from the worth of every coalition: `worth[code]`, bit `i` of the code set when player
/// `i` is in it. `None` when the length is no power of two or there are more than [`MOST_PLAYERS`]. `players * 2^players`
/// operations.
pub fn exact(worth: &[f64]) -> Option<Vec<f64>> {
    let players = worth.len().checked_ilog2()? as usize;
    if worth.len() != 1 << players || players > MOST_PLAYERS {
        return None;
    }
    // |S|! (n - |S| - 1)! / n! by the size of a coalition without the player: 1 / (n * binomial(n - 1, |S|)).
    let mut weights = vec![1.0 / players.max(1) as f64; players.max(1)];
    for size in 1..players {
        weights[size] = weights[size - 1] * size as f64 / (players - size) as f64;
    }
    let value = |player: usize| {
        let without = (0..worth.len()).filter(|code| code >> player & 1 == 0);
        without
            .map(|code| weights[code.count_ones() as usize] * (worth[code | 1 << player] - worth[code]))
            .sum()
    };
    Some((0..players).map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glove_game_is_shared_as_in_the_books() {
        // One left glove (player 0), two right ones: a pair is worth 1.
        let worth: Vec<f64> =
            (0..8u32).map(|code| f64::from(u8::from(code & 1 == 1 && code & 6 != 0))).collect();
        let found = exact(&worth).unwrap();
        let expected = [2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        assert_eq!(exact(&[0.0; 3]), None);
        assert_eq!(exact(&[]), None);
        assert_eq!(exact(&[1.0]), Some(vec![]));
    }
}
