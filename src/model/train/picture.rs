//! The report as a picture: for each head its confusion matrix and its reliability diagram.
//!
//! Writes SVG, which every browser shows and every diff can read. Must not measure anything: it draws what the report
//! holds. Invariant: the same report gives the same bytes.

use std::fmt::Write;

use super::report::{HeadReport, Report};

/// Side of a cell of the matrix, in pixels.
const CELL: usize = 34;
const LABEL_WIDTH: usize = 110;
const DIAGRAM: usize = 240;
const GAP: usize = 40;
const HEADER: usize = 64;

/// Draws a report.
pub fn picture(report: &Report) -> String {
    let heights: Vec<usize> = report.heads.iter().map(height).collect();
    let width = report.heads.iter().map(|head| LABEL_WIDTH + head.labels.len() * CELL).max().unwrap_or(0);
    let width = GAP + width + 2 * GAP + DIAGRAM + GAP;
    let mut svg = Svg::begin(width, heights.iter().sum::<usize>() + GAP);
    let mut top = GAP / 2;
    for (head, height) in report.heads.iter().zip(heights) {
        svg.head(head, top, width - GAP - DIAGRAM);
        top += height;
    }
    svg.end()
}

fn height(head: &HeadReport) -> usize {
    HEADER + LABEL_WIDTH + (head.labels.len() * CELL).max(DIAGRAM - LABEL_WIDTH + GAP) + GAP
}

struct Svg(String);

impl Svg {
    fn begin(width: usize, height: usize) -> Self {
        let mut svg = Self(String::new());
        svg.line(&format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">"#
        ));
        svg.line(r#"<rect width="100%" height="100%" fill="white"/>"#);
        svg
    }

    fn end(mut self) -> String {
        self.line("</svg>");
        self.0
    }

    fn line(&mut self, element: &str) {
        self.0.push_str(element);
        self.0.push('\n');
    }

    fn text(&mut self, (x, y): (f64, f64), attributes: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.line(&format!(r#"<text x="{x:.1}" y="{y:.1}" {attributes}>{text}</text>"#));
    }

    fn head(&mut self, head: &HeadReport, top: usize, diagram_left: usize) {
        let title = format!(
            "{}: macro-F1 {:.3}, accuracy {:.3}, {} rows",
            head.name, head.macro_f1, head.accuracy, head.num_rows
        );
        self.text((GAP as f64, (top + 18) as f64), r#"font-size="16" font-weight="bold""#, &title);
        self.text(
            (GAP as f64, (top + 38) as f64),
            r#"fill="gray""#,
            "rows: right label; columns: label given; darker: a larger share of its row",
        );
        let title = format!("calibration error {:.3}", head.ece_after);
        self.text((diagram_left as f64, (top + 38) as f64), r#"fill="gray""#, &title);
        self.matrix(head, top + HEADER + LABEL_WIDTH);
        self.diagram(head, diagram_left, top + HEADER);
    }

    fn matrix(&mut self, head: &HeadReport, top: usize) {
        let left = GAP + LABEL_WIDTH;
        for (place, label) in head.labels.iter().enumerate() {
            let middle = (place * CELL + CELL / 2) as f64;
            self.text((left as f64 - 6.0, top as f64 + middle + 4.0), r#"text-anchor="end""#, label);
            let (x, y) = (left as f64 + middle + 4.0, top as f64 - 6.0);
            self.text((x, y), &format!(r#"transform="rotate(-60 {x:.1} {y:.1})""#), label);
        }
        for (row_idx, row) in head.confusion.counts.iter().enumerate() {
            let total = row.iter().sum::<usize>().max(1);
            for (column, count) in row.iter().enumerate() {
                let share = *count as f64 / total as f64;
                let (x, y) = (left + column * CELL, top + row_idx * CELL);
                let hue = if row_idx == column { "31,119,180" } else { "214,39,40" };
                self.line(&format!(
                    r#"<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="rgba({hue},{share:.3})" stroke="lightgray"/>"#
                ));
                if *count > 0 {
                    let color = if share > 0.6 { "white" } else { "black" };
                    let middle = ((x + CELL / 2) as f64, (y + CELL / 2 + 4) as f64);
                    self.text(middle, &format!(r#"text-anchor="middle" fill="{color}""#), &count.to_string());
                }
            }
        }
    }

    /// What the probabilities say (across) against how often they were right (up); on the diagonal they agree.
    fn diagram(&mut self, head: &HeadReport, left: usize, top: usize) {
        let side = DIAGRAM as f64;
        let place = |said: f64, held: f64| (left as f64 + said * side, top as f64 + (1.0 - held) * side);
        self.line(&format!(
            r#"<rect x="{left}" y="{top}" width="{DIAGRAM}" height="{DIAGRAM}" fill="none" stroke="black"/>"#
        ));
        let ((x1, y1), (x2, y2)) = (place(0.0, 0.0), place(1.0, 1.0));
        self.line(&format!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="gray" stroke-dasharray="4"/>"#
        ));
        let mut path = String::new();
        for bin in &head.reliability {
            let (x, y) = place(bin.confidence, bin.accuracy);
            // Writing to a string cannot fail.
            let _ = write!(path, "{x:.1},{y:.1} ");
            self.line(&format!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="4" fill="rgb(31,119,180)"/>"#));
        }
        self.line(&format!(r#"<polyline points="{}" fill="none" stroke="rgb(31,119,180)"/>"#, path.trim_end()));
        for share in [0.0, 0.5, 1.0] {
            let ((x, y), shown) = (place(share, 0.0), format!("{share}"));
            self.text((x, y + 16.0), r#"text-anchor="middle""#, &shown);
            let (x, y) = place(0.0, share);
            self.text((x - 6.0, y + 4.0), r#"text-anchor="end""#, &shown);
        }
        let (x, y) = place(0.5, 0.0);
        self.text((x, y + 32.0), r#"text-anchor="middle" fill="gray""#, "probability given; up: share that was right");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::measures::{Confusion, Interval, LabelScore, ReliabilityBin};

    fn report() -> Report {
        let pairs = [(0, 0), (0, 0), (0, 1), (1, 1)];
        let confusion = Confusion::count(&pairs, 2);
        let label_scores: Vec<LabelScore> = confusion.label_scores();
        let head = HeadReport {
            name: "type",
            num_rows: 4,
            labels: vec!["a<b".to_owned(), "c".to_owned()],
            accuracy: confusion.accuracy(),
            macro_f1: confusion.macro_f1(),
            macro_f1_interval: Interval { low: 0.5, high: 1.0 },
            label_scores,
            confusion,
            ece_before: 0.1,
            ece_after: 0.05,
            reliability: vec![
                ReliabilityBin { num_rows: 2, confidence: 0.5, accuracy: 0.5 },
                ReliabilityBin { num_rows: 2, confidence: 0.9, accuracy: 1.0 },
            ],
        };
        Report { num_rows: 4, heads: vec![head] }
    }

    #[test]
    fn every_count_and_bin_is_drawn() {
        let svg = picture(&report());
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        // The background, four cells and the frame of the diagram.
        assert_eq!(svg.matches("<rect ").count(), 6);
        assert_eq!(svg.matches("<circle ").count(), 2);
        assert!(svg.contains("a&lt;b") && !svg.contains("a<b"), "{svg}");
        assert!(svg.contains("macro-F1 0.733, accuracy 0.750, 4 rows"), "{svg}");
    }

    #[test]
    fn the_same_report_gives_the_same_picture() {
        assert_eq!(picture(&report()), picture(&report()));
        assert!(picture(&Report { num_rows: 0, heads: Vec::new() }).starts_with("<svg "));
    }
}
