//! What the words before a number say that it is.
//!
//! An order may have a number that passes every check of a bank card or looks like a phone: the word before decides.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::Span;

/// How far back a label is looked for, in characters.
const REACH: usize = 16;

/// What stands for an order or a thing by itself.
const THINGS: &str = "(?:订单|运单|流水|交易|单号|工单|编号|序号|券号|货号|款号|税号|户号|串码|保单|合同)(?:编号|号码|单号|代码|号|编码|id)?";
/// What does so with 号 or the like.
const NUMBERED_THINGS: &str = "(?:退款|售后|快递|物流|包裹|发票|受理|凭证|批次|商品|物料|设备|机器|产品|资产|序列|机身|水表|电表|表|学|考生|准考证|门店|桌|房间|排队|卡券|优惠券|兑换|激活|注册|代|项目|案件|活动|燃气表|煤气表|热力表|燃气|用户|客户|缴费|报名|预约|取号|业务|提货|取件|商户|支付宝|微信)(?:编号|号码|单号|代码|号|编码|码|id)";
/// Short names of such numbers.
const CODES: &str =
    r"imei[12]?码?|meid|iccid|sn码?|s/n|sku|商品id|upc|ean|条形码|69码|识别号|信用代码|第|[\p{Han}](?:编号|编码|id)";
/// Cards that are of no bank.
const OTHER_CARDS: &str = "(?:礼品|会员|充值|储值|购物|加油|公交|地铁|提货|就诊|门禁|电话|流量|体验|游戏|饭|水|电|燃气|社保|医保|市民|校园|积分|优惠|sim)卡(?:卡号|号码|号)?";
const BANK_CARDS: &str = r"卡号|银行账[号户]|(?:储蓄|信用|借记|银行|工资|旧|新|主|副|附属|贷记|房贷|还款|绑定的|收款|退款|建行|工行|农行|中行|招行|交行|邮储|[\p{Han}]{2}银行)卡(?:号码|卡号|号)?|(?:收款|对公|退款)账[号户]";

static OF_A_THING: LazyLock<Regex> = LazyLock::new(|| before(&[THINGS, NUMBERED_THINGS, CODES, OTHER_CARDS]));
static OF_A_CARD: LazyLock<Regex> = LazyLock::new(|| before(&[BANK_CARDS]));
static OF_NO_BANK: LazyLock<Regex> = LazyLock::new(|| before(&[OTHER_CARDS]));

/// Makes the pattern of labels at the end of a text.
fn before(labels: &[&str]) -> Regex {
    let link = r"\s*(?:是|为|:|#|=)?:?\s*[(\[]?$";
    Regex::new(&format!("(?i)(?:{}){link}", labels.join("|"))).expect("the pattern is constant and tested")
}

/// Tells whether the words before say that the number is of an order or a thing.
pub(super) fn names_a_thing(text: &str, span: Span) -> bool {
    let before = reach(text, span);
    !ends_personal(before) && OF_A_THING.is_match(before)
}

/// Tells whether the words before say that the number is of a bank card.
pub(super) fn names_a_card(text: &str, span: Span) -> bool {
    let before = reach(text, span);
    OF_A_CARD.is_match(before) && !OF_NO_BANK.is_match(before)
}

/// 会员手机号 and 客户电话 name a person's number, whatever they begin with.
fn ends_personal(before: &str) -> bool {
    let before = before.trim_end_matches([' ', ':', '是', '为', '(', '[']);
    ["手机号", "手机号码", "电话号", "电话号码", "身份证号", "证件号", "银行卡号", "手机", "电话"]
        .iter()
        .any(|label| before.ends_with(label))
}

/// The text before the span, of one line and not too long.
pub(super) fn reach(text: &str, span: Span) -> &str {
    let before = &text[..span.start];
    let start = before.char_indices().rev().take(REACH).last().map_or(before.len(), |(at, _)| at);
    let near = &before[start..];
    near.rfind(['\n', '。', ';', '!', '?']).map_or(near, |at| {
        let rest = &near[at..];
        &rest[rest.chars().next().map_or(0, char::len_utf8)..]
    })
}
