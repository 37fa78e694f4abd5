//! Which words of a text call for which search, found in one pass, so that most messages pay for no pattern.
//!
//! A cue only says that a look is worth it; it decides nothing. To add one: a word here, in the class of its search.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// What a cue calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// A part of an address.
    House,
    /// An identity or travel document.
    Document,
    /// An account of a messenger.
    Messenger,
    /// A password or code.
    Secret,
    /// A phone number spoken in Chinese numerals.
    Spoken,
    /// A car.
    Car,
    /// A form's field that holds a name, or words that say one: 收货人, 我叫.
    NameLabel,
    /// Somebody in a role: 快递员, 我爸.
    Role,
    /// Words that a name may follow: 我是, 联系.
    NameLead,
    /// A title that follows a name: 先生.
    Title,
}

const HOUSE: &str = "号 弄 栋 幢 座 单元 室 房 层 楼 址 村 庄 屯 寨 组 苑 小区 花园 门牌 信息 期";
const DOCUMENT: &str = "护照 通行证 回乡证 台胞证 军官证";
const MESSENGER: &str = "微信 薇信 威信 企鹅 加v 加V vx VX Vx wx WX Wx qq QQ Qq weixin";
const SECRET: &str = "密码 验证码 校验码 动态码 安全码 口令 cvv CVV cvn CVN pin码 PIN码";
const SPOKEN: &str = "幺 一三 一四 一五 一六 一七 一八 一九";
const CAR: &str = "车 牌";
const NAME_LABELS: &str = "我叫 名叫 名字 姓名 收货人 收件人 寄件人 发件人 签收人 取件人 联系人 联络人 户名 持卡人 开户人 机主 户主 车主 \
    申请人 投保人 被保险人 被保人 受益人 收款人 付款人 汇款人 转账人 患者 病人 乘客 旅客 乘车人 乘机人 入住人 购买人 下单人 代办人 委托人 \
    经办人 复核人 报案人 报修人 报装人 开票人 实名人 登记人 投诉人 举报人 当事人 监护人 贷款人 借款人 担保人 购房人 承租人 法人 法定代表人 \
    负责人 会员名 昵称 本人 登记的是 收货信息 开户名 买受人 领取人 取票人 考生 业主";
const ROLES: &str = "快递员 配送员 派送员 送货员 骑手 客服 专员 经理 主管 店长 司机 师傅 房东 租客 家长 老公 老婆 丈夫 妻子 爱人 先生 太太 \
    我爸 爸爸 我妈 妈妈 父亲 母亲 儿子 女儿 孩子 同事 朋友 销售 顾问 医生 护士 学生 用户 客户 业务员 柜员 登记 过户给 转给 转账给 快递小哥 \
    坐席 网格员 工程师 报装 报修 员工";
const NAME_LEADS: &str = ",是 我是 我是叫 这里是 这是 这边是 联系 找 给 叫 麻烦转 名下 署名 落款";
const TITLES: &str = "先生 女士 小姐 师傅 阿姨 叔叔 大爷 大妈 老师 经理 主任 医生";

static CUES: LazyLock<(AhoCorasick, Vec<Cue>)> = LazyLock::new(|| {
    let classes = [
        (Cue::House, HOUSE),
        (Cue::Document, DOCUMENT),
        (Cue::Messenger, MESSENGER),
        (Cue::Secret, SECRET),
        (Cue::Spoken, SPOKEN),
        (Cue::Car, CAR),
        (Cue::NameLabel, NAME_LABELS),
        (Cue::Role, ROLES),
        (Cue::NameLead, NAME_LEADS),
        (Cue::Title, TITLES),
    ];
    let words = classes.iter().flat_map(|(cue, words)| words.split_whitespace().map(move |word| (word, *cue)));
    let (words, cues): (Vec<&str>, Vec<Cue>) = words.unzip();
    let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(words);
    (automaton.expect("a list of words is far below the automaton's limits"), cues)
});

/// The cues of one text.
pub(super) struct Cues {
    /// Each with the bytes that it takes, in the order of their ends.
    found: Vec<(Cue, usize, usize)>,
}

impl Cues {
    pub(super) fn of(text: &str) -> Self {
        let (automaton, cues) = &*CUES;
        let found = automaton.find_overlapping_iter(text);
        Self { found: found.map(|hit| (cues[hit.pattern().as_usize()], hit.start(), hit.end())).collect() }
    }

    pub(super) fn has(&self, cue: Cue) -> bool {
        self.found.iter().any(|(known, _, _)| *known == cue)
    }

    /// Returns each cue with its start and end.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Cue, usize, usize)> {
        self.found.iter().copied()
    }
}
