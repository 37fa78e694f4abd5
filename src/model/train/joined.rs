//! Messages joined of two: 好的谢谢 and 那运费谁出 make one message.
//!
//! Customers write several things in one message, and the labels of such a message follow from those of its parts, by
//! the label set. What counts words learns from it that a request is one whatever stands around it. Must not know the
//! network. Invariant: only what follows is taught; where the parts disagree about what no rule decides, nothing is.

use super::rows::Example;
use crate::domain::{InquiryType, Urgency};
use crate::model::heads::{Head, Layout};
use crate::model::label_set::Domains;
use crate::text::{Segmenter, normalize};

/// Longer messages are not made: few customers write them.
const MAX_CHARS: usize = 160;
const SEPARATORS: [&str; 5] = ["", ",", " ", "。", "!"];

/// Joins two examples in random order: what is there in either is there, the primary type is the one that goes first in
/// the label set, the urgency the higher one. Domain and tone are not taught, for either part may decide. Returns
/// nothing where one of the two lacks a label of type or urgency, or the message would be too long.
pub(super) fn joined(
    one: &Example,
    other: &Example,
    domains: &Domains,
    rng: &mut fastrand::Rng,
    segmenter: &Segmenter,
) -> Option<Example> {
    let is_whole = |example: &Example| {
        let needed = |head: &Head| matches!(head, Head::Type | Head::Urgency | Head::Presence);
        Head::ALL.iter().zip(example.weights).all(|(head, weight)| !needed(head) || weight == 1.0)
    };
    let num_chars = one.text.chars().count() + other.text.chars().count();
    if !is_whole(one) || !is_whole(other) || num_chars > MAX_CHARS {
        return None;
    }
    let layout = Layout::new(domains.as_slice().len());
    let (high, low) = if precedence(one, layout) >= precedence(other, layout) { (one, other) } else { (other, one) };
    let mut targets = high.targets.clone();
    if level(low, layout) > level(high, layout) {
        let range = layout.range(Head::Urgency);
        targets[range.clone()].copy_from_slice(&low.targets[range]);
    }
    let presence = layout.range(Head::Presence);
    for (label, kind) in InquiryType::ALL.iter().enumerate() {
        let (a, b) = (high.targets[presence.start + label], low.targets[presence.start + label]);
        // Nothing is asked for only where neither part asks.
        targets[presence.start + label] = if *kind == InquiryType::Other { a.min(b) } else { a.max(b) };
    }
    let weights = Head::ALL.map(|head| if matches!(head, Head::Domain | Head::Sentiment) { 0.0 } else { 1.0 });
    let separator = SEPARATORS[rng.usize(..SEPARATORS.len())];
    let (first, second) = if rng.bool() { (one, other) } else { (other, one) };
    let text = normalize(&format!("{}{separator}{}", first.text, second.text)).as_str().to_owned();
    Some(Example { words: segmenter.words(&text), text, targets, weights })
}

/// Where the primary type stands in the label set's order: complaint, consultation, suggestion, other.
fn precedence(example: &Example, layout: Layout) -> u8 {
    match InquiryType::ALL[top(&example.targets[layout.range(Head::Type)])] {
        InquiryType::Complaint => 3,
        InquiryType::Consultation => 2,
        InquiryType::Suggestion => 1,
        InquiryType::Other => 0,
    }
}

fn level(example: &Example, layout: Layout) -> Urgency {
    Urgency::ALL[top(&example.targets[layout.range(Head::Urgency)])]
}

fn top(shares: &[f32]) -> usize {
    (1..shares.len()).fold(0, |best, label| if shares[label] > shares[best] { label } else { best })
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::row;
    use super::*;

    fn example(text: &str, kind: InquiryType, urgency: Urgency) -> Example {
        let mut row = row(text, kind, "order");
        row.urgency = Some(urgency);
        Example::of_row(&row, &Domains::shipped(), &Segmenter::shared())
    }

    fn join(one: &Example, other: &Example) -> Option<Example> {
        joined(one, other, &Domains::shipped(), &mut fastrand::Rng::with_seed(3), &Segmenter::shared())
    }

    #[test]
    fn a_request_is_one_whatever_stands_around_it() {
        let layout = Layout::new(Domains::shipped().as_slice().len());
        let thanks = example("好的谢谢", InquiryType::Other, Urgency::Normal);
        let asks = example("那运费谁出", InquiryType::Consultation, Urgency::Normal);
        let blames = example("都三天了还没人管", InquiryType::Complaint, Urgency::Important);
        for (one, other, kind, urgency, present) in [
            (&thanks, &asks, InquiryType::Consultation, Urgency::Normal, [1.0, 0.0, 0.0, 0.0]),
            (&asks, &blames, InquiryType::Complaint, Urgency::Important, [1.0, 1.0, 0.0, 0.0]),
            (&thanks, &thanks, InquiryType::Other, Urgency::Normal, [0.0, 0.0, 0.0, 1.0]),
        ] {
            let made = join(one, other).expect("a message");
            assert!(made.text.contains(&one.text) && made.text.contains(&other.text), "{}", made.text);
            assert_eq!(InquiryType::ALL[top(&made.targets[layout.range(Head::Type)])], kind, "{}", made.text);
            assert_eq!(level(&made, layout), urgency, "{}", made.text);
            assert_eq!(made.targets[layout.range(Head::Presence)], present, "{}", made.text);
            // In the order of the heads: type, urgency, domain, sentiment, presence.
            assert_eq!(made.weights, [1.0, 1.0, 0.0, 0.0, 1.0]);
        }
    }

    #[test]
    fn what_lacks_a_label_or_is_long_is_not_joined() {
        let whole = example("好的", InquiryType::Other, Urgency::Normal);
        let mut partial = row("怎么退", InquiryType::Consultation, "order");
        partial.urgency = None;
        let partial = Example::of_row(&partial, &Domains::shipped(), &Segmenter::shared());
        assert!(join(&whole, &partial).is_none());
        let long = example(&"退货".repeat(MAX_CHARS / 2), InquiryType::Consultation, Urgency::Normal);
        assert!(join(&whole, &long).is_none());
    }
}
