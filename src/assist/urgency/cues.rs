//! The words that may belong to a signal, all found in one pass.
//!
//! Knows no grammar: what a word means where it stands is for the finders. To add a word: to its list, one space between
//! two.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use super::clause_around;
use crate::domain::Span;

/// What a word may be part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// A time: 今天, 周五, 点.
    Time,
    /// A use at a time: 急用, 要穿.
    Use,
    /// A must: 必须, 最晚.
    Must,
    /// What does not wait: 火车, 婚礼.
    Event,
    /// What ends: 截止, 过期.
    Expiry,
    /// An ultimatum: 再不, 限, 给个说法.
    Demand,
    /// What is asked for by a time: 寄到, 办好.
    Request,
    /// No hurry: 不急.
    Calm,
    /// It is over, not asked to be: 已经解决了.
    Settled,
    /// A count of times: 次, 遍.
    Count,
}

const TIME: &str = "\
    今天 今日 今儿 今早 今晚 今夜 今晨 明天 明日 明儿 明早 明晚 后天 后日 周一 周二 周三 周四 周五 周六 \
    周日 周天 周末 星期 礼拜 本周 这周 这个周 下周 月底 月末 月内 号 日 点 天内 天之内 天以内 周内 周之内 周以内 小时 钟头 \
    分钟 国庆 春节 过年 年前 除夕 元旦 五一 端午 中秋 圣诞 双十一 双11 双12 双十二 618 情人节 马上 立刻 \
    现在 这就 0: 1: 2: 3: 4: 5: 6: 7: 8: 9: 凌晨 清晨 早晨 早上 上午 中午 下午 傍晚 晚上 \
    夜里 半夜 下班 最后一天";

const USE: &str = "\
    急用 等用 等着用 要用 得用 用得上 急需 急着用 急着要 要穿 等着穿 要吃 得吃 要打针 要喝 要交 得交 \
    要还 要打给 要看 要戴 要赶 赶着 要发 要考 要报 要上传 要装 要摆 要送 要带 要寄 要上课 要上台 \
    要上火车 要上飞机 要上船 要走 要出 要去 要开 要回 要票 要搬 要住 要拆 要补 要入账 要面签 要签 要订 \
    要复查 要验 要拿 要参加 要提交 要生 急要 着急要 等米下锅";

const MUST: &str = "\
    必须 必需 务必 一定要 一定得 无论如何 说什么也 最晚 最迟 不能再拖 不能再等 得弄好 得办好 得装好 \
    得送到 得拿到 得处理 千万要 非得 怎么也得 怎么都得";

const EVENT: &str = "\
    火车 高铁 动车 航班 飞机 起飞 登机 发车 开车 开船 关舱门 出发 动身 启程 出差 出国 出境 考试 高考 \
    中考 考研 期末考 开考 面试 答辩 婚礼 结婚 办酒 婚宴 接亲 手术 开刀 开业 开张 开席 寿宴 生日宴 生日会 \
    满月酒 毕业典礼 比赛 演出 投标 开标 截标 封标 开庭 签约 面签 报名 报道 报到 开学 入职 交房 交接 审计 \
    汇报 出殡 追悼会 入住 出院 住院 签证 出摊 直播 上台 开会 路演 展会 论坛 彩排 旅游 旅行 爬山 露营 \
    春游 秋游";

const EXPIRY: &str = "\
    截止 截至 到期 过期 作废 失效 清零 关账 关帐 关闭 关门 关窗 最后一天 最后期限 还款日 扣款 断供 停发 \
    停电 停水 停机 就没了 就结束 就关了 出库 开机了 上征信 逾期";

const DEMAND: &str = "\
    再不 如果不 要是不 若不 若仍 若未 仍不 还不给 限你 限贵 限今 限本 限三 限两 限一 限二 限四 限五 限七 \
    限十 限期 限于 限在 请于 请在 否则 不然 要求 给个说法 给说法 给我说法 给句话 给个准信 给个答复 \
    给我答复 给答复 给个交代 给个结果 没结果 不给 不退 不解决 不处理 不回复 不答复 不赔 不修 不恢复 \
    不到账 不撤 不解 不改结论 不联系 书面答复 书面回复 回我电话 给我回电 内回复 内答复 内处理 内解决 \
    前回复 前答复 前解决 前处理 内给我 前给我 内恢复 前退 内退还 内退款 之内给";

const REQUEST: &str = "\
    给我 给到 寄到 寄出 送到 送达 到货 到账 到手 拿到 收到 办好 办下来 办完 弄好 搞定 处理 修好 装好 \
    装上 开好 开出来 开给 开一下 补 改 换 报销 报账 认证 抵扣 入账 交材料 能到 能出 能开 赶上 解决 \
    定下来 发出 发货 送 到 来";

const CALM: &str = "\
    不急 不着急 不太急 不是很急 不算急 不是急用 没那么急 不用急 不用着急 不赶时间 不赶 慢慢来 有空再 \
    有空回 得空再 方便的时候 方便时 不勉强 不用马上 不用今天 不必今天 不用赶";

/// What holds a word of no hurry and means the opposite.
const HURRY: &str = "能不急 你们不急 你不急 不急不行 不急才怪 怎么不急 不急是假 能不着急 你们不着急 \
    怎么还不急 怎么还不着急 急不急 等不急 不赶紧 不赶快 不赶趟 不赶在 赶不赶 不赶不行";

const SETTLED: &str = "\
    已经解决了 已解决 已经处理好 已处理好 终于解决 问题解决了 都解决了 已经修好 已修好 已经好了 搞定了 \
    解决好了 已经办好 已经退了 虚惊一场";

/// What holds a word of settlement and means the opposite.
const UNSETTLED: &str = "\
    已经解决了吗 问题解决了吗 都解决了吗 已经好了吗 搞定了吗 搞定了没 说已解决 显示已解决 写已解决 \
    标记已解决 说已经解决了 说已经处理好 说已处理好 说已经修好 说已修好 说问题解决了 说已经退了";

const COUNT: &str = "次 遍 回 趟 通 个电话 通电话";

/// What makes a request of a word of settlement that does not say 已 itself: 八点前搞定了, 什么时候能都解决了.
const REQUESTING: &[&str] = &["前", "内", "什么时候", "能", "没"];

/// What makes a request of any word of settlement.
const COMMANDING: &[&str] = &["必须", "给我", "把"];

/// How far ahead such words stand, in characters.
const REQUEST_REACH: usize = 6;

static WORDS: LazyLock<Words> = LazyLock::new(Words::build);

struct Words {
    automaton: AhoCorasick,
    /// For each word what it is; none in what means the opposite.
    cues: Vec<Option<Cue>>,
}

impl Words {
    fn build() -> Self {
        let lists = [
            (TIME, Some(Cue::Time)),
            (USE, Some(Cue::Use)),
            (MUST, Some(Cue::Must)),
            (EVENT, Some(Cue::Event)),
            (EXPIRY, Some(Cue::Expiry)),
            (DEMAND, Some(Cue::Demand)),
            (REQUEST, Some(Cue::Request)),
            (CALM, Some(Cue::Calm)),
            (HURRY, None),
            (SETTLED, Some(Cue::Settled)),
            (UNSETTLED, None),
            (COUNT, Some(Cue::Count)),
        ];
        let words = lists.iter().flat_map(|(words, cue)| words.split(' ').map(move |word| (word, *cue)));
        let (patterns, cues): (Vec<&str>, Vec<_>) = words.unzip();
        // The lists are small enough for the fastest kind of automaton.
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostLongest).kind(Some(AhoCorasickKind::DFA));
        Self { automaton: builder.build(patterns).expect("the lists are constant and small"), cues }
    }
}

/// The words found, in order.
pub(super) struct Found {
    hits: Vec<(Cue, Span)>,
    seen: u16,
}

impl Found {
    /// Tells whether such a word is there.
    pub(super) fn has(&self, cue: Cue) -> bool {
        self.seen & bit(cue) != 0
    }

    /// Lists where such words stand.
    pub(super) fn of(&self, cue: Cue) -> impl Iterator<Item = Span> + '_ {
        self.hits.iter().filter(move |hit| hit.0 == cue).map(|hit| hit.1)
    }

    /// Lists every word within a span.
    pub(super) fn within(&self, span: Span) -> impl Iterator<Item = (Cue, Span)> + '_ {
        self.hits.iter().copied().filter(move |hit| span.contains(hit.1))
    }
}

/// Finds the words of a normalized text.
pub(super) fn find(text: &str) -> Found {
    let words = &*WORDS;
    let mut found = Found { hits: Vec::new(), seen: 0 };
    let mut at = 0;
    while let Some(hit) = words.automaton.find(Input::new(text).range(at..)) {
        let mut span = Span::from(hit.range());
        let mut cue = words.cues[hit.pattern().as_usize()];
        match cue {
            // What follows may be the time itself: 限今晚之前.
            Some(Cue::Demand) if text[span.range()].starts_with('限') => span.end = span.start + '限'.len_utf8(),
            Some(Cue::Settled) if is_requested(text, span) => cue = Some(Cue::Request),
            _ => {}
        }
        at = span.end;
        if let Some(cue) = cue {
            found.hits.push((cue, span));
            found.seen |= bit(cue);
        }
    }
    found
}

/// Tells whether what a word of settlement says is asked for rather than told: 必须给我搞定了.
fn is_requested(text: &str, span: Span) -> bool {
    let clause = clause_around(text, span);
    let ahead = &text[clause.start..span.start];
    let from = ahead.char_indices().rev().nth(REQUEST_REACH - 1).map_or(0, |(at, _)| at);
    let ahead = &ahead[from..];
    // 以前漏电的问题 is what is settled, not by when.
    let near = ahead.rsplit('的').next().unwrap_or(ahead);
    let has = |ahead: &str, words: &[&str]| words.iter().any(|word| ahead.contains(word));
    let is_told = text[span.range()].starts_with(['已', '终', '虚']);
    has(ahead, COMMANDING) || !is_told && has(near, REQUESTING)
}

fn bit(cue: Cue) -> u16 {
    1 << cue as u16
}
