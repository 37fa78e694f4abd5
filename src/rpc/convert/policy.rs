//! Policies.

use std::collections::BTreeMap;

use crate::{
    domain::{
        ArticleId, CalendarDay, Channel, DayKind, Department, DueTimes, HandoffTriggers, KnowledgeBaseId, Policy,
        Queue, ReplyTexts, Thresholds, Urgency, WorkingHours,
    },
    knowledge::default_policy,
    rpc::{
        convert::{
            article::list,
            calibration::{calibration_policy_of, read_calibration_policy},
            enums::{
                channel_of, day_kind_of, given, read_channel, read_day_kind, read_urgency, read_weekday, urgency_of,
                weekday_of,
            },
            number::i32_of,
            urgency::{read_urgency_policy, urgency_policy_of},
        },
        limits::Violations,
        names, pb,
    },
};

/// Writes a policy.
pub(in crate::rpc) fn policy_of(policy: &Policy, base: &KnowledgeBaseId) -> pb::Policy {
    let Thresholds { answer, clarify, abstain } = policy.thresholds;
    let HandoffTriggers { complaints, urgent, no_answer } = policy.handoff;
    pb::Policy {
        thresholds: Some(pb::Thresholds { answer, clarify, abstain }),
        time_zone: policy.time_zone.clone(),
        working_hours: policy.working_hours.iter().map(working_hours_of).collect(),
        calendar: policy.calendar.iter().map(calendar_day_of).collect(),
        due_times: policy.due_times.iter().map(due_times_of).collect(),
        queues: policy.queues.iter().map(queue_of).collect(),
        departments: policy.departments.iter().map(department_of).collect(),
        handoff: Some(pb::HandoffTriggers { complaints, urgent, no_answer }),
        texts: Some(texts_of(&policy.texts)),
        sensitive_words: policy.sensitive_words.clone(),
        keep_order_numbers: policy.keep_order_numbers,
        opening_questions: policy.opening_questions.iter().map(|id| names::of_child(base, "articles", id)).collect(),
        max_clarify_options: policy.max_clarify_options.into(),
        urgency: Some(urgency_policy_of(&policy.urgency)),
        calibration: Some(calibration_policy_of(policy.calibration)),
    }
}

/// Reads a policy, where it is the field `knowledge_base.policy`. Triggers left out are the default ones; what else is
/// left out the room of knowledge fills.
pub(in crate::rpc) fn read_policy(message: pb::Policy, base: &KnowledgeBaseId, violations: &mut Violations) -> Policy {
    let pb::Thresholds { answer, clarify, abstain } = message.thresholds.unwrap_or_default();
    Policy {
        thresholds: Thresholds { answer, clarify, abstain },
        time_zone: message.time_zone,
        working_hours: read_working_hours(&message.working_hours, violations),
        calendar: read_calendar(message.calendar, violations),
        due_times: read_due_times(&message.due_times, violations),
        queues: message.queues.into_iter().map(read_queue).collect(),
        departments: message.departments.into_iter().map(read_department).collect(),
        handoff: message.handoff.map_or_else(|| default_policy().handoff, read_triggers),
        texts: read_texts(message.texts.unwrap_or_default()),
        sensitive_words: message.sensitive_words,
        keep_order_numbers: message.keep_order_numbers,
        opening_questions: read_opening_questions(&message.opening_questions, base, violations),
        calibration: read_calibration_policy(&message.calibration.unwrap_or_default()),
        urgency: read_urgency_policy(&message.urgency.unwrap_or_default(), violations),
        // What does not fit is out of the allowed range too, and is refused with it.
        max_clarify_options: u8::try_from(message.max_clarify_options).unwrap_or(u8::MAX),
    }
}

fn field(name: &str, idx: usize) -> String {
    format!("knowledge_base.policy.{name}[{idx}]")
}

fn working_hours_of(hours: &WorkingHours) -> pb::WorkingHours {
    pb::WorkingHours {
        days: hours.days.iter().map(|day| weekday_of(*day).into()).collect(),
        from: time_of_day_of(hours.from_minute),
        to: time_of_day_of(hours.to_minute),
    }
}

fn read_working_hours(hours: &[pb::WorkingHours], violations: &mut Violations) -> Vec<WorkingHours> {
    let mut one = |(idx, hours): (usize, &pb::WorkingHours)| {
        let field = field("working_hours", idx);
        WorkingHours {
            days: list(&hours.days, &format!("{field}.days"), violations, read_weekday),
            from_minute: read_time_of_day(&hours.from, &format!("{field}.from"), violations),
            to_minute: read_time_of_day(&hours.to, &format!("{field}.to"), violations),
        }
    };
    hours.iter().enumerate().map(&mut one).collect()
}

fn time_of_day_of(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn read_time_of_day(text: &str, field: &str, violations: &mut Violations) -> u16 {
    let two = |text: &str| -> Option<u16> {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_number)
    };
    let minutes = text.split_once(':').and_then(|(hours, minutes)| {
        let (hours, minutes) = (two(hours)?, two(minutes)?);
        let total = hours * 60 + minutes;
        (minutes < 60 && total <= 24 * 60).then_some(total)
    });
    violations.check(minutes.is_some(), field, "must be HH:MM from 00:00 to 24:00");
    minutes.unwrap_or(0)
}

fn calendar_day_of(day: &CalendarDay) -> pb::CalendarDay {
    pb::CalendarDay { date: day.date.clone(), kind: day_kind_of(day.kind).into(), display_name: day.name.clone() }
}

fn read_calendar(days: Vec<pb::CalendarDay>, violations: &mut Violations) -> Vec<CalendarDay> {
    let mut one = |(idx, day): (usize, pb::CalendarDay)| {
        let field = format!("{}.kind", field("calendar", idx));
        let kind = given(read_day_kind(day.kind, &field, violations), day.kind, &field, violations);
        CalendarDay { date: day.date, kind: kind.unwrap_or(DayKind::Holiday), name: day.display_name }
    };
    days.into_iter().enumerate().map(&mut one).collect()
}

fn due_times_of(((channel, urgency), due): (&(String, Urgency), &DueTimes)) -> pb::DueTimes {
    pb::DueTimes {
        channel: Channel::from_name(channel).map_or(pb::Channel::Unspecified, channel_of).into(),
        urgency: urgency_of(*urgency).into(),
        respond_minutes: i32_of(due.respond_minutes),
        resolve_minutes: i32_of(due.resolve_minutes),
        around_the_clock: due.around_the_clock,
    }
}

fn read_due_times(given_times: &[pb::DueTimes], violations: &mut Violations) -> BTreeMap<(String, Urgency), DueTimes> {
    let mut read = BTreeMap::new();
    for (idx, due) in given_times.iter().enumerate() {
        let field = field("due_times", idx);
        let channel = read_channel(due.channel, &format!("{field}.channel"), violations).unwrap_or_default();
        let urgency_field = format!("{field}.urgency");
        let urgency = read_urgency(due.urgency, &urgency_field, violations);
        let Some(urgency) = given(urgency, due.urgency, &urgency_field, violations) else { continue };
        let times = DueTimes {
            respond_minutes: read_minutes(due.respond_minutes, &format!("{field}.respond_minutes"), violations),
            resolve_minutes: read_minutes(due.resolve_minutes, &format!("{field}.resolve_minutes"), violations),
            around_the_clock: due.around_the_clock,
        };
        let is_new = read.insert((channel.as_str().to_owned(), urgency), times).is_none();
        violations.check(is_new, &field, "is there twice: one for each channel and urgency");
    }
    read
}

fn read_minutes(minutes: i32, field: &str, violations: &mut Violations) -> u32 {
    let minutes = u32::try_from(minutes).ok().filter(|minutes| (1..=100_000).contains(minutes));
    violations.check(minutes.is_some(), field, "must be 1 to 100000");
    minutes.unwrap_or(1)
}

fn queue_of(queue: &Queue) -> pb::Queue {
    let Queue { id, name, domains, skills } = queue.clone();
    pb::Queue { id, display_name: name, domains, skills }
}

fn read_queue(queue: pb::Queue) -> Queue {
    let pb::Queue { id, display_name, domains, skills } = queue;
    Queue { id, name: display_name, domains, skills }
}

fn department_of(department: &Department) -> pb::Department {
    pb::Department { domain: department.domain.clone(), display_name: department.name.clone() }
}

fn read_department(department: pb::Department) -> Department {
    Department { domain: department.domain, name: department.display_name }
}

fn read_triggers(triggers: pb::HandoffTriggers) -> HandoffTriggers {
    let pb::HandoffTriggers { complaints, urgent, no_answer } = triggers;
    HandoffTriggers { complaints, urgent, no_answer }
}

fn texts_of(texts: &ReplyTexts) -> pb::ReplyTexts {
    let ReplyTexts {
        greeting,
        complaint_acknowledgement,
        suggestion_thanks,
        no_answer,
        handoff,
        handoff_off_hours,
        clarify,
        blocked,
    } = texts.clone();
    pb::ReplyTexts {
        greeting,
        complaint_acknowledgement,
        suggestion_thanks,
        no_answer,
        handoff,
        handoff_off_hours,
        clarify,
        blocked,
    }
}

fn read_texts(texts: pb::ReplyTexts) -> ReplyTexts {
    let pb::ReplyTexts {
        greeting,
        complaint_acknowledgement,
        suggestion_thanks,
        no_answer,
        handoff,
        handoff_off_hours,
        clarify,
        blocked,
    } = texts;
    ReplyTexts {
        greeting,
        complaint_acknowledgement,
        suggestion_thanks,
        no_answer,
        handoff,
        handoff_off_hours,
        clarify,
        blocked,
    }
}

fn read_opening_questions(names: &[String], base: &KnowledgeBaseId, violations: &mut Violations) -> Vec<String> {
    let one = |(idx, name): (usize, &String)| {
        let field = field("opening_questions", idx);
        let (found, id): (_, ArticleId) = violations.take(&field, names::article(name))?;
        violations.check(found == *base, &field, "must be an article of the same knowledge base");
        Some(id.as_str().to_owned())
    };
    names.iter().enumerate().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::convert::random;

    #[test]
    fn policies_come_back() {
        let mut rng = fastrand::Rng::with_seed(13);
        for _ in 0..300 {
            let (base, policy) = (random::knowledge_base_id(&mut rng), random::policy(&mut rng));
            let mut violations = Violations::default();
            assert_eq!(read_policy(policy_of(&policy, &base), &base, &mut violations), policy);
            violations.finish().expect("what was written is good");
        }
    }

    #[test]
    fn the_default_policy_comes_back() {
        let base = KnowledgeBaseId::try_new("a").expect("an id");
        let mut violations = Violations::default();
        let back = read_policy(policy_of(&default_policy(), &base), &base, &mut violations);
        assert_eq!(back, default_policy());
        let left_out = read_policy(pb::Policy::default(), &base, &mut violations);
        assert_eq!(left_out.handoff, default_policy().handoff);
        violations.finish().expect("both are good");
    }

    #[test]
    fn times_of_day_have_one_form() {
        for (text, want) in [("00:00", Some(0)), ("09:30", Some(570)), ("24:00", Some(1_440)), ("24:01", None)] {
            let mut violations = Violations::default();
            let read = read_time_of_day(text, "from", &mut violations);
            assert_eq!(violations.finish().is_ok().then_some(read), want, "{text}");
        }
        for text in ["", "9:30", "0930", "09:60", "25:00", "+9:30", "09:30:00", "九:00"] {
            let mut violations = Violations::default();
            read_time_of_day(text, "from", &mut violations);
            assert!(violations.finish().is_err(), "{text}");
        }
    }

    #[test]
    fn due_times_are_one_for_each_channel_and_urgency() {
        let due = |channel, urgency, minutes| pb::DueTimes {
            channel,
            urgency,
            respond_minutes: minutes,
            resolve_minutes: minutes,
            around_the_clock: false,
        };
        let check = |times: &[pb::DueTimes], is_good: bool| {
            let mut violations = Violations::default();
            read_due_times(times, &mut violations);
            assert_eq!(violations.finish().is_ok(), is_good, "{times:?}");
        };
        check(&[due(1, 1, 5), due(2, 1, 5)], true);
        check(&[due(0, 1, 5), due(1, 1, 5)], false);
        check(&[due(1, 0, 5)], false);
        check(&[due(1, 1, 0)], false);
        check(&[due(1, 1, -5)], false);
        check(&[due(9, 1, 5)], false);
    }
}
