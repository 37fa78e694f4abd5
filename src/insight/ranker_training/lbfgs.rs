//! Limited-memory BFGS (Nocedal 1980) with backtracking: the least of a smooth function of many numbers.
//!
//! Knows nothing of what it minimizes. The same function and start give the same bits.

use std::collections::VecDeque;

/// How many steps are remembered.
const MEMORY: usize = 10;
/// The share of the expected descent that a step must bring (Armijo 1966).
const SUFFICIENT: f64 = 1e-4;
const MAX_HALVINGS: usize = 30;
/// Steps that lower the value by less than this share end the search.
const TOLERANCE: f64 = 1e-7;

/// One remembered step: how the point moved, how the slope changed, and one by their product.
struct Step {
    moved: Vec<f64>,
    bent: Vec<f64>,
    rho: f64,
}

/// Goes down from `start` for at most `max_steps`; `value_and_slope` writes the slope into its second argument.
pub(super) fn minimize(
    start: Vec<f64>,
    max_steps: usize,
    mut value_and_slope: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Vec<f64> {
    let mut point = start;
    let mut slope = vec![0.0; point.len()];
    let mut value = value_and_slope(&point, &mut slope);
    let mut memory: VecDeque<Step> = VecDeque::with_capacity(MEMORY);
    for _ in 0..max_steps {
        let direction = descent(&slope, &memory);
        let expected = dot(&direction, &slope);
        if expected >= 0.0 {
            break;
        }
        let mut size = if memory.is_empty() { 1.0 / dot(&slope, &slope).sqrt().max(1.0) } else { 1.0 };
        let mut next_slope = vec![0.0; point.len()];
        let mut found = None;
        for _ in 0..MAX_HALVINGS {
            let next: Vec<f64> = point.iter().zip(&direction).map(|(at, step)| at + size * step).collect();
            let next_value = value_and_slope(&next, &mut next_slope);
            if next_value <= value + SUFFICIENT * size * expected {
                found = Some((next, next_value));
                break;
            }
            size *= 0.5;
        }
        let Some((next, next_value)) = found else { break };
        remember(&mut memory, difference(&next, &point), difference(&next_slope, &slope));
        let is_done = (value - next_value) <= TOLERANCE * value.abs().max(1e-12);
        (point, value, slope) = (next, next_value, next_slope);
        if is_done {
            break;
        }
    }
    point
}

/// The two-loop recursion: minus the slope, bent by what was learned of the curvature.
fn descent(slope: &[f64], memory: &VecDeque<Step>) -> Vec<f64> {
    let mut direction: Vec<f64> = slope.iter().map(|value| -value).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for step in memory.iter().rev() {
        let share = step.rho * dot(&step.moved, &direction);
        add_scaled(&mut direction, -share, &step.bent);
        shares.push(share);
    }
    if let Some(last) = memory.back() {
        let scale = 1.0 / (last.rho * dot(&last.bent, &last.bent));
        direction.iter_mut().for_each(|value| *value *= scale);
    }
    for (step, share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = step.rho * dot(&step.bent, &direction);
        add_scaled(&mut direction, share - back, &step.moved);
    }
    direction
}

/// Keeps a step where the function bends upwards along it.
fn remember(memory: &mut VecDeque<Step>, moved: Vec<f64>, bent: Vec<f64>) {
    let product = dot(&moved, &bent);
    if product <= 1e-12 {
        return;
    }
    if memory.len() == MEMORY {
        memory.pop_front();
    }
    memory.push_back(Step { moved, bent, rho: 1.0 / product });
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add_scaled(sum: &mut [f64], factor: f64, values: &[f64]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_followed_to_its_end() {
        let rosenbrock = |at: &[f64], slope: &mut [f64]| {
            let (x, y) = (at[0], at[1]);
            slope[0] = -2.0 * (1.0 - x) - 400.0 * x * (y - x * x);
            slope[1] = 200.0 * (y - x * x);
            (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)
        };
        let end = minimize(vec![-1.2, 1.0], 200, rosenbrock);
        assert!((end[0] - 1.0).abs() < 1e-2 && (end[1] - 1.0).abs() < 2e-2, "{end:?}");
    }
}
