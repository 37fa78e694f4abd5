//! What argues that a person must act soon, and how much it counts.
//!
//! `cues` finds the words in one pass; most messages end there. `moment` reads times against a clock, `deadline` tells
//! a need from a mention, `repeat` counts contacts in the words and `history` those in the earlier turns; rules bring the
//! rest. `weigh` makes a level of it all by the policy. Pure: the present moment comes in with the schedule. Must not
//! know what the model is, only its probabilities. Invariants: spans are of the original text; what is denied, settled or
//! in no hurry is no signal; a deadline lies ahead; however long a message is, only so much of it is looked at for each
//! time and count. To add a kind: a variant of `SignalKind` and a finder here.

mod cues;
mod deadline;
mod festival;
mod history;
mod hypothetical;
mod moment;
mod repeat;
mod weigh;

use self::{
    cues::{Cue, Found},
    weigh::{Weighed, weigh},
};
use super::{message::Message, rules::Fired, schedule::Schedule};
use crate::domain::{Effect, InquiryType, SignalKind, Span, Timestamp, Turn, Urgency, UrgencyPolicy, UrgencySignal};

/// A message whose urgency is asked for, with all that bears on it.
pub(super) struct Case<'a> {
    pub original: &'a str,
    pub message: &'a Message,
    pub fired: &'a [Fired<'a>],
    /// What the model says of each level.
    pub head: &'a [(Urgency, f32); 3],
    /// The primary type, with its probability.
    pub kind: (InquiryType, f32),
    pub schedule: &'a Schedule,
    pub policy: &'a UrgencyPolicy,
    /// Earlier turns, oldest first.
    pub history: &'a [Turn],
    pub now: Timestamp,
}

/// How urgent a message is, and why.
pub(super) struct Assessed {
    pub level: Urgency,
    pub probability: f32,
    /// Those of rules first, the model's own word last.
    pub signals: Vec<UrgencySignal>,
    /// The earliest moment by which the customer needs it.
    pub customer_deadline: Option<Timestamp>,
}

/// Finds the signals of a message and weighs them.
pub(super) fn assess(case: &Case<'_>) -> Assessed {
    let mut signals = signals(case);
    let Weighed { level, probability } = weigh(case, &signals);
    let customer_deadline = signals.iter().filter_map(|signal| signal.deadline).min();
    signals.extend(head_signal(case));
    Assessed { level, probability, signals, customer_deadline }
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
fn signals(case: &Case<'_>) -> Vec<UrgencySignal> {
    let Case { original, message, policy, .. } = *case;
    let found = cues::find(message.text());
    let is_calm = found.has(Cue::Calm);
    let mut signals = Vec::new();
    let mut add = |bare: Bare, rule_id: &str, is_from_history: bool| {
        let Bare { kind, level, deadline, .. } = bare;
        let weight = policy.weight(kind);
        let is_void = is_calm && kind == SignalKind::Deadline
            || is_settled(message.text(), &found, &bare, is_from_history)
            || !concerns(kind, level, case.kind);
        if is_void || weight <= 0.0 {
            return;
        }
        let span = match is_from_history {
            true => Span::new(0, original.len()),
            false => message.normalized.source_span(bare.span),
        };
        signals.push(UrgencySignal {
            kind,
            rule_id: rule_id.to_owned(),
            span,
            weight,
            level,
            deadline,
            is_from_history,
        });
    };
    for hit in case.fired {
        let Effect::RaiseUrgency(level) = hit.effect else { continue };
        let kind = hit.signal.unwrap_or(SignalKind::Rule);
        let is_meant = match kind {
            SignalKind::LegalOrMediaThreat => {
                !hypothetical::is_taken_back(message.text(), &message.negations, hit.span)
            }
            _ => !hypothetical::is_hypothetical(message.text(), kind, hit.span),
        };
        if is_meant {
            add(Bare::new(kind, hit.span, *level), hit.rule_id, false);
        }
    }
    deadline::deadlines(case, &found).into_iter().for_each(|bare| add(bare, "", false));
    repeat::contact(message, &found).into_iter().for_each(|bare| add(bare, "", false));
    let earlier = history::contact(message, case.history);
    let earlier = earlier.map(|level| Bare::new(SignalKind::RepeatContact, Span::default(), level));
    earlier.into_iter().for_each(|bare| add(bare, "", true));
    signals
}

/// Tells whether the clause goes on to say that the matter is over: 上次冒烟的事已经解决了, but not 货已收到,一插上就冒烟. A threat
/// may follow what is settled, and a team's own rule stands whatever else is said. Earlier turns are settled by any clause.
fn is_settled(text: &str, found: &Found, bare: &Bare, is_from_history: bool) -> bool {
    if !found.has(Cue::Settled) || matches!(bare.kind, SignalKind::LegalOrMediaThreat | SignalKind::Rule) {
        return false;
    }
    let clause = clause_around(text, bare.span);
    is_from_history || found.of(Cue::Settled).any(|word| clause.contains(word) && word.start > bare.span.start)
}

/// What the model itself argues for, where its word alone would do.
fn head_signal(case: &Case<'_>) -> Option<UrgencySignal> {
    let policy = case.policy;
    let levels = [(Urgency::Urgent, policy.urgent_threshold), (Urgency::Important, policy.important_threshold)];
    let (level, weight) = levels.into_iter().find_map(|(level, threshold)| {
        let weight = weigh::head(case, level);
        (weight >= threshold).then_some((level, weight))
    })?;
    Some(UrgencySignal {
        kind: SignalKind::Head,
        rule_id: String::new(),
        span: Span::new(0, case.original.len()),
        weight,
        level,
        deadline: None,
        is_from_history: false,
    })
}

/// How probable 其他 must be for a danger in the words not to count.
const SURELY_OTHER: f32 = 0.9;

/// Tells whether a signal is the customer's own matter in a message of the type, which has this probability.
///
/// Who asks for nothing needs nothing; but where the type is in doubt, a danger, money or an account at risk and a threat
/// count all the same, for to miss them costs more. Who proposes something for everyone tells of others' trouble, save
/// where people are in danger or a town is cut off.
fn concerns(kind: SignalKind, level: Urgency, (of, probability): (InquiryType, f32)) -> bool {
    use SignalKind::{AccountAtRisk, LegalOrMediaThreat, MoneyAtRisk, Rule, Safety};
    match of {
        InquiryType::Other => match kind {
            Rule => true,
            Safety | MoneyAtRisk | AccountAtRisk | LegalOrMediaThreat => probability < SURELY_OTHER,
            _ => false,
        },
        InquiryType::Suggestion => match kind {
            Rule | Safety => true,
            SignalKind::ServiceDown => level == Urgency::Urgent,
            _ => false,
        },
        InquiryType::Consultation | InquiryType::Complaint => true,
    }
}

/// How much of a clause is looked at before and behind a span, in characters: people write on without a mark.
const CLAUSE_REACH: usize = 60;
/// How many times, counts and needs of a message are read.
const MAX_READ: usize = 20;

/// Returns the clause around a span: up to the nearest marks that end one, or as far as is looked at.
fn clause_around(text: &str, span: Span) -> Span {
    let is_inner = |at: usize| {
        let bytes = text.as_bytes();
        let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        at > 0 && is_digit(at - 1) && is_digit(at + 1)
    };
    let ends = |at: usize, c: char| ends_clause(c) && !is_inner(at);
    let before = text[..span.start].char_indices().rev();
    let start = before.take(CLAUSE_REACH).take_while(|(at, c)| !ends(*at, *c)).last();
    let after = text[span.end..].char_indices().map(|(at, c)| (span.end + at, c));
    let end = after.take(CLAUSE_REACH).take_while(|(at, c)| !ends(*at, *c)).last();
    Span::new(start.map_or(span.start, |(at, _)| at), end.map_or(span.end, |(at, c)| at + c.len_utf8()))
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
