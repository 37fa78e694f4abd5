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

/// What due times depend on.
pub struct Due {
    pub channel: Channel,
    pub urgency: Urgency,
    /// By when the customer needs it.
    pub customer_deadline: Option<Timestamp>,
    pub now: Timestamp,
}

/// Plans when somebody responds, resolves and follows up: half-way between the two, and twice for urgent matters.
///
/// The customer's deadline is kept where it lies ahead: nobody is due later, and the follow-ups are spread evenly over the
/// time that is left, of which only working time counts where there is any and the due times are not around the clock.
pub fn follow_up(ready: &ReadyPolicy, due: &Due) -> FollowUpPlan {
    let Due { channel, urgency, customer_deadline, now } = *due;
    let times = due_times(ready, channel, urgency);
    let after = |minutes: u32| {
        if times.around_the_clock {
            now.plus_minutes(i64::from(minutes))
        } else {
            ready.schedule.after_working_minutes(now, minutes)
        }
    };
    let between = |part: u32, of: u32| {
        let span = times.resolve_minutes.saturating_sub(times.respond_minutes);
        times.respond_minutes + (u64::from(span) * u64::from(part) / u64::from(of)) as u32
    };
    let parts: &[(u32, u32)] = match urgency {
        Urgency::Urgent => &[(1, 3), (2, 3)],
        Urgency::Important => &[(1, 2)],
        Urgency::Normal => &[],
    };
    let (respond_by, resolve_by) =
        (after(times.respond_minutes), after(times.resolve_minutes.max(times.respond_minutes)));
    let kept = customer_deadline.filter(|deadline| *deadline > now && *deadline < resolve_by);
    let (respond_by, resolve_by, follow_up_times) = match kept {
        None => (respond_by, resolve_by, parts.iter().map(|(part, of)| after(between(*part, *of))).collect()),
        Some(deadline) => {
            let respond_by = respond_by.min(deadline);
            let open_ms = if times.around_the_clock { 0 } else { ready.schedule.open_ms(respond_by, deadline) };
            let at = |part: u32, of: u32| {
                let share = |ms: i64| ms * i64::from(part) / i64::from(of);
                match open_ms {
                    0 => Timestamp(respond_by.0 + share(deadline.0 - respond_by.0)),
                    open_ms => ready.schedule.after_open_ms(respond_by, share(open_ms)),
                }
            };
            (respond_by, deadline, parts.iter().map(|(part, of)| at(*part, *of)).collect())
        }
    };
    FollowUpPlan {
        respond_by,
        resolve_by,
        follow_up_times,
        within_working_hours: ready.schedule.is_open_at(now),
        customer_deadline,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Weekday, WorkingHours},
        knowledge::default_policy,
    };

    #[test]
    fn follow_ups_before_a_deadline_lie_in_working_time_where_there_is_any() {
        let mut policy = default_policy();
        let days = Weekday::ALL[..5].to_vec();
        policy.working_hours = vec![WorkingHours { days, from_minute: 540, to_minute: 1_080 }];
        let minutes = DueTimes { respond_minutes: 60, resolve_minutes: 2_400, around_the_clock: false };
        policy.due_times = [(("im".to_owned(), Urgency::Important), minutes)].into();
        let at = |text: &str| {
            let moment: jiff::Timestamp = format!("{text}+08:00").parse().expect("a moment");
            Timestamp(moment.as_millisecond())
        };
        let check = |policy: &crate::domain::Policy, now: &str, deadline: &str, want: &str| {
            let ready = ReadyPolicy::try_new(policy.clone()).expect("a good policy");
            let customer_deadline = Some(at(deadline));
            let due = Due { channel: Channel::Im, urgency: Urgency::Important, customer_deadline, now: at(now) };
            let plan = follow_up(&ready, &due);
            assert_eq!((plan.follow_up_times, plan.resolve_by), (vec![at(want)], at(deadline)), "{now} to {deadline}");
        };
        // Answered on Friday at 17, half of the five hours of work that are left are over on Monday at half past ten.
        check(&policy, "2026-11-27T16:00", "2026-11-30T13:00", "2026-11-30T10:30");
        // Nobody works until then.
        check(&policy, "2026-11-27T17:00", "2026-11-28T18:00", "2026-11-28T06:00");
        let minutes = DueTimes { around_the_clock: true, ..minutes };
        policy.due_times = [(("im".to_owned(), Urgency::Important), minutes)].into();
        check(&policy, "2026-11-28T10:00", "2026-11-28T13:00", "2026-11-28T12:00");
    }
}
