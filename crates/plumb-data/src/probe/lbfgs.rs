//! Limited-memory BFGS for smooth convex losses (Nocedal, Wright 2006, algorithm 7.4).

use std::collections::VecDeque;

/// Pairs remembered.
const MEMORY: usize = 10;
/// Armijo's constant: the usual small one.
const DESCENT: f64 = 1e-4;
/// Halvings of a step before the search gives up: the loss is flat to rounding.
const HALVINGS: usize = 30;

/// A step and the change of the gradient along it.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

/// Minimises from `start`; `evaluate` gives the loss and its gradient. Ends when no entry of the gradient is
/// above `tolerance`, or after `rounds`.
pub(super) fn minimise(
    start: Vec<f64>,
    rounds: usize,
    tolerance: f64,
    evaluate: impl Fn(&[f64]) -> (f64, Vec<f64>),
) -> Vec<f64> {
    let mut at = start;
    let (mut loss, mut gradient) = evaluate(&at);
    let mut pairs: VecDeque<Pair> = VecDeque::new();
    for _ in 0..rounds {
        if gradient.iter().all(|g| g.abs() <= tolerance) {
            break;
        }
        let direction = direction(&gradient, &pairs);
        let slope = dot(&direction, &gradient);
        // The first direction has no scale: start with a step of length one at most.
        let first = if pairs.is_empty() { 1.0 / dot(&gradient, &gradient).sqrt().max(1.0) } else { 1.0 };
        let tried = (0..HALVINGS).find_map(|halving| {
            let length = first * 0.5f64.powi(halving as i32);
            let next: Vec<f64> = at.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let (next_loss, next_gradient) = evaluate(&next);
            (next_loss <= loss + DESCENT * length * slope).then_some((next, next_loss, next_gradient))
        });
        let Some((next, next_loss, next_gradient)) = tried else { break };
        let step: Vec<f64> = next.iter().zip(&at).map(|(b, a)| b - a).collect();
        let change: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(b, a)| b - a).collect();
        let curvature = dot(&step, &change);
        if curvature > 1e-14 * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
            pairs.push_back(Pair { step, change, curvature });
            if pairs.len() > MEMORY {
                pairs.pop_front();
            }
        }
        (at, loss, gradient) = (next, next_loss, next_gradient);
    }
    at
}

/// The two-loop recursion: minus the inverse Hessian's estimate times the gradient.
fn direction(gradient: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let share = dot(&pair.step, &direction) / pair.curvature;
        add(&mut direction, -share, &pair.change);
        shares.push(share);
    }
    if let Some(last) = pairs.back() {
        let scale = last.curvature / dot(&last.change, &last.change);
        for d in &mut direction {
            *d *= scale;
        }
    }
    for (pair, share) in pairs.iter().zip(shares.into_iter().rev()) {
        let back = dot(&pair.change, &direction) / pair.curvature;
        add(&mut direction, share - back, &pair.step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += factor * what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_valley_is_followed_to_its_end() {
        let valley = |x: &[f64]| {
            let loss = 500.0 * (x[0] - 1.0).powi(2) + 0.5 * (x[1] + 2.0).powi(2);
            (loss, vec![1000.0 * (x[0] - 1.0), x[1] + 2.0])
        };
        let found = minimise(vec![0.0, 0.0], 100, 1e-9, valley);
        assert!((found[0] - 1.0).abs() < 1e-9 && (found[1] + 2.0).abs() < 1e-8, "{found:?}");
    }
}
