use std::{cell::RefCell, fmt::Debug};

use super::*;
use crate::{
    assist::{Rules, parse_rules},
    domain::Speaker,
};

use SignalKind::{AccountAtRisk, Deadline, LegalOrMediaThreat, MoneyAtRisk, RepeatContact, Safety, ServiceDown};
use Urgency::{Important, Urgent};

mod clocks;
mod edges;

/// A Wednesday morning in Shanghai.
const WEDNESDAY: &str = "2026-11-25T10:00";

/// A table shows all its failures at once.
struct Desk {
    failures: RefCell<Vec<String>>,
    rules: Rules,
    schedule: Schedule,
    policy: UrgencyPolicy,
    zone: &'static str,
    /// How probable the type is.
    certainty: f32,
}

impl Desk {
    fn open() -> Self {
        Self::in_zone("Asia/Shanghai")
    }

    fn in_zone(zone: &'static str) -> Self {
        let json = include_str!("../../../data/rules/base.json");
        let rules = Rules::compile(parse_rules(json).expect("rules of the known form")).expect("rules that compile");
        let weekdays = crate::domain::Weekday::ALL[..5].to_vec();
        let hours = [crate::domain::WorkingHours { days: weekdays, from_minute: 540, to_minute: 1_080 }];
        let schedule = Schedule::try_new(zone, &hours, &[]).expect("a good schedule");
        Self { failures: RefCell::default(), rules, schedule, policy: UrgencyPolicy::default(), zone, certainty: 1.0 }
    }

    fn at(&self, wall: &str) -> Timestamp {
        let date: jiff::civil::DateTime = format!("{wall}:00").parse().expect("a wall clock");
        Timestamp(date.in_tz(self.zone).expect("a zone").timestamp().as_millisecond())
    }

    fn wall(&self, at: Timestamp) -> String {
        self.schedule.local(at).strftime("%Y-%m-%dT%H:%M").to_string()
    }

    fn signals(&self, now: &str, kind: InquiryType, history: &[Turn], text: &str) -> Vec<UrgencySignal> {
        self.signals_at(self.at(now), kind, history, text)
    }

    fn signals_at(&self, now: Timestamp, kind: InquiryType, history: &[Turn], text: &str) -> Vec<UrgencySignal> {
        let message = Message::read(text);
        let fired = self.rules.evaluate(message.text(), &message.negations);
        let case = Case {
            original: text,
            message: &message,
            fired: &fired,
            head: &[(Urgency::Normal, 1.0), (Important, 0.0), (Urgent, 0.0)],
            kind: (kind, self.certainty),
            schedule: &self.schedule,
            policy: &self.policy,
            history,
            now,
        };
        assess(&case).signals
    }

    /// The heaviest level of each kind, in the order of kinds.
    fn levels(&self, now: &str, kind: InquiryType, text: &str) -> Vec<(SignalKind, Urgency)> {
        let mut levels = std::collections::BTreeMap::new();
        for signal in self.signals(now, kind, &[], text) {
            assert!(text.get(signal.span.range()).is_some_and(|part| !part.is_empty()), "{text}: {signal:?}");
            let level = levels.entry(signal.kind).or_insert(signal.level);
            *level = signal.level.max(*level);
        }
        levels.into_iter().collect()
    }

    fn compare<T: Debug + PartialEq>(&self, text: &str, found: &T, want: &T) {
        if found != want {
            self.failures.borrow_mut().push(format!("{text}: {found:?}, not {want:?}"));
        }
    }

    fn check(&self, text: &str, want: &[(SignalKind, Urgency)]) {
        self.compare(text, &self.levels(WEDNESDAY, InquiryType::Consultation, text), &want.to_vec());
    }

    /// The level of one kind.
    fn check_kind(&self, text: &str, kind: SignalKind, want: Option<Urgency>) {
        let levels = self.levels(WEDNESDAY, InquiryType::Consultation, text);
        let found = levels.iter().find(|found| found.0 == kind).map(|found| found.1);
        self.compare(text, &found, &want);
    }

    fn check_deadline(&self, now: &str, text: &str, want: Option<(&str, Urgency)>) {
        let signals = self.signals(now, InquiryType::Consultation, &[], text);
        let deadlines = signals.iter().filter(|signal| signal.deadline.is_some());
        let first = deadlines.min_by_key(|signal| signal.deadline);
        let found = first.and_then(|signal| Some((self.wall(signal.deadline?), signal.level)));
        self.compare(&format!("{text} at {now}"), &found, &want.map(|(at, level)| (at.to_owned(), level)));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let failures = self.failures.borrow();
        assert!(std::thread::panicking() || failures.is_empty(), "{}", failures.join("\n"));
    }
}

#[test]
fn danger_that_is_present_is_told_from_thoughts_of_it() {
    let desk = Desk::open();
    for text in [
        "充电的时候冒烟了",
        "楼道里煤气味好大",
        "燃气灶关了还有呲呲声，满屋子味",
        "热水器漏电，洗澡被电了一下",
        "手机电池鼓包了",
        "外卖吃完全家上吐下泻",
        "孩子误吞了玩具里的纽扣电池",
        "电梯里困了两个人快来",
        "广场的井盖不见了，差点有人掉下去",
        "玻璃杯炸开把手划伤了",
        "奶奶走丢了，戴着你们的手表",
        "消防通道堵死，存在安全隐患",
        "插座冒火花，墙都熏黑了",
        "小孩被烫起泡了，怎么处理",
    ] {
        desk.check(text, &[(Safety, Urgent)]);
    }
    for text in [
        "没有冒烟，只是有点热",
        "这款热水器会不会漏电",
        "电热毯开一宿能着火不",
        "怎么防止煤气中毒",
        "担心电池鼓包，要怎么保养",
        "还好没有受伤，就是盒子破了",
        "防漏电的插座哪款好",
        "防爆玻璃是多厚的",
        "这瓜甜到爆炸，还能再买两个吗",
        "朋友圈都笑炸了，这个还有货吗",
        "听说有人吃了拉肚子，你家的新鲜吗",
        "上次冒烟的事已经解决了，想问下保修到哪天",
        "意外险摔伤理赔要什么材料",
        "家里装一氧化碳报警器装哪好",
        "看到充电宝爆炸的新闻，你们家的过检了吗",
    ] {
        desk.check(text, &[]);
    }
}

#[test]
fn money_and_accounts_are_at_risk_where_it_is_so() {
    let desk = Desk::open();
    for (text, kind) in [
        ("我的卡被盗刷了两千", MoneyAtRisk),
        ("卡里的钱被转走了，快帮我拦", MoneyAtRisk),
        ("我妈刚把验证码念给一个陌生人了", MoneyAtRisk),
        ("被骗了三千，能止付吗", MoneyAtRisk),
        ("我的账号被盗了", AccountAtRisk),
        ("有人冒用我的身份证注册了会员", AccountAtRisk),
        ("密码被改了，绑定手机被换", AccountAtRisk),
    ] {
        desk.check(text, &[(kind, Urgent)]);
    }
    desk.check("这个月多扣了我三十块", &[(MoneyAtRisk, Important)]);
    desk.check("退款七天了还没到账", &[(MoneyAtRisk, Important)]);
    for text in [
        "怎么防止被盗刷",
        "没有被盗刷，是我自己买的",
        "担心账号被盗，怎么加锁",
        "诈骗电话能拦截吗",
        "防盗刷卡套有货吗",
        "没有多扣，是我看错了",
        "退款多久到账",
    ] {
        desk.check(text, &[]);
    }
}

#[test]
fn threats_and_outages() {
    let desk = Desk::open();
    for text in [
        "再不处理我就打12315",
        "我要去消协反映",
        "不开票我就去税务局举报",
        "三天不退就法院见",
        "律师函已经在写了",
        "不给说法我就发到网上曝光",
        "我已经报警了",
        "明天就找记者",
        "要不回来我就报警",
    ] {
        desk.check_kind(text, LegalOrMediaThreat, Some(Urgent));
    }
    for text in [
        "我不打12315，也不找媒体",
        "市场监督管理局的电话是多少",
        "手机尾号就是12315",
        "忘了还一期会不会起诉我",
        "烟雾报警器怎么装",
        "相机曝光怎么调",
        "理赔报案要什么材料",
        "我不告你们，开玩笑的",
        "没到起诉那一步，好好说",
        "不至于去告你们",
    ] {
        desk.check(text, &[]);
    }
    desk.check("整个小区断网一上午了", &[(ServiceDown, Urgent)]);
    desk.check("整栋楼都没信号", &[(ServiceDown, Urgent)]);
    desk.check("整个小区都能装宽带吗", &[]);
    desk.check("我家断网了", &[]);
    desk.check("才买两天就开不了机", &[(ServiceDown, Important)]);
    desk.check("优惠券用不了", &[]);
}

#[test]
fn contacts_are_counted_and_faults_are_not() {
    let desk = Desk::open();
    for text in [
        "打了三次电话都没人管",
        "这是第三次联系你们了",
        "第三次问了，退款到没",
        "反映了好几次没人理",
        "催了四遍还不发",
        "客服电话打了5遍没人接",
        "跟你们说了不下五遍",
        "找你们客服7回了",
        "报修三次没人来",
        "多次投诉无果",
        "给快递员打了七八个电话",
        "前台打了八次都不接",
        "第四通电话了，接一下人工",
        "第三次来要发票了",
        "前后联系了四次，每次换个人",
    ] {
        desk.check(text, &[(RepeatContact, Urgent)]);
    }
    for text in ["第二次找你们了，还是老样子", "退款第二次问了", "昨天就问过，还没回音", "催了两次了", "电话打了两遍"]
    {
        desk.check(text, &[(RepeatContact, Important)]);
    }
    for text in [
        "机器重启了三次",
        "修了三次还是坏，能换新吗",
        "密码输错五次锁住了",
        "扣了我三次年费",
        "第三次回购了，能便宜点吗",
        "一天能改几次地址",
        "我还没催过",
        "催收一天给我打了二十次电话",
        "你们打了三个电话给我，是什么事",
        "每天吃三次，一次两片吗",
        "可以打三次折吗",
        "洗了三次都没变形",
    ] {
        desk.check_kind(text, RepeatContact, None);
    }
}

#[test]
fn needs_are_told_from_mentions() {
    let desk = Desk::open();
    let check = |text: &str, want: Option<(&str, Urgency)>| desk.check_deadline(WEDNESDAY, text, want);
    let urgent = |at| Some((at, Urgent));
    let important = |at| Some((at, Important));
    check("今天必须送到", urgent("2026-11-26T00:00"));
    check("今晚要用，能加急吗", urgent("2026-11-25T18:00"));
    check("今天之内给我答复", urgent("2026-11-26T00:00"));
    check("下午三点前必须到", urgent("2026-11-25T15:00"));
    check("四点的火车，东西能送到吗", urgent("2026-11-25T16:00"));
    check("我四点半要赶高铁", urgent("2026-11-25T16:30"));
    check("明天早上要用", urgent("2026-11-26T06:00"));
    check("明天急用，今天能不能发", urgent("2026-11-26T00:00"));
    check("明早六点的飞机，证件还没到", urgent("2026-11-26T06:00"));
    check("后天要用", important("2026-11-27T00:00"));
    check("大后天婚礼要穿", important("2026-11-28T00:00"));
    check("周五之前必须修好", important("2026-11-27T00:00"));
    check("这周五考试要用", important("2026-11-27T00:00"));
    check("下周一手术，押金还没退", important("2026-11-30T00:00"));
    check("月底前要报销", important("2026-12-01T00:00"));
    check("本月内必须开好发票", important("2026-12-01T00:00"));
    check("28号之前要入账", important("2026-11-28T00:00"));
    check("12月3日要面签", important("2026-12-03T00:00"));
    check("两小时内必须处理", urgent("2026-11-25T12:00"));
    check("半小时后登机", urgent("2026-11-25T10:30"));
    check("还有四十分钟关舱门", urgent("2026-11-25T10:40"));
    check("请于三日内书面答复", important("2026-11-28T10:00"));
    check("48小时内不退款我就投诉", important("2026-11-27T10:00"));
    check("限你们24小时内解决", urgent("2026-11-26T10:00"));
    check("三个工作日内不给说法就走着瞧", important("2026-11-30T18:00"));
    check("今天下班前不到账我就过去", urgent("2026-11-25T18:00"));
    check("报销截止今晚八点，票还没开", urgent("2026-11-25T20:00"));
    check("券今晚过期，用不了", urgent("2026-11-26T00:00"));
    check("我两点要线上答辩，网还没通", urgent("2026-11-25T14:00"));
    check("水费今天再缴不上就停水了", urgent("2026-11-26T00:00"));
    check("今晚十二点前要改数量", urgent("2026-11-26T00:00"));
    check("今天23:59截止，点不动", urgent("2026-11-25T23:59"));
    check("周六之前寄给我", important("2026-11-28T00:00"));
    check("周末要用", important("2026-11-28T00:00"));
    check("元旦前要装好", None);
    for text in [
        "今天买的，什么时候发",
        "今天到货吗",
        "明天能到吗",
        "活动到今天截止吗",
        "早上八点上班吗",
        "昨天说今天送到的",
        "客服说今天必须到账的",
        "承诺今天送到，没影",
        "希望今天送到",
        "要是能明天到就好了",
        "不急，明天要用的话再说",
        "开票的事不急，月底前给我就行",
        "两小时前下的单",
        "三天前必须付款的那单",
        "便宜一点，必须的",
        "每周五必须上班吗",
        "3号楼必须刷卡吗",
        "今天面试又黄了",
        "明天的火车票多少钱",
        "营业厅五点关门",
        "七天内可以退吗",
        "还有五天才出发，退票扣多少",
        "今天春游要带午饭吗",
        "急急急发票抬头怎么写",
        "下个月底之前到账就可以",
    ] {
        check(text, None);
    }
    desk.check("马上要登机了，快点", &[(Deadline, Urgent)]);
    desk.check("现在急用", &[(Deadline, Urgent)]);
    desk.check("这个我等着用", &[(Deadline, Important)]);
    desk.check("不是急用，慢慢来", &[]);
}

#[test]
fn the_zone_is_that_of_the_policy() {
    let (shanghai, utc) = (Desk::open(), Desk::in_zone("UTC"));
    let moment = |desk: &Desk, now: Timestamp| {
        let signals = desk.signals_at(now, InquiryType::Consultation, &[], "今天必须送到");
        signals.iter().find_map(|signal| signal.deadline).expect("a deadline")
    };
    // 20:00 of the 25th in London's winter is 04:00 of the 26th in Shanghai.
    let now = utc.at("2026-11-25T20:00");
    assert_eq!(utc.wall(moment(&utc, now)), "2026-11-26T00:00");
    assert_eq!(shanghai.wall(moment(&shanghai, now)), "2026-11-27T00:00");
}

#[test]
fn what_is_asked_for_everyone_or_not_at_all_presses_nobody() {
    let desk = Desk::open();
    let check = |kind: InquiryType, text: &str, want: &[(SignalKind, Urgency)]| {
        desk.compare(text, &desk.levels(WEDNESDAY, kind, text), &want.to_vec());
    };
    check(InquiryType::Other, "今天必须来夸一夸", &[]);
    check(InquiryType::Suggestion, "月底必须清零太可惜，建议结转", &[]);
    check(InquiryType::Suggestion, "护栏松动存在安全隐患，建议加固", &[(Safety, Urgent)]);
    check(InquiryType::Complaint, "今天必须送到", &[(Deadline, Urgent)]);
}

#[test]
fn earlier_turns_count_as_contacts() {
    let desk = Desk::open();
    let turn = |speaker: Speaker, text: &str| Turn { speaker, text: text.to_owned() };
    let customer = |text: &str| turn(Speaker::Customer, text);
    let bot = || turn(Speaker::Bot, "请您耐心等待");
    let check = |history: &[Turn], text: &str, want: Option<Urgency>| {
        let signals = desk.signals(WEDNESDAY, InquiryType::Consultation, history, text);
        let found = signals.iter().find(|signal| signal.is_from_history);
        desk.compare(text, &found.map(|signal| signal.level), &want);
        if let Some(signal) = found {
            assert_eq!((signal.kind, signal.span), (RepeatContact, Span::new(0, text.len())), "{text}");
        }
    };
    let parcel = "我的快递什么时候能到";
    check(&[], parcel, None);
    check(&[customer(parcel), bot()], "我的快递什么时候到啊", Some(Important));
    check(&[customer(parcel), bot(), customer("快递什么时候到"), bot()], "快递到底什么时候能到", Some(Urgent));
    check(&[customer(parcel), bot()], "快递怎么还没到", Some(Important));
    // Another matter, small talk, the words of others, and turns without a reply between.
    check(&[customer("怎么开发票"), bot()], "快递怎么还没到", None);
    check(&[customer("你好"), bot()], "你好", None);
    check(&[turn(Speaker::Agent, parcel)], parcel, None);
    check(&[customer(parcel)], parcel, None);
}

#[test]
fn a_kind_that_weighs_nothing_is_silent() {
    let mut desk = Desk::open();
    desk.policy.weights.insert(Deadline, 0.0);
    desk.check("今天必须送到", &[]);
    desk.policy.weights.insert(Safety, 0.25);
    let found = desk.signals(WEDNESDAY, InquiryType::Consultation, &[], "充电的时候冒烟了");
    assert_eq!(found.iter().map(|signal| signal.weight).collect::<Vec<_>>(), [0.25]);
    assert_eq!(found[0].rule_id, "safety.fire");
}
