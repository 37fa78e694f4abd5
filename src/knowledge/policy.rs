//! The policy of a knowledge base whose owner said nothing, and the calendar shipped with it.
//!
//! Pure data. Must not know which base it is for. To add a year: enter it into `data/calendar/cn.json`.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::domain::{
    CalendarDay, CalibrationPolicy, Channel, DayKind, DueTimes, HandoffTriggers, Policy, Queue, ReplyTexts, Thresholds,
    Urgency, UrgencyPolicy, Weekday, WorkingHours,
};

const CALENDAR: &str = include_str!("../../data/calendar/cn.json");

static DEFAULT: LazyLock<Policy> = LazyLock::new(build);

/// Returns the policy of a base whose owner said nothing: Chinese customers, Shanghai time, every day from 9 to 21.
pub fn default_policy() -> Policy {
    DEFAULT.clone()
}

#[derive(Deserialize)]
struct CalendarFile {
    days: Vec<DayRow>,
}

#[derive(Deserialize)]
struct DayRow {
    date: String,
    kind: KindName,
    name: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindName {
    Holiday,
    Workday,
}

fn build() -> Policy {
    Policy {
        thresholds: Thresholds::default(),
        time_zone: "Asia/Shanghai".to_owned(),
        working_hours: vec![WorkingHours { days: Weekday::ALL.to_vec(), from_minute: 9 * 60, to_minute: 21 * 60 }],
        calendar: calendar(),
        due_times: due_times(),
        queues: vec![Queue {
            id: "general".to_owned(),
            name: "综合客服组".to_owned(),
            domains: vec!["*".to_owned()],
            skills: Vec::new(),
        }],
        departments: Vec::new(),
        handoff: HandoffTriggers { complaints: true, urgent: true, no_answer: false },
        texts: texts(),
        sensitive_words: Vec::new(),
        keep_order_numbers: false,
        opening_questions: Vec::new(),
        max_clarify_options: 3,
        urgency: UrgencyPolicy::default(),
        calibration: CalibrationPolicy::default(),
    }
}

fn calendar() -> Vec<CalendarDay> {
    let file: CalendarFile = serde_json::from_str(CALENDAR).expect("a test reads the calendar that is shipped");
    let day = |row: DayRow| {
        let kind = match row.kind {
            KindName::Holiday => DayKind::Holiday,
            KindName::Workday => DayKind::Workday,
        };
        CalendarDay { date: row.date, kind, name: row.name }
    };
    file.days.into_iter().map(day).collect()
}

/// A working day of the default hours has 720 minutes; what is urgent does not wait for the morning.
fn due_times() -> BTreeMap<(String, Urgency), DueTimes> {
    let spoken = [(Urgency::Urgent, 5, 240), (Urgency::Important, 30, 1440), (Urgency::Normal, 120, 2880)];
    let written = [(Urgency::Urgent, 240, 1440), (Urgency::Important, 480, 2160), (Urgency::Normal, 720, 3600)];
    let mut due_times = BTreeMap::new();
    for channel in Channel::ALL {
        let table = if channel == Channel::Email { written } else { spoken };
        for (urgency, respond_minutes, resolve_minutes) in table {
            let around_the_clock = urgency == Urgency::Urgent;
            let due = DueTimes { respond_minutes, resolve_minutes, around_the_clock };
            due_times.insert((channel.as_str().to_owned(), urgency), due);
        }
    }
    due_times
}

fn texts() -> ReplyTexts {
    let text = |text: &str| text.to_owned();
    ReplyTexts {
        greeting: text("您好，请问有什么可以帮您？"),
        complaint_acknowledgement: text(
            "很抱歉给您带来了不好的体验，您反映的情况我已经完整记录，会转给专人核实，并在{due}前与您联系。",
        ),
        suggestion_thanks: text("感谢您的建议，我已经转给{department}，我们会认真研究。"),
        no_answer: text(
            "这个问题我暂时没有准确的答案，不想给您说错。您可以换个说法再问一次，或回复「转人工」由客服人员帮您查。",
        ),
        handoff: text("好的，正在为您转接人工客服，预计{due}前有人回应。您可以先把遇到的情况写下来。"),
        handoff_off_hours: text("现在不在人工服务时间，您的问题已经登记，我们会在{due}前联系您。"),
        clarify: text("您是不是想问："),
        blocked: text("抱歉，这个内容我无法回答。如果您需要其他帮助，请告诉我，或回复「转人工」。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{KnowledgeBase, KnowledgeBaseId, Revision, Timestamp},
        knowledge::validate::check_base,
    };

    #[test]
    fn the_default_policy_passes_its_own_checks() {
        let base = KnowledgeBase {
            id: KnowledgeBaseId::try_new("a").expect("an id"),
            display_name: "a".to_owned(),
            description: String::new(),
            policy: default_policy(),
            revision: Revision(0),
            record_revision: Revision(0),
            create_time: Timestamp(0),
            update_time: Timestamp(0),
        };
        assert_eq!(check_base(&base, "knowledge_base"), []);
        assert_eq!(base.policy.due_times.len(), 9);
        assert!(base.policy.calendar.iter().any(|day| day.date == "2026-10-10" && day.kind == DayKind::Workday));
    }
}
