//! What argues that a person must act soon, and how much it counts.
//!
//! `cues` finds the words in one pass; most messages end there. `moment` reads times against a clock, `deadline` tells
//! a need from a mention, `repeat` counts contacts in the words and `history` those in the earlier turns; rules bring the
//! rest. `weigh` makes a level of it all by the policy. Pure: the present moment comes in with the schedule. Must not
//! know what the model is, only its probabilities. Invariants: spans are of the original text; what is denied, settled or
//! in no hurry is no signal; a deadline lies ahead. To add a kind: a variant of `SignalKind` and a finder here.

mod cues;
mod deadline;
mod festival;
mod history;
mod hypothetical;
mod moment;
mod repeat;
mod weigh;

pub(super) use weigh::{Grounds, weigh};

use self::cues::Cue;
use super::{message::Message, rules::Fired, schedule::Schedule};
use crate::domain::{Effect, InquiryType, SignalKind, Span, Timestamp, Turn, Urgency, UrgencyPolicy, UrgencySignal};

/// What signals are looked for with.
pub(super) struct Context<'a> {
    pub schedule: &'a Schedule,
    pub policy: &'a UrgencyPolicy,
    /// The primary type of the message.
    pub kind: InquiryType,
    /// Earlier turns, oldest first.
    pub history: &'a [Turn],
    pub now: Timestamp,
}

/// A signal before it is weighed, with the span of the normalized text.
struct Bare {
    kind: SignalKind,
    span: Span,
    level: Urgency,
    deadline: Option<Timestamp>,
}

impl Bare {
    fn new(kind: SignalKind, span: Span, level: Urgency) -> Self {
        Self { kind, span, level, deadline: None }
    }
}

/// Lists the signals of a message, those of rules first; what the policy silences is left out.
pub(super) fn signals(
    original: &str,
    message: &Message,
    fired: &[Fired<'_>],
    context: &Context<'_>,
) -> Vec<UrgencySignal> {
    let found = cues::find(message.text());
    let is_calm = found.has(Cue::Calm);
    let is_settled = found.has(Cue::Settled);
    let mut signals = Vec::new();
    let mut add = |bare: Bare, rule_id: &str, is_from_history: bool| {
        let weight = context.policy.weight(bare.kind);
        // A threat may follow what is settled, a hurry may not.
        let is_void = is_calm && bare.kind == SignalKind::Deadline
            || is_settled && bare.kind != SignalKind::LegalOrMediaThreat
            || !concerns(bare.kind, context.kind);
        if is_void || weight <= 0.0 {
            return;
        }
        let span = message.normalized.source_span(bare.span);
        let span = if is_from_history { Span::new(0, original.len()) } else { span };
        let Bare { kind, level, deadline, .. } = bare;
        signals.push(UrgencySignal { kind, rule_id: rule_id.to_owned(), span, weight, level, deadline, is_from_history });
    };
    for hit in fired {
        let kind = hit.signal.unwrap_or(SignalKind::Rule);
        match hit.effect {
            Effect::RaiseUrgency(level) if !hypothetical::is_hypothetical(message.text(), kind, hit.span) => {
                add(Bare::new(kind, hit.span, *level), hit.rule_id, false);
            }
            _ => {}
        }
    }
    for bare in deadline::deadlines(message, &found, context) {
        add(bare, "", false);
    }
    if let Some(bare) = repeat::contact(message, &found) {
        add(bare, "", false);
    }
    if let Some(level) = history::contact(message, context.history) {
        add(Bare::new(SignalKind::RepeatContact, Span::default(), level), "", true);
    }
    signals
}

/// Tells whether a signal of the kind is the customer's own matter in a message of the type: who asks for nothing needs
/// nothing, and who proposes something for everyone tells of others' trouble, save where people are in danger.
fn concerns(kind: SignalKind, of: InquiryType) -> bool {
    match of {
        InquiryType::Other => kind == SignalKind::Rule,
        InquiryType::Suggestion => matches!(kind, SignalKind::Rule | SignalKind::Safety),
        InquiryType::Consultation | InquiryType::Complaint => true,
    }
}

/// Returns the earliest moment by which the customer needs it.
pub(super) fn customer_deadline(signals: &[UrgencySignal]) -> Option<Timestamp> {
    signals.iter().filter_map(|signal| signal.deadline).min()
}

/// Returns the clause around a span: up to the nearest marks that end one.
fn clause_around(text: &str, span: Span) -> Span {
    let is_inner = |at: usize| {
        let bytes = text.as_bytes();
        let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        at > 0 && is_digit(at - 1) && is_digit(at + 1)
    };
    let ends = |at: usize, c: char| ends_clause(c) && !is_inner(at);
    let before = text[..span.start].char_indices().rev().find(|(at, c)| ends(*at, *c));
    let after = text[span.end..].char_indices().find(|(at, c)| ends(span.end + at, *c));
    Span::new(
        before.map_or(0, |(at, c)| at + c.len_utf8()),
        after.map_or(text.len(), |(at, _)| span.end + at),
    )
}

fn ends_clause(c: char) -> bool {
    matches!(c, ',' | '.' | '!' | '?' | ';' | ':' | '。' | '(' | ')' | '[' | ']' | '"' | '~')
}

/// Counts the characters between two spans; 0 where they touch or overlap.
fn gap(text: &str, a: Span, b: Span) -> usize {
    let (from, to) = (a.end.min(b.end), a.start.max(b.start));
    if from >= to { 0 } else { text[from..to].chars().count() }
}

#[cfg(test)]
mod tests;
