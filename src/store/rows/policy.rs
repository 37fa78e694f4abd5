//! The shape of a policy; it is stored within its knowledge base.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Result, all_named, named};
use crate::domain::{
    CalendarDay, CalibrationPolicy, DayKind, Department, DueTimes, HandoffTriggers, Policy, Queue, ReplyTexts,
    SignalKind, Thresholds, Urgency, UrgencyPolicy, Weekday, WorkingHours,
};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PolicyShape {
    thresholds: ThresholdsShape,
    time_zone: String,
    working_hours: Vec<WorkingHoursShape>,
    calendar: Vec<CalendarDayShape>,
    due_times: Vec<DueTimesShape>,
    queues: Vec<QueueShape>,
    departments: Vec<DepartmentShape>,
    handoff: HandoffShape,
    texts: TextsShape,
    sensitive_words: Vec<String>,
    keep_order_numbers: bool,
    opening_questions: Vec<String>,
    max_clarify_options: u8,
    /// From format 2 on.
    urgency: Option<UrgencyShape>,
    /// From format 3 on.
    calibration: Option<CalibrationPolicyShape>,
}

/// What thresholds are to bring.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct CalibrationPolicyShape {
    wanted_precision: f32,
    unanswerable_share: f32,
}

impl From<CalibrationPolicyShape> for CalibrationPolicy {
    fn from(shape: CalibrationPolicyShape) -> Self {
        let CalibrationPolicyShape { wanted_precision, unanswerable_share } = shape;
        Self { wanted_precision, unanswerable_share }
    }
}

impl From<CalibrationPolicy> for CalibrationPolicyShape {
    fn from(policy: CalibrationPolicy) -> Self {
        let CalibrationPolicy { wanted_precision, unanswerable_share } = policy;
        Self { wanted_precision, unanswerable_share }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct UrgencyShape {
    weights: BTreeMap<String, f32>,
    urgent_threshold: f32,
    important_threshold: f32,
    complaint_floor: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct ThresholdsShape {
    answer: Option<f32>,
    clarify: Option<f32>,
    abstain: Option<f32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WorkingHoursShape {
    days: Vec<String>,
    from_minute: u16,
    to_minute: u16,
}

#[derive(Debug, Serialize, Deserialize)]
struct CalendarDayShape {
    date: String,
    kind: DayKindShape,
    name: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DayKindShape {
    Holiday,
    Workday,
}

/// One entry of the map, with its key.
#[derive(Debug, Serialize, Deserialize)]
struct DueTimesShape {
    channel: String,
    urgency: String,
    respond_minutes: u32,
    resolve_minutes: u32,
    around_the_clock: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct QueueShape {
    id: String,
    name: String,
    domains: Vec<String>,
    skills: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct DepartmentShape {
    domain: String,
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct HandoffShape {
    complaints: bool,
    urgent: bool,
    no_answer: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct TextsShape {
    greeting: String,
    complaint_acknowledgement: String,
    suggestion_thanks: String,
    no_answer: String,
    handoff: String,
    handoff_off_hours: String,
    clarify: String,
    blocked: String,
}

impl PolicyShape {
    /// Makes the policy; fails where a stored name is unknown.
    pub fn into_policy(self) -> Result<Policy> {
        let working_hours: Result<_> = self.working_hours.into_iter().map(WorkingHoursShape::into_hours).collect();
        let due_times: Result<BTreeMap<_, _>> = self.due_times.into_iter().map(DueTimesShape::into_entry).collect();
        let ThresholdsShape { answer, clarify, abstain } = self.thresholds;
        let HandoffShape { complaints, urgent, no_answer } = self.handoff;
        Ok(Policy {
            thresholds: Thresholds { answer, clarify, abstain },
            time_zone: self.time_zone,
            working_hours: working_hours?,
            calendar: self.calendar.into_iter().map(CalendarDay::from).collect(),
            due_times: due_times?,
            queues: self.queues.into_iter().map(Queue::from).collect(),
            departments: self.departments.into_iter().map(Department::from).collect(),
            handoff: HandoffTriggers { complaints, urgent, no_answer },
            texts: self.texts.into(),
            sensitive_words: self.sensitive_words,
            keep_order_numbers: self.keep_order_numbers,
            opening_questions: self.opening_questions,
            max_clarify_options: self.max_clarify_options,
            urgency: self.urgency.map_or_else(|| Ok(UrgencyPolicy::default()), UrgencyShape::into_policy)?,
            calibration: self.calibration.map(CalibrationPolicy::from).unwrap_or_default(),
        })
    }
}

impl From<&Policy> for PolicyShape {
    fn from(policy: &Policy) -> Self {
        let Thresholds { answer, clarify, abstain } = policy.thresholds;
        let HandoffTriggers { complaints, urgent, no_answer } = policy.handoff;
        Self {
            thresholds: ThresholdsShape { answer, clarify, abstain },
            time_zone: policy.time_zone.clone(),
            working_hours: policy.working_hours.iter().map(WorkingHoursShape::from).collect(),
            calendar: policy.calendar.iter().map(CalendarDayShape::from).collect(),
            due_times: policy.due_times.iter().map(DueTimesShape::from).collect(),
            queues: policy.queues.iter().map(QueueShape::from).collect(),
            departments: policy.departments.iter().map(DepartmentShape::from).collect(),
            handoff: HandoffShape { complaints, urgent, no_answer },
            texts: TextsShape::from(&policy.texts),
            sensitive_words: policy.sensitive_words.clone(),
            keep_order_numbers: policy.keep_order_numbers,
            opening_questions: policy.opening_questions.clone(),
            max_clarify_options: policy.max_clarify_options,
            urgency: Some(UrgencyShape::from(&policy.urgency)),
            calibration: Some(policy.calibration.into()),
        }
    }
}

impl UrgencyShape {
    fn into_policy(self) -> Result<UrgencyPolicy> {
        let weight =
            |(kind, weight): (String, f32)| Ok((named("urgency signal", &kind, SignalKind::from_name)?, weight));
        let weights: Result<BTreeMap<_, _>> = self.weights.into_iter().map(weight).collect();
        Ok(UrgencyPolicy {
            weights: weights?,
            urgent_threshold: self.urgent_threshold,
            important_threshold: self.important_threshold,
            complaint_floor: named("urgency", &self.complaint_floor, Urgency::from_label)?,
        })
    }
}

impl From<&UrgencyPolicy> for UrgencyShape {
    fn from(policy: &UrgencyPolicy) -> Self {
        Self {
            weights: policy.weights.iter().map(|(kind, weight)| (kind.as_str().to_owned(), *weight)).collect(),
            urgent_threshold: policy.urgent_threshold,
            important_threshold: policy.important_threshold,
            complaint_floor: policy.complaint_floor.as_str().to_owned(),
        }
    }
}

impl WorkingHoursShape {
    fn into_hours(self) -> Result<WorkingHours> {
        Ok(WorkingHours {
            days: all_named("weekday", &self.days, Weekday::from_name)?,
            from_minute: self.from_minute,
            to_minute: self.to_minute,
        })
    }
}

impl From<&WorkingHours> for WorkingHoursShape {
    fn from(hours: &WorkingHours) -> Self {
        Self {
            days: hours.days.iter().map(|day| day.as_str().to_owned()).collect(),
            from_minute: hours.from_minute,
            to_minute: hours.to_minute,
        }
    }
}

impl From<CalendarDayShape> for CalendarDay {
    fn from(shape: CalendarDayShape) -> Self {
        let kind = match shape.kind {
            DayKindShape::Holiday => DayKind::Holiday,
            DayKindShape::Workday => DayKind::Workday,
        };
        Self { date: shape.date, kind, name: shape.name }
    }
}

impl From<&CalendarDay> for CalendarDayShape {
    fn from(day: &CalendarDay) -> Self {
        let kind = match day.kind {
            DayKind::Holiday => DayKindShape::Holiday,
            DayKind::Workday => DayKindShape::Workday,
        };
        Self { date: day.date.clone(), kind, name: day.name.clone() }
    }
}

impl DueTimesShape {
    fn into_entry(self) -> Result<((String, Urgency), DueTimes)> {
        let urgency = named("urgency", &self.urgency, Urgency::from_label)?;
        let times = DueTimes {
            respond_minutes: self.respond_minutes,
            resolve_minutes: self.resolve_minutes,
            around_the_clock: self.around_the_clock,
        };
        Ok(((self.channel, urgency), times))
    }
}

impl From<(&(String, Urgency), &DueTimes)> for DueTimesShape {
    fn from(((channel, urgency), times): (&(String, Urgency), &DueTimes)) -> Self {
        Self {
            channel: channel.clone(),
            urgency: urgency.as_str().to_owned(),
            respond_minutes: times.respond_minutes,
            resolve_minutes: times.resolve_minutes,
            around_the_clock: times.around_the_clock,
        }
    }
}

impl From<QueueShape> for Queue {
    fn from(shape: QueueShape) -> Self {
        Self { id: shape.id, name: shape.name, domains: shape.domains, skills: shape.skills }
    }
}

impl From<&Queue> for QueueShape {
    fn from(queue: &Queue) -> Self {
        let Queue { id, name, domains, skills } = queue.clone();
        Self { id, name, domains, skills }
    }
}

impl From<DepartmentShape> for Department {
    fn from(shape: DepartmentShape) -> Self {
        Self { domain: shape.domain, name: shape.name }
    }
}

impl From<&Department> for DepartmentShape {
    fn from(department: &Department) -> Self {
        let Department { domain, name } = department.clone();
        Self { domain, name }
    }
}

impl From<TextsShape> for ReplyTexts {
    fn from(shape: TextsShape) -> Self {
        Self {
            greeting: shape.greeting,
            complaint_acknowledgement: shape.complaint_acknowledgement,
            suggestion_thanks: shape.suggestion_thanks,
            no_answer: shape.no_answer,
            handoff: shape.handoff,
            handoff_off_hours: shape.handoff_off_hours,
            clarify: shape.clarify,
            blocked: shape.blocked,
        }
    }
}

impl From<&ReplyTexts> for TextsShape {
    fn from(texts: &ReplyTexts) -> Self {
        let texts = texts.clone();
        Self {
            greeting: texts.greeting,
            complaint_acknowledgement: texts.complaint_acknowledgement,
            suggestion_thanks: texts.suggestion_thanks,
            no_answer: texts.no_answer,
            handoff: texts.handoff,
            handoff_off_hours: texts.handoff_off_hours,
            clarify: texts.clarify,
            blocked: texts.blocked,
        }
    }
}
