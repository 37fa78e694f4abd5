//! What the model says of one message.
//!
//! Must not know rules, which are merged by the caller. Invariants: probabilities are calibrated, in [0, 1], never NaN;
//! those of an exclusive head add up to 1; domains are sorted, the most probable first.

use super::calibration::{Calibration, sigmoid, softmax};
use super::heads::{Head, Layout, Logits};
use super::label_set::Domains;
use crate::domain::{InquiryType, Sentiment, Urgency};

/// What an exclusive head says of a text of which nothing is known: its harmless label, and how sure that is.
const UNKNOWN_CONFIDENCE: f32 = 0.7;
const UNKNOWN_PRESENCE: f32 = 0.1;

/// The calibrated probabilities of every label.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    /// Which type is the primary one.
    pub types: [(InquiryType, f32); 4],
    /// Whether each type is there, independently of the others.
    pub type_presence: [f32; 4],
    /// How soon a person must act.
    pub urgency: [(Urgency, f32); 3],
    /// Which part of the business, the most probable first.
    pub domains: Vec<(String, f32)>,
    /// The tone of the words.
    pub sentiment: [(Sentiment, f32); 3],
}

impl Classification {
    /// Turns logits into probabilities; without logits nothing is known of the text.
    pub(in crate::model) fn new(logits: Option<Logits>, calibration: &Calibration, domains: &Domains) -> Self {
        let Some(logits) = logits else {
            return Self::unknown(domains);
        };
        let presence = presence_shares(&logits, calibration);
        Self::from_shares(Head::EXCLUSIVE.map(|head| shares(head, &logits, calibration)), presence, domains)
    }

    /// Returns the most probable type.
    pub fn primary_type(&self) -> (InquiryType, f32) {
        top(&self.types)
    }

    /// Returns the most probable urgency.
    pub fn top_urgency(&self) -> (Urgency, f32) {
        top(&self.urgency)
    }

    /// Returns the most probable sentiment.
    pub fn top_sentiment(&self) -> (Sentiment, f32) {
        top(&self.sentiment)
    }

    fn unknown(domains: &Domains) -> Self {
        let mut type_presence = [UNKNOWN_PRESENCE; 4];
        type_presence[position(InquiryType::ALL, InquiryType::Other)] = UNKNOWN_CONFIDENCE;
        let shares = [
            prior(InquiryType::ALL.len(), position(InquiryType::ALL, InquiryType::Other)),
            prior(Urgency::ALL.len(), position(Urgency::ALL, Urgency::Normal)),
            prior(domains.as_slice().len(), domains.other()),
            prior(Sentiment::ALL.len(), position(Sentiment::ALL, Sentiment::Neutral)),
        ];
        Self::from_shares(shares, type_presence, domains)
    }

    fn from_shares(
        [types, urgency, domains, sentiment]: [Vec<f32>; 4],
        type_presence: [f32; 4],
        names: &Domains,
    ) -> Self {
        let mut domains: Vec<(String, f32)> = names.as_slice().iter().cloned().zip(domains).collect();
        domains.sort_by(|a, b| b.1.total_cmp(&a.1));
        Self {
            types: std::array::from_fn(|label| (InquiryType::ALL[label], types[label])),
            type_presence,
            urgency: std::array::from_fn(|label| (Urgency::ALL[label], urgency[label])),
            domains,
            sentiment: std::array::from_fn(|label| (Sentiment::ALL[label], sentiment[label])),
        }
    }
}

/// Returns the probabilities of an exclusive head's labels, in their order.
///
/// Of the types only the share of `other` is that of the head. The rest follows from what is there, as the label set
/// ranks it: a complaint, wherever one is there; else a consultation; else a suggestion. So a message that blames and
/// proposes is told from one that only proposes, which no weighing of single words does. Where nothing is there at all,
/// the head's own shares stand.
pub(in crate::model) fn shares(head: Head, logits: &Logits, calibration: &Calibration) -> Vec<f32> {
    let place = Head::EXCLUSIVE.iter().position(|known| *known == head).unwrap_or(0);
    let mut shares = softmax(logits.of(head), calibration.temperatures[place]);
    if head != Head::Type {
        return shares;
    }
    let [consultation, complaint, suggestion, other] =
        [InquiryType::Consultation, InquiryType::Complaint, InquiryType::Suggestion, InquiryType::Other]
            .map(|label| position(InquiryType::ALL, label));
    let presence = presence_shares(logits, calibration);
    let no_complaint = 1.0 - presence[complaint];
    let parts = [
        (complaint, presence[complaint]),
        (consultation, no_complaint * presence[consultation]),
        (suggestion, no_complaint * (1.0 - presence[consultation]) * presence[suggestion]),
    ];
    let total: f32 = parts.iter().map(|(_, part)| part).sum();
    if total > f32::MIN_POSITIVE {
        let requests = 1.0 - shares[other];
        parts.iter().for_each(|(label, part)| shares[*label] = requests * part / total);
    }
    shares
}

/// Returns the probability that each type is there.
fn presence_shares(logits: &Logits, calibration: &Calibration) -> [f32; 4] {
    let presence = logits.of(Head::Presence);
    let line = |label: usize| calibration.presence[label];
    std::array::from_fn(|label| sigmoid(line(label).0 * presence[label] + line(label).1))
}

/// Returns logits whose most probable labels are those of a text of which nothing is known.
pub(in crate::model) fn prior_logits(names: &Domains) -> Logits {
    let Classification { types, type_presence, urgency, sentiment, .. } = Classification::unknown(names);
    let domains = prior(names.as_slice().len(), names.other());
    let mut logits = Logits::zeros(Layout::new(domains.len()));
    let mut set = |head: Head, shares: &mut dyn Iterator<Item = f32>| {
        logits.of_mut(head).iter_mut().zip(shares).for_each(|(logit, share)| *logit = share);
    };
    set(Head::Type, &mut types.iter().map(|(_, share)| share.ln()));
    set(Head::Urgency, &mut urgency.iter().map(|(_, share)| share.ln()));
    set(Head::Domain, &mut domains.iter().map(|share| share.ln()));
    set(Head::Sentiment, &mut sentiment.iter().map(|(_, share)| share.ln()));
    set(Head::Presence, &mut type_presence.iter().map(|share| (share / (1.0 - share)).ln()));
    logits
}

fn prior(num_labels: usize, harmless: usize) -> Vec<f32> {
    let rest = (1.0 - UNKNOWN_CONFIDENCE) / (num_labels - 1) as f32;
    (0..num_labels).map(|label| if label == harmless { UNKNOWN_CONFIDENCE } else { rest }).collect()
}

fn position<L: PartialEq>(labels: &[L], wanted: L) -> usize {
    labels.iter().position(|label| *label == wanted).unwrap_or(0)
}

/// Returns the most probable of some labels; the first one where several are.
fn top<L: Copy>(labels: &[(L, f32)]) -> (L, f32) {
    labels.iter().skip(1).fold(labels[0], |best, label| if label.1 > best.1 { *label } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains(names: &[&str]) -> Domains {
        Domains::try_new(names.iter().map(|name| (*name).to_owned()).collect()).expect("a good list")
    }

    #[test]
    fn what_is_unknown_is_harmless() {
        // Neither the first nor the last of the list.
        let unknown = Classification::new(None, &Calibration::default(), &domains(&["visa", "other", "tax"]));
        assert_eq!(unknown.primary_type().0, InquiryType::Other);
        assert_eq!(unknown.top_urgency().0, Urgency::Normal);
        assert_eq!(unknown.top_sentiment().0, Sentiment::Neutral);
        assert_eq!(unknown.domains[0].0, "other");
        let prior = prior_logits(&domains(&["visa", "other", "tax"]));
        let prior = Classification::new(Some(prior), &Calibration::default(), &domains(&["visa", "other", "tax"]));
        assert_eq!((prior.domains[0].0.as_str(), prior.top_urgency().0), ("other", Urgency::Normal));
    }

    #[test]
    fn a_complaint_goes_before_what_it_comes_with() {
        let types = |present: [f32; 4], types: [f32; 4]| {
            let mut logits = Logits::zeros(Layout::new(2));
            logits.of_mut(Head::Presence).copy_from_slice(&present);
            logits.of_mut(Head::Type).copy_from_slice(&types);
            Classification::new(Some(logits), &Calibration::default(), &domains(&["visa", "other"])).primary_type()
        };
        let requests = [0.0, 0.0, 0.0, -6.0];
        // In the order of the labels: consultation, complaint, suggestion, other.
        for (present, expected) in [
            ([-4.0, 3.0, 4.0, -4.0], InquiryType::Complaint),
            ([3.0, -3.0, 4.0, -4.0], InquiryType::Consultation),
            ([-3.0, -3.0, 4.0, -4.0], InquiryType::Suggestion),
            ([-900.0, -900.0, -900.0, -4.0], InquiryType::Consultation),
        ] {
            let (found, probability) = types(present, requests);
            assert_eq!(found, expected, "{present:?}");
            assert!((0.0..=1.0).contains(&probability));
        }
        assert_eq!(types([4.0; 4], [0.0, 0.0, 0.0, 6.0]).0, InquiryType::Other);
    }

    #[test]
    fn probabilities_add_up_and_domains_are_sorted() {
        let names = Domains::shipped();
        let mut logits = Logits::zeros(Layout::new(names.as_slice().len()));
        for (head, salt) in Head::ALL.into_iter().zip(1..) {
            let values = (0..).map(|i| (i as f32 * 37.0 + salt as f32) % 11.0 - 5.0);
            logits.of_mut(head).iter_mut().zip(values).for_each(|(logit, value)| *logit = value);
        }
        let found = Classification::new(Some(logits), &Calibration::default(), &names);
        assert!((found.types.iter().map(|(_, share)| share).sum::<f32>() - 1.0).abs() < 1e-5);
        assert!((found.domains.iter().map(|(_, share)| share).sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(found.domains.is_sorted_by(|a, b| a.1 >= b.1));
        assert!(found.type_presence.iter().all(|share| (0.0..=1.0).contains(share)));
    }
}
