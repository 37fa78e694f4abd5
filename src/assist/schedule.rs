//! Working time: due times in the policy's zone, hours and calendar. Pure; the present moment is passed in.

use std::{collections::HashMap, sync::Arc};

use jiff::{Span as TimeSpan, civil::Date, tz::TimeZone};
use thiserror::Error;

use crate::domain::{CalendarDay, DayKind, Timestamp, Weekday, WorkingHours};

/// How far ahead working time is looked for before it is taken as never coming.
const HORIZON_DAYS: usize = 400;

/// A policy whose times make no sense.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ScheduleError {
    #[error("time_zone {0:?} is not an IANA time zone name, such as Asia/Shanghai")]
    UnknownZone(String),
    #[error("calendar date {0:?} is not YYYY-MM-DD")]
    BadDate(String),
    #[error("working hours from minute {from} to {to}: from must be before to, and to at most 1440")]
    BadHours { from: u16, to: u16 },
}

/// When a team works.
#[derive(Clone, Debug)]
pub struct Schedule {
    zone: TimeZone,
    /// Sorted spans of minutes for each weekday, Monday first.
    hours: [Vec<(u16, u16)>; 7],
    days: Arc<HashMap<Date, DayKind>>,
}

impl Schedule {
    /// Checks zone, hours and calendar; no working hours at all means around the clock.
    pub fn try_new(zone: &str, hours: &[WorkingHours], calendar: &[CalendarDay]) -> Result<Self, ScheduleError> {
        let zone = TimeZone::get(zone).map_err(|_| ScheduleError::UnknownZone(zone.to_owned()))?;
        let mut by_day: [Vec<(u16, u16)>; 7] = Default::default();
        for span in hours {
            if span.from_minute >= span.to_minute || span.to_minute > 1440 {
                return Err(ScheduleError::BadHours { from: span.from_minute, to: span.to_minute });
            }
            for day in &span.days {
                by_day[*day as usize].push((span.from_minute, span.to_minute));
            }
        }
        if hours.is_empty() {
            by_day.fill(vec![(0, 1440)]);
        }
        by_day.iter_mut().for_each(|spans| *spans = merged(std::mem::take(spans)));
        let mut days = HashMap::new();
        for day in calendar {
            let date: Date = day.date.parse().map_err(|_| ScheduleError::BadDate(day.date.clone()))?;
            days.insert(date, day.kind);
        }
        Ok(Self { zone, hours: by_day, days: Arc::new(days) })
    }

    /// Tells whether somebody works at the moment.
    pub fn is_open_at(&self, at: Timestamp) -> bool {
        let zoned = self.local(at);
        let minute = u16::try_from(i32::from(zoned.hour()) * 60 + i32::from(zoned.minute())).unwrap_or(0);
        self.spans_of(zoned.date()).iter().any(|(from, to)| (*from..*to).contains(&minute))
    }

    /// Returns the moment at which `minutes` of working time have passed since `from`. Where no working time comes
    /// within 400 days, the minutes are counted around the clock.
    pub fn after_working_minutes(&self, from: Timestamp, minutes: u32) -> Timestamp {
        self.after_open_ms(from, i64::from(minutes) * 60_000)
    }

    /// As [`after_working_minutes`](Self::after_working_minutes), in milliseconds.
    pub(super) fn after_open_ms(&self, from: Timestamp, open_ms: i64) -> Timestamp {
        let mut left_ms = open_ms;
        let mut date = self.local(from).date();
        for _ in 0..HORIZON_DAYS {
            for (start, end) in self.spans_of(date) {
                let (start, end) = (self.moment(date, *start).max(from), self.moment(date, *end));
                let open_ms = end.0 - start.0;
                if open_ms <= 0 {
                    continue;
                }
                if left_ms <= open_ms {
                    return Timestamp(start.0 + left_ms);
                }
                left_ms -= open_ms;
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        Timestamp(from.0 + open_ms)
    }

    /// Counts the working time between two moments, in milliseconds.
    pub(super) fn open_ms(&self, from: Timestamp, to: Timestamp) -> i64 {
        let mut date = self.local(from).date();
        let last = self.local(to).date();
        let mut sum = 0;
        for _ in 0..HORIZON_DAYS {
            let spans = self.spans_of(date).iter();
            let open =
                spans.map(|(start, end)| self.moment(date, *end).min(to).0 - self.moment(date, *start).max(from).0);
            sum += open.map(|ms| ms.max(0)).sum::<i64>();
            match date.tomorrow() {
                Ok(next) if date < last => date = next,
                _ => break,
            }
        }
        sum
    }

    /// Writes a moment as customers read it: 今天18:00, 明天09:30, 11月23日10:00.
    pub fn describe(&self, at: Timestamp, now: Timestamp) -> String {
        let (at, now) = (self.local(at), self.local(now));
        let days = (at.date() - now.date()).get_days();
        let day = match days {
            0 => "今天".to_owned(),
            1 => "明天".to_owned(),
            _ => format!("{}月{}日", at.month(), at.day()),
        };
        format!("{day}{:02}:{:02}", at.hour(), at.minute())
    }

    /// Returns the moment at which the last of `days` worked days after the present one ends; today counts for none.
    pub(super) fn after_working_days(&self, from: Timestamp, days: u32) -> Timestamp {
        let mut date = self.local(from).date();
        let mut left = days;
        for _ in 0..HORIZON_DAYS {
            if left == 0 {
                break;
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
            left -= u32::from(!self.spans_of(date).is_empty());
        }
        self.moment(date, self.closing_minute(date).unwrap_or(1_440))
    }

    /// Returns the minute at which work ends on the day; none where nobody works.
    pub(super) fn closing_minute(&self, date: Date) -> Option<u16> {
        self.spans_of(date).last().map(|(_, to)| *to)
    }

    /// Returns the moment as the wall clock shows it.
    pub(super) fn local(&self, at: Timestamp) -> jiff::Zoned {
        let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        moment.to_zoned(self.zone.clone())
    }

    fn spans_of(&self, date: Date) -> &[(u16, u16)] {
        match self.days.get(&date) {
            Some(DayKind::Holiday) => &[],
            Some(DayKind::Workday) => &self.hours[Weekday::Mon as usize],
            None => &self.hours[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())],
        }
    }

    /// Returns the moment at `minute` after midnight; 1,440 is the next midnight.
    pub(super) fn moment(&self, date: Date, minute: u16) -> Timestamp {
        let midnight = date.at(0, 0, 0, 0);
        let local = midnight.checked_add(TimeSpan::new().minutes(i64::from(minute))).unwrap_or(midnight);
        let zoned = local.to_zoned(self.zone.clone());
        zoned.map_or(Timestamp(0), |moment| Timestamp(moment.timestamp().as_millisecond()))
    }
}

fn merged(mut spans: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    spans.sort_unstable();
    let mut merged: Vec<(u16, u16)> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> Schedule {
        let weekdays = Weekday::ALL[..5].to_vec();
        let hours = [
            WorkingHours { days: weekdays.clone(), from_minute: 540, to_minute: 720 },
            WorkingHours { days: weekdays, from_minute: 780, to_minute: 1080 },
        ];
        let day = |date: &str, kind| CalendarDay { date: date.to_owned(), kind, name: String::new() };
        let calendar = [
            day("2026-10-01", DayKind::Holiday),
            day("2026-10-02", DayKind::Holiday),
            day("2026-10-10", DayKind::Workday),
        ];
        Schedule::try_new("Asia/Shanghai", &hours, &calendar).expect("a good schedule")
    }

    fn at(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = format!("{text}+08:00").parse().expect("a moment");
        Timestamp(moment.as_millisecond())
    }

    #[test]
    fn working_minutes_skip_nights_lunch_and_holidays() {
        let check = |from: &str, minutes: u32, want: &str| {
            assert_eq!(office().after_working_minutes(at(from), minutes), at(want), "{from} + {minutes}");
        };
        check("2026-11-23T10:00:00", 30, "2026-11-23T10:30:00");
        check("2026-11-23T11:50:00", 30, "2026-11-23T13:20:00");
        check("2026-11-23T17:50:00", 30, "2026-11-24T09:20:00");
        check("2026-11-20T17:50:00", 30, "2026-11-23T09:20:00");
        check("2026-11-21T12:00:00", 30, "2026-11-23T09:30:00");
        // Thursday and Friday are holidays; the weekend follows.
        check("2026-09-30T17:50:00", 30, "2026-10-05T09:20:00");
        // A Saturday worked in exchange.
        check("2026-10-09T17:50:00", 30, "2026-10-10T09:20:00");
    }

    #[test]
    fn working_time_between_moments_is_counted() {
        let check = |from: &str, to: &str, minutes: i64| {
            assert_eq!(office().open_ms(at(from), at(to)), minutes * 60_000, "{from} to {to}");
        };
        check("2026-11-25T10:00", "2026-11-25T11:30", 90);
        check("2026-11-25T11:00", "2026-11-25T14:00", 120);
        check("2026-11-25T17:00", "2026-11-26T10:00", 120);
        check("2026-11-27T18:00", "2026-11-30T00:00", 0);
        check("2026-09-30T17:00", "2026-10-03T12:00", 60);
        check("2026-11-25T11:00", "2026-11-25T10:00", 0);
    }

    #[test]
    fn open_hours_are_half_open_and_follow_the_calendar() {
        let check = |moment: &str, want: bool| assert_eq!(office().is_open_at(at(moment)), want, "{moment}");
        check("2026-11-23T09:00:00", true);
        check("2026-11-23T12:00:00", false);
        check("2026-11-23T18:00:00", false);
        check("2026-11-22T10:00:00", false);
        check("2026-10-01T10:00:00", false);
        check("2026-10-10T10:00:00", true);
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        assert_eq!(
            Schedule::try_new("Mars/Base", &[], &[]).err(),
            Some(ScheduleError::UnknownZone("Mars/Base".to_owned()))
        );
        let hours = [WorkingHours { days: vec![Weekday::Mon], from_minute: 600, to_minute: 600 }];
        assert!(Schedule::try_new("Asia/Shanghai", &hours, &[]).is_err());
    }

    #[test]
    fn moments_read_as_people_say_them() {
        let now = at("2026-11-23T10:00:00");
        let check = |moment: &str, want: &str| assert_eq!(office().describe(at(moment), now), want);
        check("2026-11-23T18:00:00", "今天18:00");
        check("2026-11-24T09:05:00", "明天09:05");
        check("2026-12-01T09:00:00", "12月1日09:00");
    }
}
