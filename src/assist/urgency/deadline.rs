//! What the customer needs by a moment.
//!
//! A time alone is a mention (今天买的, 明天能到吗); it is a deadline where the same clause says what for: a use, a must, an
//! event that does not wait, an end, an ultimatum. A wish (希望今天送到) and a promise of ours (说好今天送到) are none. Within
//! a day it is urgent, within two weeks important, further off nothing. Must not know rules. To add a reason: a word in
//! `cues`, or an arm of `reason`.

use super::{
    Bare, Case, MAX_READ, clause_around,
    cues::{Cue, Found},
    gap,
    hypothetical::is_taken_back,
    moment::{Form, Moment, moments},
};
use crate::{
    assist::message::Message,
    domain::{SignalKind, Span, Timestamp, Urgency},
    text::negated,
};

const DAY_MS: i64 = 24 * 60 * 60_000;
/// Two weeks: as far as 下周日 may be.
const FAR_MS: i64 = 14 * DAY_MS;

/// How far a word may stand from the time it belongs to, in characters.
const NEAR: usize = 10;
/// How far an event may stand behind it.
const EVENT_NEAR: usize = 12;

/// What makes of a clause a question about the time.
const ASKING: &[&str] = &[
    "吗",
    "么?",
    "嘛?",
    "是不是",
    "还是",
    "几点",
    "几号",
    "哪天",
    "哪一天",
    "什么时候",
    "啥时候",
    "多久",
    "多少",
    "能不能",
    "可不可以",
    "会不会",
    "是否",
    "有没有",
    "要不要",
];

const WISHES: &[&str] = &["希望", "最好", "尽量", "可以的话", "但愿", "想要在", "争取", "要是能", "如果能", "如果可以"];

/// What tells of a promise, of a plan that was, or of others' words.
const PROMISES: &[&str] = &[
    "承诺",
    "答应",
    "原定",
    "原本",
    "本来",
    "本该",
    "约好",
    "约的",
    "约了",
    "保证",
    "宣传",
    "写着",
    "写的",
    "显示",
    "告诉我",
    "预计",
    "说",
    "讲",
    "昨天",
    "前天",
    "上周",
    "上个月",
    "去年",
    "以前",
    "规定",
    "每次",
    "上次",
];

/// What tells that an event lies behind: 今天面试又黄了.
const PAST: &[&str] = &["了", "过", "回来", "完"];
const COMING: &[&str] = &["要", "就", "快", "马上", "得", "来不及", "赶", "不了", "还没", "怎么办"];

/// What tells that somebody else says so, or that it lies behind or far off.
const TOLD: &[&str] = &["说", "讲", "刚", "已", "才", "不", "没"];

/// Events that have an hour of their own.
const SCHEDULED: &[&str] =
    &["登机", "起飞", "发车", "开车", "开船", "开席", "截标", "开标", "封标", "开庭", "关舱门", "开考"];

/// What an event is only named for: 火车票, 航班动态.
const NAMES: &[&str] =
    &["票", "晚点", "延误", "动态", "改签费", "退票费", "费", "险", "公司", "照片", "通知书", "站", "模式", "餐"];

/// Uses that press by themselves.
const PRESSING: &[&str] = &["急用", "等用", "等着用", "要用", "得用", "急需", "急着用", "急着要", "等着穿"];

/// What says that it is now, before 要 or the event itself.
const AT_ONCE: &[&str] = &["马上", "立刻", "现在", "这就", "眼看", "眼瞅着"];

/// Lists the deadlines of a message.
pub(super) fn deadlines(case: &Case<'_>, found: &Found) -> Vec<Bare> {
    let has_reason = [Cue::Use, Cue::Must, Cue::Event, Cue::Expiry, Cue::Demand].into_iter().any(|cue| found.has(cue));
    let text = case.message.text();
    let may_be = has_reason || found.has(Cue::Request) && text.contains('前');
    let Some(first) = found.of(Cue::Time).next().filter(|_| may_be) else { return Vec::new() };
    let reader = Reader { message: case.message, found, text };
    // Reading times is dear: no clause before the first word of time holds one.
    let times = moments(text, clause_around(text, first).start, case.schedule, case.now);
    let mut deadlines: Vec<Bare> =
        times.iter().filter_map(|time| bare(time, &reader.reason(time)?, case.now)).collect();
    deadlines.extend(reader.at_once());
    deadlines
}

/// Why a time is a deadline.
struct Reason {
    span: Span,
    /// Needed from the first moment on, not by the last.
    from_start: bool,
    /// Asked for rather than said to be needed: important at most.
    is_soft: bool,
    /// What ends on a day goes on until its end: 明天到期 is not within a day in the morning.
    is_end: bool,
}

fn bare(time: &Moment, reason: &Reason, now: Timestamp) -> Option<Bare> {
    let is_early = reason.from_start && time.form != Form::Within || time.form == Form::Before;
    let at = if is_early && time.from > now { time.from } else { time.to };
    let left_ms = at.0 - now.0;
    // 明天要用 is said of tomorrow, whatever the hour.
    let is_by_tomorrow = !reason.is_end && time.form != Form::Before && time.days_off.is_some_and(|days| days <= 1);
    let level = if left_ms > FAR_MS {
        return None;
    } else if !reason.is_soft && (left_ms <= DAY_MS || is_by_tomorrow) {
        Urgency::Urgent
    } else {
        Urgency::Important
    };
    let span = Span::new(time.span.start.min(reason.span.start), time.span.end.max(reason.span.end));
    Some(Bare { deadline: Some(at), ..Bare::new(SignalKind::Deadline, span, level) })
}

struct Reader<'a> {
    message: &'a Message,
    found: &'a Found,
    text: &'a str,
}

impl Reader<'_> {
    /// Says why the customer needs it by the time; none where it is only named.
    fn reason(&self, time: &Moment) -> Option<Reason> {
        let clause = clause_around(self.text, time.span);
        let words = &self.text[clause.range()];
        let before = &self.text[clause.start..time.span.start];
        if contains_any(before, PROMISES) || contains_any(words, WISHES) || before.ends_with('从') {
            return None;
        }
        let asks = is_question(self.text, clause);
        let near = |cue: Cue, max_chars: usize| {
            let mut hits = self.found.within(clause).filter(move |hit| hit.0 == cue).map(|hit| hit.1);
            hits.find(|hit| !hit.overlaps(time.span) && gap(self.text, *hit, time.span) <= max_chars)
        };
        // 不必周五前到 denies, 再缴不上就停水 does not.
        let stands = |span: &Span| {
            let negations = &self.message.negations;
            !negated(negations, *span) || !is_taken_back(self.text, negations, *span)
        };
        let because = |span: Span, from_start: bool| Reason { span, from_start, is_soft: false, is_end: false };
        let is_pressing = |span: &Span| self.text[span.range()].contains(['急', '等', '赶']);
        if let Some(hit) = near(Cue::Use, NEAR).filter(stands).filter(|hit| !asks || is_pressing(hit)) {
            return Some(because(hit, true));
        }
        if let Some(hit) = self.event(time, clause).filter(stands) {
            return Some(because(hit, true));
        }
        if let Some(hit) = near(Cue::Must, NEAR).filter(stands).filter(|_| !asks) {
            return Some(because(hit, false));
        }
        let may_end = !asks && time.form != Form::Within && time.is_dated;
        if let Some(hit) = near(Cue::Expiry, NEAR).filter(stands).filter(|_| may_end) {
            return Some(Reason { is_end: true, ..because(hit, false) });
        }
        if let Some(hit) = self.demand(time, clause).filter(|_| !asks) {
            return Some(because(hit, false));
        }
        // 周五前寄给我 names a time that counts, 周五寄出 tells of one.
        let hit = near(Cue::Request, NEAR).filter(|_| time.form == Form::Before).filter(stands)?;
        Some(Reason { is_soft: asks, ..because(hit, false) })
    }

    /// An event behind the time that lies ahead: 四点的火车, 周六婚礼要穿.
    fn event(&self, time: &Moment, clause: Span) -> Option<Span> {
        let max_chars = if time.is_dated { EVENT_NEAR } else { 4 };
        let mut hits = self.found.within(clause).filter(|hit| hit.0 == Cue::Event).map(|hit| hit.1);
        let hit = hits.find(|hit| hit.start >= time.span.end && gap(self.text, *hit, time.span) <= max_chars)?;
        let after = &self.text[hit.end..clause.end];
        let between = &self.text[time.span.end..hit.start];
        let is_named = NAMES.iter().any(|name| after.starts_with(name)) && !after.contains("要");
        let is_told = contains_any(between, TOLD);
        let is_past = contains_any(after, PAST) && !contains_any(after, COMING) && !contains_any(between, COMING);
        // 九点开会 is of any day, 九点的火车 and 九点要开会 of this one.
        let is_of_any_day = time.is_bare_hour
            && !between.contains(['的', '要', '就', '得'])
            && !SCHEDULED.contains(&&self.text[hit.range()]);
        let is_asked = is_question(self.text, clause)
            && !between.contains('要')
            && time.form == Form::On
            && time.days_off.is_some()
            && !between.starts_with('的');
        (!is_named && !is_told && !is_past && !is_of_any_day && !is_asked).then_some(hit)
    }

    /// An ultimatum in the clause of the time or right behind it: 三天内不退款, 限本周内, 今天不给说法.
    fn demand(&self, time: &Moment, clause: Span) -> Option<Span> {
        let is_by = matches!(time.form, Form::Within | Form::Before) || time.days_off == Some(0);
        let hit = self.found.within(clause).find(|hit| hit.0 == Cue::Demand).map(|hit| hit.1)?;
        (is_by && gap(self.text, hit, time.span) <= NEAR).then_some(hit)
    }

    /// What happens right now: 马上要登机了, 现在急用.
    fn at_once(&self) -> Option<Bare> {
        let is_near = |hit: &Span| {
            let before = &self.text[..hit.start];
            let bare = before.trim_end_matches(['要', '就', '得']);
            let is_coming = bare.len() < before.len() || self.text[hit.range()].contains(['要', '急', '等']);
            is_coming && AT_ONCE.iter().any(|word| bare.ends_with(word))
        };
        let uses = self.found.of(Cue::Use).filter(|hit| PRESSING.contains(&&self.text[hit.range()]));
        let hits = self.found.of(Cue::Event).chain(uses).filter(is_near).take(MAX_READ);
        let mut said = hits.filter(|hit| {
            let clause = clause_around(self.text, *hit);
            let after = &self.text[hit.end..clause.end];
            let is_named = NAMES.iter().any(|name| after.starts_with(name));
            !is_named && !is_question(self.text, clause) && !negated(&self.message.negations, *hit)
        });
        said.next().map(|hit| Bare::new(SignalKind::Deadline, hit, Urgency::Urgent))
    }
}

fn contains_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn is_question(text: &str, clause: Span) -> bool {
    let words = &text[clause.range()];
    let is_marked = text[clause.end..].starts_with('?');
    is_marked && !words.ends_with('了') || contains_any(words, ASKING) || words.ends_with(['不', '没', '么', '呢'])
}
