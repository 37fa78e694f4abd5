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
    /// A form's field that holds a name, or words that say one: 收货人, 户主.
    NameLabel,
    /// Words behind which even a word of the dictionary is a name: 我叫.
    Called,
    /// What belongs to somebody: 的快递.
    Owned,
    /// Somebody in a role: 快递员, 我爸.
    Role,
    /// Words that a name may follow: 我是, 联系.
    NameLead,
    /// A title that follows a name: 先生.
    Title,
}

const HOUSE: &str = "号 弄 栋 幢 舍 寝 # - 座 单元 室 房 层 楼 址 村 庄 屯 寨 组 苑 小区 花园 门牌 信息 期";
const DOCUMENT: &str = "护照 通行证 回乡证 台胞证 军官证 港澳证 居留证 永居证 passport Passport PASSPORT";
const MESSENGER: &str = "微信 薇信 威信 绿泡泡 企鹅 扣扣 抠扣 扣号 q号 Q号 加v 加V 加q 加Q 我v 我V 我q 我Q v信 V信 vx VX Vx wx WX Wx qq QQ Qq weixin \
    echat eChat ECHAT 支付宝 抖音号 快手号 小红书号 旺旺号 钉钉号 陌陌号 line Line LINE elegram hatsapp hatsApp HATSAPP";
const SECRET: &str = "的码 PUK puk 密码 验证码 校验码 动态码 安全码 确认码 口令 cvv CVV cvn CVN pin PIN Pin pwd PWD Pwd passw Passw PASSW passcode Passcode otp OTP";
const SPOKEN: &str = "固话 座机 电话零 零二 零三 零四 零五 零六 零七 零八 零九 幺 一三 一四 一五 一六 一七 一八 一九";
const CAR: &str = "车 牌";
const NAME_LABELS: &str = "名字 收货人 收件人 寄件人 发件人 签收人 取件人 联系人 联络人 户名 持卡人 开户人 机主 户主 车主 申请人 \
    投保人 被保险人 被保人 受益人 收款人 付款人 汇款人 转账人 患者 病人 乘客 旅客 乘车人 乘机人 入住人 购买人 \
    下单人 代办人 委托人 经办人 复核人 报案人 报修人 报装人 开票人 实名人 登记人 投诉人 举报人 当事人 贷款人 \
    借款人 担保人 购房人 承租人 法人 法定代表人 负责人 会员名 昵称 本人 登记的是 收货信息 开户名 买受人 领取人 \
    取票人 考生 业主 受托人 被委托人 办卡人 开卡人 挂号人 就诊人 办理人 办证人 办事人 预约人 预订人 预定人 \
    订房人 订票人 订餐人 订购人 订货人 购票人 购车人 购货人 买房人 出租人 转租人 承租方 出借人 出卖人 共有人 \
    产权人 权利人 保证人 抵押人 继承人 遗嘱人 死者 逝者 亡者 伤者 产妇 驾驶员 驾驶人 失主 求助人 来电人 来访人 \
    反映人 信访人 诉求人 反馈人 咨询人 被投诉人 被举报人 被告人 原告 被告 证人 纳税人 缴费人 交费人 交款人 \
    缴款人 充值人 存款人 取款人 出票人 持票人 收信人 寄信人 寄货人 发货人 提货人 自提人 接收人 接货人 验收人 \
    签字人 签约人 参保人 用电人 用水人 用气人 用户名称 账户名 帐户名 账号名 持证人 参赛人 报名人 车辆所有人 \
    房主 对接人 代理人 代领人 代取人 代收人 代购人 邀请人 报警人 申报人 申诉人 申购人 报警人 报料人 开票名称 署名 \
    落款 收件方 收: 收货: 收件: 寄: 寄件: 登记: 登记的名字是 学员 名字写的 收货的是 收件的是";
const CALLED: &str = "我叫 名叫 姓名 本名 大名 全名 真名 我是叫 名字叫";
const OWNED: &str = "的件 的快 的包裹 的订单 的单子 的外卖 的账户 的身份证 的医保 的社保 的病历 的检查 的报告 的手机 的电话 的号码 的宿舍";
const ROLES: &str = "派件员 房客 租户 快递员 配送员 派送员 送货员 骑手 客服 专员 经理 主管 店长 司机 师傅 房东 租客 家长 老公 老婆 丈夫 妻子 \
    爱人 先生 太太 我爸 爸爸 我妈 妈妈 父亲 母亲 儿子 女儿 孩子 同事 朋友 销售 顾问 医生 护士 学生 用户 客户 \
    业务员 柜员 登记 过户给 转给 转账给 快递小哥 坐席 网格员 工程师 报装 报修 员工 同学 室友 舍友 邻居 亲戚 \
    姐姐 哥哥 弟弟 妹妹 我姐 我哥 我弟 我妹 我爷爷 爷爷 奶奶 外公 外婆 姥姥 姥爷 岳父 岳母 公公 婆婆 女婿 儿媳 \
    媳妇 孙子 孙女 外孙 侄子 侄女 外甥 舅舅 姑姑 姨妈 叔叔 老爸 老妈 男友 女友 男朋友 女朋友 未婚夫 未婚妻 \
    宝宝 闺女 我娃 班主任 辅导员 导师 领导 老板 股东 董事长 秘书 财务 会计 出纳 助理 店主 房主 保姆 月嫂 教练 \
    律师 警官 民警 保安 中介 经纪人 居民 村民 市民 职工 老人 学员 会员 外卖员 揽收员 维修员 维修工 安装工 \
    抄表员 收银员 导购 店员 营业员 转交 转交给 寄给 发给 送给 交给 报给 家属 亲属 监护人 账户 帐户 抬头 住户 \
    租户 使用人 所有人 介绍人 推荐人 主驾 收方 寄方 责任人 值班人";
const NAME_LEADS: &str = ",是 我是 我是叫 这里是 这是 这边是 联系 找 给 叫 麻烦转 名下 署名 落款 请问 查询 查一下 查下 查查 帮 转接 收货 住客 客人 和 跟 喊 投诉 举报 表扬 感谢 收件 应该开 寄 原来是 现在是 打到 转到 写的是 \
    写着 他叫 她叫 收货是 预约的是 登记在 挂在 户口本上";
const TITLES: &str = "先生 女士 小姐 师傅 阿姨 叔叔 大爷 大妈 老师 经理 主任 医生 同学 同志 教授 律师 大夫 护士 大姐 大哥 奶奶 爷爷 \
    队长 书记 院长 校长 警官 顾问 管家 教练 店长";

static CUES: LazyLock<(AhoCorasick, Vec<Cue>)> = LazyLock::new(|| {
    let classes = [
        (Cue::House, HOUSE),
        (Cue::Document, DOCUMENT),
        (Cue::Messenger, MESSENGER),
        (Cue::Secret, SECRET),
        (Cue::Spoken, SPOKEN),
        (Cue::Car, CAR),
        (Cue::NameLabel, NAME_LABELS),
        (Cue::Called, CALLED),
        (Cue::Owned, OWNED),
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
