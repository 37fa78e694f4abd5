//! Who takes a message and by when, by the policy. Pure.

use super::live::ReadyPolicy;
use crate::domain::{Channel, DueTimes, FollowUpPlan, InquiryType, Queue, Routing, Timestamp, Urgency};

/// What stands for every domain.
const ANY: &str = "*";

/// Chooses the queue for a domain: the one that names it, else the one that takes the rest, else the first.
pub fn route(ready: &ReadyPolicy, domain: &str, urgency: Urgency, kind: InquiryType) -> Routing {
    let queues = &ready.policy.queues;
    let naming = |name: &str| queues.iter().find(|queue| queue.domains.iter().any(|domain| domain == name));
    let (queue, reason) = match (naming(domain), naming(ANY), queues.first()) {
        (Some(queue), _, _) => (Some(queue), format!("domain:{domain}")),
        (None, Some(queue), _) => (Some(queue), "default".to_owned()),
        (None, None, first) => (first, "only".to_owned()),
    };
    let of = |field: fn(&Queue) -> &str| queue.map_or_else(String::new, |queue| field(queue).to_owned());
    Routing {
        queue_id: of(|queue| &queue.id),
        queue_name: of(|queue| &queue.name),
        skills: queue.map_or_else(Vec::new, |queue| queue.skills.clone()),
        reason,
        priority: priority(urgency, kind),
    }
}

fn priority(urgency: Urgency, kind: InquiryType) -> u8 {
    match (urgency, kind) {
        (Urgency::Urgent, _) => 1,
        (Urgency::Important, _) | (_, InquiryType::Complaint) => 2,
        (Urgency::Normal, _) => 3,
    }
}

/// Plans when somebody responds, resolves and follows up: half-way between the two, and once more for urgent matters.
pub fn follow_up(ready: &ReadyPolicy, channel: Channel, urgency: Urgency, now: Timestamp) -> FollowUpPlan {
    let due = due_times(ready, channel, urgency);
    let after = |minutes: u32| {
        if due.around_the_clock {
            now.plus_minutes(i64::from(minutes))
        } else {
            ready.schedule.after_working_minutes(now, minutes)
        }
    };
    let between = |part: u32, of: u32| {
        let span = due.resolve_minutes.saturating_sub(due.respond_minutes);
        due.respond_minutes + (u64::from(span) * u64::from(part) / u64::from(of)) as u32
    };
    let follow_up_times = match urgency {
        Urgency::Urgent => vec![after(between(1, 3)), after(between(2, 3))],
        Urgency::Important => vec![after(between(1, 2))],
        Urgency::Normal => Vec::new(),
    };
    FollowUpPlan {
        respond_by: after(due.respond_minutes),
        resolve_by: after(due.resolve_minutes.max(due.respond_minutes)),
        follow_up_times,
        within_working_hours: ready.schedule.is_open_at(now),
    }
}

/// The policy's due times, else those of a channel that has them, else a day and three.
fn due_times(ready: &ReadyPolicy, channel: Channel, urgency: Urgency) -> DueTimes {
    let of = |channel: Channel| ready.policy.due_times.get(&(channel.as_str().to_owned(), urgency)).copied();
    of(channel).or_else(|| of(Channel::Im)).unwrap_or(DueTimes {
        respond_minutes: 1_440,
        resolve_minutes: 4_320,
        around_the_clock: true,
    })
}

/// Names the department that owns suggestions about a domain.
pub fn department<'a>(ready: &'a ReadyPolicy, domain: &str) -> Option<&'a str> {
    let departments = &ready.policy.departments;
    let of = |name: &str| departments.iter().find(|department| department.domain == name);
    of(domain).or_else(|| of(ANY)).or_else(|| of(crate::domain::Domain::OTHER)).map(|found| found.name.as_str())
}
