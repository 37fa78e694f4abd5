//! How a knowledge base wants to be answered for: data, never code.

use std::collections::BTreeMap;

use super::{CalibrationPolicy, Urgency, UrgencyPolicy};

/// Probabilities at which the decision changes; `None` takes the calibration's.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Thresholds {
    /// At or above: answer.
    pub answer: Option<f32>,
    /// At or above, below `answer`: offer options.
    pub clarify: Option<f32>,
    /// Type probability below which the analysis abstains.
    pub abstain: Option<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    pub const ALL: [Weekday; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// Returns the stable string of the day.
    pub fn as_str(self) -> &'static str {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][self as usize]
    }

    /// Looks a day up by its stable string.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.as_str() == name)
    }
}

/// A span of the day on some weekdays, in minutes after midnight, half-open, `from_minute < to_minute <= 1440`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingHours {
    pub days: Vec<Weekday>,
    pub from_minute: u16,
    pub to_minute: u16,
}

/// How a calendar day departs from its weekday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind {
    /// Nobody works.
    Holiday,
    /// A weekend day worked in exchange (调休), with Monday's hours.
    Workday,
}

/// One exceptional day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarDay {
    /// `YYYY-MM-DD` in the policy's time zone.
    pub date: String,
    pub kind: DayKind,
    pub name: String,
}

/// Minutes of working time within which somebody responds and resolves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueTimes {
    pub respond_minutes: u32,
    pub resolve_minutes: u32,
    /// Whether the clock runs outside working hours too.
    pub around_the_clock: bool,
}

/// A group of agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    pub id: String,
    pub name: String,
    /// Domains it takes; `*` takes what no other does.
    pub domains: Vec<String>,
    pub skills: Vec<String>,
}

/// Who owns suggestions about a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    pub domain: String,
    pub name: String,
}

/// What hands a message to a human.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandoffTriggers {
    pub complaints: bool,
    pub urgent: bool,
    /// Hand off instead of saying that there is no answer.
    pub no_answer: bool,
}

/// Texts for customers, in Chinese; `{due}` and `{department}` are filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTexts {
    pub greeting: String,
    pub complaint_acknowledgement: String,
    pub suggestion_thanks: String,
    pub no_answer: String,
    pub handoff: String,
    pub handoff_off_hours: String,
    pub clarify: String,
    pub blocked: String,
}

/// The policy of one knowledge base.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub thresholds: Thresholds,
    /// IANA name.
    pub time_zone: String,
    pub working_hours: Vec<WorkingHours>,
    pub calendar: Vec<CalendarDay>,
    /// By channel name and urgency.
    pub due_times: BTreeMap<(String, Urgency), DueTimes>,
    pub queues: Vec<Queue>,
    pub departments: Vec<Department>,
    pub handoff: HandoffTriggers,
    pub texts: ReplyTexts,
    /// Words on which nothing is answered.
    pub sensitive_words: Vec<String>,
    /// Whether order and tracking numbers are stored as written.
    pub keep_order_numbers: bool,
    /// Opening questions: article ids, in order.
    pub opening_questions: Vec<String>,
    /// At most this many options in a clarification (2-4).
    pub max_clarify_options: u8,
    pub urgency: UrgencyPolicy,
    pub calibration: CalibrationPolicy,
}
