//! The risk-coverage curve as a picture: how many answers are wrong by how many questions are answered.
//!
//! Writes SVG, which every browser shows and every diff can read. Must not measure anything. Invariant: the same curves
//! give the same bytes.

use std::fmt::Write;

use crate::domain::CurvePoint;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 50.0;
const SIDE: (f64, f64) = (540.0, 300.0);
const COLORS: [&str; 4] = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd"];

/// One curve to draw.
pub struct Curve<'a> {
    pub name: &'a str,
    pub points: &'a [CurvePoint],
    /// Where answers begin.
    pub threshold: f32,
}

/// Draws curves over one another, under the share of wrong answers that is allowed.
pub fn picture(title: &str, curves: &[Curve<'_>], allowed_risk: f32) -> String {
    let highest = curves.iter().flat_map(|curve| curve.points).map(|point| 1.0 - point.precision);
    let highest = highest.fold(2.0 * allowed_risk, f32::max).clamp(0.05, 1.0);
    let place = |coverage: f32, risk: f32| {
        (LEFT + SIDE.0 * f64::from(coverage), TOP + SIDE.1 * (1.0 - f64::from((risk / highest).min(1.0))))
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    text(&mut svg, (LEFT, 24.0), "font-size=\"16\" font-weight=\"bold\"", title);
    let (right, bottom) = (LEFT + SIDE.0, TOP + SIDE.1);
    add(&mut svg, format_args!("<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"black\"/>"));
    for step in 0..=4 {
        let share = step as f32 / 4.0;
        let (x, y) = (place(share, 0.0).0, place(0.0, share * highest).1);
        text(&mut svg, (x, bottom + 18.0), "text-anchor=\"middle\"", &format!("{share:.2}"));
        text(&mut svg, (LEFT - 8.0, y + 4.0), "text-anchor=\"end\"", &format!("{:.3}", share * highest));
    }
    text(&mut svg, (right, bottom + 36.0), "text-anchor=\"end\" fill=\"gray\"", "answerable questions answered");
    text(&mut svg, (LEFT, TOP - 10.0), "fill=\"gray\"", "answers that are wrong");
    let (_, y) = place(0.0, allowed_risk);
    add(
        &mut svg,
        format_args!("<path d=\"M{LEFT} {y:.1}H{right}\" fill=\"none\" stroke=\"gray\" stroke-dasharray=\"4\"/>"),
    );
    for (idx, curve) in curves.iter().enumerate() {
        let color = COLORS[idx % COLORS.len()];
        let mut path = String::new();
        for (step, point) in curve.points.iter().enumerate() {
            let (x, y) = place(point.coverage, 1.0 - point.precision);
            let pen = if step == 0 { 'M' } else { 'L' };
            // Writing to a string does not fail.
            let _ = write!(path, "{pen}{x:.1} {y:.1}");
        }
        add(&mut svg, format_args!("<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>"));
        if let Some(point) = curve.points.iter().rev().find(|point| point.threshold >= curve.threshold) {
            let (x, y) = place(point.coverage, 1.0 - point.precision);
            add(&mut svg, format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{color}\"/>"));
        }
        let said = format!("{}: answers from {:.2} on", curve.name, curve.threshold);
        text(&mut svg, (LEFT + 16.0, TOP + 20.0 + 18.0 * idx as f64), &format!("fill=\"{color}\""), &said);
    }
    svg.push_str("</svg>\n");
    svg
}

fn text(svg: &mut String, (x, y): (f64, f64), attributes: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    add(svg, format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{text}</text>"));
}

fn add(svg: &mut String, element: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(svg, "{element}");
}
