//! Times in words, against a clock: 今晚八点前, 下周一, 月底前, 两小时内.
//!
//! A time is a stretch from its first moment to its last, in the zone of the policy: a day is its 24 hours, a clock time
//! one moment. A weekday is the next one, today counting; 这周五 and 下周五 are of this week and the next, which begin on
//! Monday. An hour without its half of the day is the next one that the clock will show; those of the night
//! after midnight belong to the evening before (今晚两点). Must not know why the time is
//! named. To add a form: a branch of the pattern and an arm of `day` or `length`.

use std::sync::LazyLock;

use jiff::{
    Span as TimeSpan, ToSpan, Zoned,
    civil::{Date, Weekday},
};
use regex::{Captures, Regex};

use super::{MAX_READ, festival};
use crate::{
    assist::schedule::Schedule,
    domain::{Span, Timestamp},
};

/// What stands after a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// 前, 之前.
    Before,
    /// 内, 之内; a stretch that begins now.
    Within,
    /// 后: at the end of a stretch that begins now, or what is left of it.
    Left,
    /// Nothing: on the day, at the hour.
    On,
}

/// A time in the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    pub span: Span,
    pub form: Form,
    pub from: Timestamp,
    pub to: Timestamp,
    /// How many days off the day is that is named; none where a stretch is.
    pub days_off: Option<i32>,
    /// Whether a day is named, not only an hour or a part of the day.
    pub is_dated: bool,
    /// Whether no day and no half of a day is named, only an hour.
    pub is_bare_hour: bool,
}

const NUMBER: &str = r"(?:\d{1,3}|[零〇一二两三四五六七八九十]{1,3})";
const PERIOD: &str = "凌晨|清晨|早晨|早上|一早|上午|中午|下午|傍晚|晚上|夜里|半夜|下班";

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    let units = "工作日|小时|钟头|分钟|天|日|周|星期|礼拜";
    let length = format!(
        "(?P<n>{NUMBER}|半)(?P<half>个半)?个?(?P<unit>{units})(?P<tail>之内|以内|内|之后|以后|后)|(?:还有|还剩|只剩下?|就剩|仅剩|不到)(?P<left>{NUMBER}|半)(?P<left_half>个半)?个?(?P<left_unit>{units})"
    );
    let day = "(?P<day>大后天|后[天日]|明[天日儿早晚]|今[天日儿早晚夜晨])";
    let week = "(?P<week>下下个?|下个?|这个?|本)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末])";
    let whole_week = "(?P<whole>这个?|本)(?:周|星期|礼拜)";
    let month = format!("(?P<month>{NUMBER})月(?:份)?(?P<mday>{NUMBER})[日号]");
    let month_end = "(?P<month_end>这个?|本|下个?)?月(?P<end>底|末|内)";
    let month_day = format!("(?P<day_of_month>{NUMBER})[日号]");
    let feast = format!("(?P<feast>{})", festival::NAMES.join("|"));
    let clock = format!(
        r"(?:(?P<hour>{NUMBER})点(?:(?P<minute>半|一刻|三刻|{NUMBER})分?)?(?:钟|整)?|(?P<hour2>[012]?\d):(?P<minute2>[0-5]\d))"
    );
    let date = format!("(?:{day}|{week}|{whole_week}|{month}|{month_end}|{month_day}|{feast})");
    let pattern = format!(
        "(?:{length}|{date}的?(?P<period>{PERIOD}|早|晚)?{clock}?|(?P<period2>{PERIOD}){clock2}?|(?P<period3>早|晚)?{clock3})(?P<before>之前|以前|前)?(?P<within>之内|以内|内)?",
        clock2 = clock.replace("hour", "p_hour").replace("minute", "p_minute"),
        clock3 = clock.replace("hour", "c_hour").replace("minute", "c_minute"),
    );
    Regex::new(&pattern).expect("the pattern is constant and tested")
});

/// Finds the times of a normalized text, from a byte on, that lie ahead.
pub(super) fn moments(text: &str, from: usize, schedule: &Schedule, now: Timestamp) -> Vec<Moment> {
    let clock = Clock { schedule, now, local: schedule.local(now) };
    let mut found = Vec::new();
    let mut at = from;
    // Most hits are times, so that twice as many tries find enough of them.
    for _ in 0..2 * MAX_READ {
        let Some(hit) = TIME.captures_at(text, at).filter(|_| found.len() < MAX_READ) else { break };
        let Some(whole) = hit.get(0) else { break };
        let span = Span::from(whole.range());
        at = span.end.max(at + 1);
        if stands_alone(text, span, &hit) {
            found.extend(clock.read(&hit, span).filter(|moment| moment.to > now));
        }
    }
    found
}

/// The present, as the wall clock shows it.
struct Clock<'a> {
    schedule: &'a Schedule,
    now: Timestamp,
    local: Zoned,
}

impl Clock<'_> {
    fn read(&self, hit: &Captures<'_>, span: Span) -> Option<Moment> {
        let has = |name: &str| hit.name(name).is_some();
        if has("unit") || has("left_unit") {
            return self.length(hit, span);
        }
        let is_before = has("before") || group(hit, &["feast"]) == Some("年前");
        let form = match (is_before, has("within")) {
            (true, _) => Form::Before,
            (_, true) => Form::Within,
            _ => Form::On,
        };
        let today = self.local.date();
        let named = self.day(hit);
        let is_dated = ["day", "weekday", "whole", "month", "end", "day_of_month", "feast"].into_iter().any(has);
        if is_dated && named.is_none() {
            return None;
        }
        let (first, last) = named.unwrap_or((today, today));
        let of_day = group(hit, &["day"]).and_then(day_period);
        let period = match group(hit, &["period", "period2", "period3"]) {
            // 今晚凌晨三点 is of the night that begins then.
            Some("凌晨") if of_day == Some("晚上") => Some("半夜"),
            period => period.or(of_day),
        };
        let hour = hour(hit);
        let is_bare_hour = !is_dated && period.is_none();
        let (from, to) = match hour {
            Some((hour, minute)) => {
                let at = self.at_clock(first, period, (hour, minute), is_dated)?;
                (at, at)
            }
            None => self.stretch(first, last, period)?,
        };
        // What is due by the end of a month or week is so until its last moment.
        let form = if form == Form::Before && has("end") { Form::Within } else { form };
        // A week that is running ends on its last day.
        let days_off = Some((if has("whole") { last } else { first } - today).get_days());
        Some(Moment { span, form, from, to, days_off, is_dated, is_bare_hour })
    }

    /// First and last day of what is named.
    fn day(&self, hit: &Captures<'_>) -> Option<(Date, Date)> {
        let today = self.local.date();
        let one = |date: Date| Some((date, date));
        if let Some(day) = hit.name("day") {
            let days = match day.as_str() {
                "大后天" => 3,
                day if day.starts_with('后') => 2,
                day if day.starts_with('明') => 1,
                _ => 0,
            };
            return one(today.checked_add(days.days()).ok()?);
        }
        if let Some(weekday) = hit.name("weekday") {
            return self.weekday(weekday.as_str(), hit.name("week").map(|week| week.as_str()));
        }
        if hit.name("whole").is_some() {
            return Some((today, monday(today)?.checked_add(6.days()).ok()?));
        }
        if let (Some(month), Some(day)) = (number(hit, "month"), number(hit, "mday")) {
            let this_year = Date::new(today.year(), i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
            return one(if this_year < today { this_year.checked_add(1.year()).ok()? } else { this_year });
        }
        if hit.name("end").is_some() {
            let is_next = hit.name("month_end").is_some_and(|which| which.as_str().starts_with('下'));
            let month = if is_next { today.checked_add(1.month()).ok()? } else { today };
            return one(month.last_of_month());
        }
        if let Some(day) = number(hit, "day_of_month") {
            let day = i8::try_from(day).ok()?;
            let this = Date::new(today.year(), today.month(), day).ok().filter(|date| *date >= today);
            let next = today.first_of_month().checked_add(1.month()).ok()?;
            return one(this.or_else(|| Date::new(next.year(), next.month(), day).ok())?);
        }
        one(festival::next(hit.name("feast")?.as_str(), today)?)
    }

    fn weekday(&self, name: &str, which: Option<&str>) -> Option<(Date, Date)> {
        let today = self.local.date();
        let offset = match name {
            "末" => 5,
            "日" | "天" => 6,
            day => i64::from(numeral(day)?) - 1,
        };
        let weeks = match which {
            Some(which) if which.starts_with("下下") => 2,
            Some(which) if which.starts_with('下') => 1,
            _ => 0,
        };
        let mut date = monday(today)?.checked_add((offset + 7 * weeks).days()).ok()?;
        let is_running_weekend = name == "末" && today.weekday() == Weekday::Sunday && weeks == 0;
        if which.is_none() && date < today && !is_running_weekend {
            date = date.checked_add(7.days()).ok()?;
        }
        let last = if name == "末" { date.tomorrow().ok()? } else { date };
        Some((date, last))
    }

    /// A length of time from now.
    fn length(&self, hit: &Captures<'_>, span: Span) -> Option<Moment> {
        // 两小时前 is past.
        if hit.name("before").is_some() {
            return None;
        }
        let is_within = group(hit, &["tail", "within"]).is_some_and(|tail| tail.ends_with('内'));
        let form = if is_within { Form::Within } else { Form::Left };
        let (number, unit) = (group(hit, &["n", "left"])?, group(hit, &["unit", "left_unit"])?);
        let is_half = number == "半";
        let minutes_each: i64 = match unit {
            "小时" | "钟头" => 60,
            "分钟" => 1,
            "天" | "日" => 1_440,
            "工作日" => 0,
            _ => 7 * 1_440,
        };
        let count = if is_half { 0 } else { i64::from(numeral(number)?) };
        let has_half = is_half || group(hit, &["half", "left_half"]).is_some();
        let half = if has_half { minutes_each / 2 } else { 0 };
        let to = if unit == "工作日" {
            self.schedule.after_working_days(self.now, u32::try_from(count).ok()?)
        } else {
            self.now.plus_minutes(count * minutes_each + half)
        };
        Some(Moment { span, form, from: to, to, days_off: None, is_dated: true, is_bare_hour: false })
    }

    fn at_clock(
        &self,
        date: Date,
        period: Option<&str>,
        (hour, minute): (u16, u16),
        is_dated: bool,
    ) -> Option<Timestamp> {
        if hour > 24 || minute > 59 {
            return None;
        }
        let at = |date: Date, hour: u16| self.schedule.moment(date, hour * 60 + minute);
        match period {
            Some("中午") => Some(at(date, if hour < 3 { hour + 12 } else { hour })),
            Some("下午" | "傍晚") => Some(at(date, if (1..12).contains(&hour) { hour + 12 } else { hour })),
            Some(period @ ("晚上" | "晚" | "夜里" | "半夜")) => {
                let last_small = if matches!(period, "夜里" | "半夜") { 6 } else { 4 };
                match hour {
                    // 今晚十二点 is when the day ends.
                    0 | 12 => Some(at(date, 24)),
                    // Said after midnight, the night is the one that is running.
                    small if small <= last_small => {
                        let is_running = date == self.local.date() && self.local.hour() < 6;
                        let running = Some(at(date, small)).filter(|at| is_running && *at > self.now);
                        running.or_else(|| Some(at(date.tomorrow().ok()?, small)))
                    }
                    hour if hour < 12 => Some(at(date, hour + 12)),
                    hour => Some(at(date, hour)),
                }
            }
            Some("凌晨" | "清晨" | "早晨" | "早上" | "一早" | "早") if !is_dated && at(date, hour) <= self.now => {
                Some(at(date.tomorrow().ok()?, hour))
            }
            Some(_) => Some(at(date, hour)),
            None if is_dated && date != self.local.date() => {
                // Before seven nobody means the morning without saying so.
                Some(at(date, if (1..7).contains(&hour) { hour + 12 } else { hour }))
            }
            None => {
                let tomorrow = date.tomorrow().ok()?;
                if hour == 0 {
                    return [at(date, 0), at(tomorrow, 0)].into_iter().find(|at| *at > self.now);
                }
                let later = if hour <= 12 { hour + 12 } else { hour };
                let coming = [at(date, hour), at(date, later), at(tomorrow, hour)];
                let num = if is_dated { 2 } else { 3 };
                coming[..num].iter().copied().find(|at| *at > self.now)
            }
        }
    }

    /// The hours of a day, or of a part of it.
    fn stretch(&self, first: Date, last: Date, period: Option<&str>) -> Option<(Timestamp, Timestamp)> {
        let (from, to) = match period {
            None => (0, 1_440),
            Some("凌晨" | "半夜") => (0, 360),
            Some("清晨" | "早晨" | "早上" | "早" | "一早") => (360, 540),
            Some("上午") => (540, 720),
            Some("中午") => (660, 780),
            Some("下午") => (780, 1_080),
            Some("下班") => {
                let closing = self.schedule.closing_minute(last).unwrap_or(1_440);
                (closing, closing)
            }
            Some(_) => (1_080, 1_440),
        };
        Some((self.schedule.moment(first, from), self.schedule.moment(last, to)))
    }
}

/// The part of the day that the name of a day holds: 今晚, 明早.
fn day_period(day: &str) -> Option<&'static str> {
    match day.chars().next_back()? {
        '早' | '晨' => Some("早上"),
        '晚' | '夜' => Some("晚上"),
        _ => None,
    }
}

fn monday(date: Date) -> Option<Date> {
    let days = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(TimeSpan::new().days(days)).ok()
}

fn group<'t>(hit: &Captures<'t>, names: &[&str]) -> Option<&'t str> {
    names.iter().find_map(|name| hit.name(name)).map(|found| found.as_str())
}

fn number(hit: &Captures<'_>, name: &str) -> Option<u16> {
    numeral(hit.name(name)?.as_str())
}

fn hour(hit: &Captures<'_>) -> Option<(u16, u16)> {
    let hour = numeral(group(hit, &["hour", "hour2", "p_hour", "p_hour2", "c_hour", "c_hour2"])?)?;
    let minute = match group(hit, &["minute", "minute2", "p_minute", "p_minute2", "c_minute", "c_minute2"]) {
        None => 0,
        Some("半") => 30,
        Some("一刻") => 15,
        Some("三刻") => 45,
        Some(minute) => numeral(minute)?,
    };
    Some((hour, minute))
}

/// Reads a number of at most two Chinese digits and 十, of Chinese digits alone, or an Arabic one; none where it is too large.
pub(super) fn numeral(text: &str) -> Option<u16> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let digit = |c: char| match c {
        '零' | '〇' => Some(0),
        '两' => Some(2),
        c => "一二三四五六七八九".chars().position(|known| known == c).and_then(|at| u16::try_from(at + 1).ok()),
    };
    let Some((tens, ones)) = text.split_once('十') else {
        return text.chars().try_fold(0, |number: u16, c| number.checked_mul(10)?.checked_add(digit(c)?));
    };
    let one = |part: &str| part.chars().next().map_or(Some(0), digit);
    let tens = if tens.is_empty() { 1 } else { one(tens)? };
    Some(tens * 10 + one(ones)?)
}

/// Numbers with 号 before these are of things, and so is 点 before these.
const NUMBERED: &str = "电线楼店门机库柜床房桌色球字链客车院码桶口仓馆厅窗线心评击赞餐名数";

/// Tells whether the hit is a time by what stands around it: not 便宜一点, 3号楼, 每周五, 第一天.
fn stands_alone(text: &str, span: Span, hit: &Captures<'_>) -> bool {
    let (before, after) = (&text[..span.start], &text[span.end..]);
    let starts_with_number = text[span.range()].starts_with(|c: char| c.is_ascii_digit() || is_numeral(c));
    let goes_on = starts_with_number
        && before.ends_with(|c: char| c.is_ascii_alphanumeric() || is_numeral(c) || ".-/:¥第几".contains(c));
    let recurs = before.ends_with(['每', '逢', '同'])
        || ["每个", "每月", "每天", "每周", "每年", "每次"].iter().any(|word| before.ends_with(word))
        || text[span.range()].starts_with(['周', '星', '礼']) && before.ends_with(is_numeral);
    let is_of_thing = after.starts_with(|c| NUMBERED.contains(c)) && text[span.range()].ends_with(['号', '点']);
    // 便宜一点, 说两点; but 两点要面试.
    let goes_to_event = after.starts_with(['要', '就', '的', '登', '开', '起', '截', '必', '得']);
    let is_bit = hit.name("c_hour").is_some_and(|hour| {
        let is_small = matches!(hour.as_str(), "一" | "两");
        is_small && hit.name("before").is_none() && hit.name("c_minute").is_none() && !goes_to_event
    });
    let is_month = hit.name("end").is_some_and(|end| end.as_str() == "内") && hit.name("month_end").is_none();
    // 五月底 is of a month that need not be this one.
    let is_other_month = hit.name("end").is_some() && before.ends_with(|c: char| c.is_ascii_digit() || is_numeral(c));
    !(goes_on || is_other_feast(before, after, hit) || recurs || is_of_thing || is_bit || is_month || is_other_month)
}

/// Tells whether the name of a feast is part of another word: 三年前, 半年前, 去年前三季度, 6180元.
fn is_other_feast(before: &str, after: &str, hit: &Captures<'_>) -> bool {
    match group(hit, &["feast"]) {
        Some("年前") => {
            before.ends_with(|c: char| c.is_ascii_digit() || is_numeral(c) || "几半多数去今明后前当每同第".contains(c))
        }
        Some("618") => after.starts_with(|c: char| c.is_ascii_digit() || ".元块号室房分".contains(c)),
        _ => false,
    }
}

fn is_numeral(c: char) -> bool {
    "零〇一二两三四五六七八九十百千".contains(c)
}
