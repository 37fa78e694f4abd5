//! Enums, each matched in full in both directions, so that a new variant does not compile until someone decides.
//!
//! Readers return `None` for UNSPECIFIED, whose meaning the caller knows, and for a number that is not known, which is
//! noted.

use crate::{
    domain, knowledge,
    rpc::{limits::Violations, pb},
    text,
};

/// Writes the function that writes the enum.
macro_rules! writes {
    ($(#[$doc:meta])* $name:ident, $domain:ty => $wire:ty { $($inner:ident => $outer:ident),+ $(,)? }) => {
        $(#[$doc])*
        pub(in crate::rpc) fn $name(value: $domain) -> $wire {
            match value { $(<$domain>::$inner => <$wire>::$outer),+ }
        }
    };
}

/// Writes the function that reads the enum.
macro_rules! reads {
    ($(#[$doc:meta])* $name:ident, $wire:ty => $domain:ty { $($outer:ident => $inner:ident),+ $(,)? }) => {
        $(#[$doc])*
        pub(in crate::rpc) fn $name(number: i32, field: &str, violations: &mut Violations) -> Option<$domain> {
            match <$wire>::try_from(number) {
                Ok(<$wire>::Unspecified) => None,
                $(Ok(<$wire>::$outer) => Some(<$domain>::$inner),)+
                Err(_) => {
                    let allowed = [$(<$wire>::$outer.as_str_name()),+].join(", ");
                    violations.add(field, format!("has the unknown number {number}: allowed are {allowed}"));
                    None
                }
            }
        }
    };
}

/// Notes that an enum without a meaning for UNSPECIFIED was left out. Returns what was read.
pub(in crate::rpc) fn given<E>(read: Option<E>, number: i32, field: &str, violations: &mut Violations) -> Option<E> {
    if number == 0 {
        violations.add(field, "must be given");
    }
    read
}

reads! {
    /// Reads a channel.
    read_channel, pb::Channel => domain::Channel { Im => Im, Email => Email, Phone => Phone }
}
writes! {
    /// Writes a channel.
    channel_of, domain::Channel => pb::Channel { Im => Im, Email => Email, Phone => Phone }
}
reads! {
    /// Reads an audience.
    read_audience, pb::Audience => domain::Audience { Bot => Bot, Agent => Agent }
}
writes! {
    /// Writes an audience.
    audience_of, domain::Audience => pb::Audience { Bot => Bot, Agent => Agent }
}
reads! {
    /// Reads the state of an article.
    read_article_state, pb::ArticleState => domain::ArticleState {
        Draft => Draft, InReview => InReview, Active => Active, Disabled => Disabled,
    }
}
writes! {
    /// Writes the state of an article.
    article_state_of, domain::ArticleState => pb::ArticleState {
        Draft => Draft, InReview => InReview, Active => Active, Disabled => Disabled,
    }
}
reads! {
    /// Reads a day of the week.
    read_weekday, pb::DayOfWeek => domain::Weekday {
        Monday => Mon, Tuesday => Tue, Wednesday => Wed, Thursday => Thu, Friday => Fri, Saturday => Sat, Sunday => Sun,
    }
}
writes! {
    /// Writes a day of the week.
    weekday_of, domain::Weekday => pb::DayOfWeek {
        Mon => Monday, Tue => Tuesday, Wed => Wednesday, Thu => Thursday, Fri => Friday, Sat => Saturday, Sun => Sunday,
    }
}
reads! {
    /// Reads how a day departs from its weekday.
    read_day_kind, pb::calendar_day::Kind => domain::DayKind { Holiday => Holiday, Workday => Workday }
}
writes! {
    /// Writes how a day departs from its weekday.
    day_kind_of, domain::DayKind => pb::calendar_day::Kind { Holiday => Holiday, Workday => Workday }
}
reads! {
    /// Reads an urgency.
    read_urgency, pb::Urgency => domain::Urgency { Normal => Normal, Important => Important, Urgent => Urgent }
}
writes! {
    /// Writes an urgency.
    urgency_of, domain::Urgency => pb::Urgency { Normal => Normal, Important => Important, Urgent => Urgent }
}
reads! {
    /// Reads what the customer wants.
    read_inquiry_type, pb::InquiryType => domain::InquiryType {
        Consultation => Consultation, Complaint => Complaint, Suggestion => Suggestion, Other => Other,
    }
}
reads! {
    /// Reads the tone.
    read_sentiment, pb::Sentiment => domain::Sentiment {
        Negative => Negative, Neutral => Neutral, Positive => Positive,
    }
}
writes! {
    /// Writes what is wrong with a rule.
    rule_flaw_of, knowledge::RuleFlawKind => pb::rule_flaw::Kind {
        Example => Example, CounterExample => CounterExample, Queue => Queue, DisabledRule => DisabledRule,
    }
}
reads! {
    /// Reads the kind of a signal.
    read_signal_kind, pb::SignalKind => domain::SignalKind {
        Safety => Safety, MoneyAtRisk => MoneyAtRisk, AccountAtRisk => AccountAtRisk,
        LegalOrMediaThreat => LegalOrMediaThreat, Deadline => Deadline, RepeatContact => RepeatContact,
        ServiceDown => ServiceDown, Rule => Rule, Head => Head,
    }
}
writes! {
    /// Writes the kind of a signal.
    signal_kind_of, domain::SignalKind => pb::SignalKind {
        Safety => Safety, MoneyAtRisk => MoneyAtRisk, AccountAtRisk => AccountAtRisk,
        LegalOrMediaThreat => LegalOrMediaThreat, Deadline => Deadline, RepeatContact => RepeatContact,
        ServiceDown => ServiceDown, Rule => Rule, Head => Head,
    }
}
reads! {
    /// Reads who said a turn.
    read_speaker, pb::Speaker => domain::Speaker { Customer => Customer, Agent => Agent, Bot => Bot }
}
reads! {
    /// Reads the unit of offsets.
    read_offset_encoding, pb::OffsetEncoding => text::OffsetEncoding {
        Utf8 => Utf8, Utf16 => Utf16, CodePoints => CodePoints,
    }
}
reads! {
    /// Reads a verdict.
    read_verdict, pb::FeedbackVerdict => domain::FeedbackVerdict {
        Adopted => Adopted, Edited => Edited, Rejected => Rejected, Helpful => Helpful, NotHelpful => NotHelpful,
    }
}
reads! {
    /// Reads the format of a file.
    read_file_format, pb::FileFormat => knowledge::FileFormat { Jsonl => Jsonl, Csv => Csv }
}
reads! {
    /// Reads how a file is imported.
    read_import_mode, pb::ImportMode => knowledge::ImportMode { Append => Append, Merge => Merge, Replace => Replace }
}
writes! {
    /// Writes what the customer wants.
    inquiry_type_of, domain::InquiryType => pb::InquiryType {
        Consultation => Consultation, Complaint => Complaint, Suggestion => Suggestion, Other => Other,
    }
}
writes! {
    /// Writes the tone.
    sentiment_of, domain::Sentiment => pb::Sentiment { Negative => Negative, Neutral => Neutral, Positive => Positive }
}
writes! {
    /// Writes what was decided.
    outcome_of, domain::Outcome => pb::Outcome {
        Answered => Answered, Clarify => Clarify, SmallTalk => SmallTalk, Handoff => Handoff, NoAnswer => NoAnswer,
        Blocked => Blocked,
    }
}
writes! {
    /// Writes why there is no answer.
    no_answer_reason_of, domain::NoAnswerReason => pb::NoAnswerReason {
        Empty => Empty, AllStopWords => AllStopWords, NoCandidate => NoCandidate, BelowThreshold => BelowThreshold,
        Ambiguous => Ambiguous, NegativeQuestion => NegativeQuestion, PolarityConflict => PolarityConflict,
        FilteredOut => FilteredOut, Expired => Expired, OutOfScope => OutOfScope, Deadline => Deadline,
    }
}
writes! {
    /// Writes why a human takes over.
    handoff_reason_of, domain::HandoffReason => pb::HandoffReason {
        CustomerRequest => CustomerRequest, Complaint => Complaint, Suggestion => Suggestion, Urgent => Urgent,
        NoAnswer => NoAnswer, RepeatedFailure => RepeatedFailure,
    }
}
writes! {
    /// Writes how a wording met the message.
    match_type_of, domain::MatchType => pb::MatchType {
        Exact => Exact, Synonym => Synonym, Lexical => Lexical, Semantic => Semantic,
    }
}
writes! {
    /// Writes why a candidate may not answer.
    veto_of, domain::CandidateVerdict => pb::NoAnswerReason {
        Eligible => Unspecified, NegativeQuestion => NegativeQuestion, PolarityConflict => PolarityConflict,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    fn check<D: Copy + PartialEq + Debug>(
        all: &[D],
        write: impl Fn(D) -> i32,
        read: impl Fn(i32, &str, &mut Violations) -> Option<D>,
    ) {
        let mut violations = Violations::default();
        for value in all {
            assert_eq!(read(write(*value), "field", &mut violations), Some(*value));
        }
        assert_eq!(read(0, "field", &mut violations), None);
        violations.finish().expect("all of these are known");
        for unknown in [-1, 99, i32::MAX] {
            let mut violations = Violations::default();
            assert_eq!(read(unknown, "field", &mut violations), None);
            let refusal = tonic::Status::from(violations.finish().expect_err("unknown"));
            assert_eq!(refusal.code(), tonic::Code::InvalidArgument);
            assert!(refusal.message().starts_with("field: has the unknown number"), "{}", refusal.message());
        }
    }

    #[test]
    fn enums_come_back_and_unknown_numbers_are_refused() {
        check(&domain::Channel::ALL, |v| channel_of(v).into(), read_channel);
        check(&domain::Audience::ALL, |v| audience_of(v).into(), read_audience);
        check(&domain::ArticleState::ALL, |v| article_state_of(v).into(), read_article_state);
        check(&domain::Weekday::ALL, |v| weekday_of(v).into(), read_weekday);
        check(&[domain::DayKind::Holiday, domain::DayKind::Workday], |v| day_kind_of(v).into(), read_day_kind);
        check(domain::Urgency::ALL, |v| urgency_of(v).into(), read_urgency);
        check(domain::InquiryType::ALL, |v| inquiry_type_of(v).into(), read_inquiry_type);
        check(domain::Sentiment::ALL, |v| sentiment_of(v).into(), read_sentiment);
    }

    #[test]
    fn refusals_name_what_is_allowed() {
        let mut violations = Violations::default();
        read_speaker(9, "history[2].speaker", &mut violations);
        let refusal = tonic::Status::from(violations.finish().expect_err("unknown"));
        let want =
            "history[2].speaker: has the unknown number 9: allowed are SPEAKER_CUSTOMER, SPEAKER_AGENT, SPEAKER_BOT";
        assert_eq!(refusal.message(), want);
    }

    #[test]
    fn names_are_the_same_inside_and_outside() {
        for reason in domain::NoAnswerReason::ALL {
            let want = format!("NO_ANSWER_REASON_{}", reason.as_str());
            assert_eq!(no_answer_reason_of(*reason).as_str_name(), want);
        }
        for reason in domain::HandoffReason::ALL {
            assert_eq!(handoff_reason_of(*reason).as_str_name(), format!("HANDOFF_REASON_{}", reason.as_str()));
        }
        for kind in domain::InquiryType::ALL {
            let want = format!("INQUIRY_TYPE_{}", kind.as_str().to_uppercase());
            assert_eq!(inquiry_type_of(*kind).as_str_name(), want);
        }
    }
}
