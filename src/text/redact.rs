//! Masks personal data, keeping the form: 138****5678, 张*, 浙江省杭州市西湖区******.
//!
//! For everything that is stored or logged. Keeps separators, so that the text still reads; what is shown is never enough to
//! call, to pay or to find a door. Invariants: a masked text masked again is the same; what is not masked stays byte for
//! byte.

use super::entities::{Entities, public_len, surname_len};
use crate::domain::{Entity, EntityKind, Span};

/// Masks personal data, and order numbers where policy says so.
#[derive(Clone, Debug)]
pub struct Redactor {
    entities: Entities,
    kinds: Vec<EntityKind>,
}

/// A text that may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    pub text: String,
    /// What was masked, in the order of the text.
    pub masked: Vec<Masked>,
}

/// One masked place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masked {
    pub kind: EntityKind,
    /// Where it was in the original.
    pub original: Span,
    /// Where its mask is in the redacted text.
    pub span: Span,
}

impl Redactor {
    /// Makes a redactor of all personal data; numbers of orders and parcels are masked only where asked for.
    pub fn new(masks_order_numbers: bool) -> Self {
        let is_masked = |kind: &EntityKind| {
            kind.is_personal()
                || masks_order_numbers && matches!(kind, EntityKind::OrderNumber | EntityKind::TrackingNumber)
        };
        Self::of_kinds(EntityKind::ALL.iter().copied().filter(is_masked).collect())
    }

    /// Makes a redactor of these kinds. Only what [`is_maskable`](Self::is_maskable) is ever masked.
    pub fn of_kinds(kinds: Vec<EntityKind>) -> Self {
        Self {
            entities: Entities::new(&[]),
            kinds: kinds.into_iter().filter(|kind| Self::is_maskable(*kind)).collect(),
        }
    }

    /// Tells whether there is a mask for the kind: for personal data and for numbers of orders and parcels.
    pub fn is_maskable(kind: EntityKind) -> bool {
        kind.is_personal() || matches!(kind, EntityKind::OrderNumber | EntityKind::TrackingNumber)
    }

    /// Returns the text with each item masked.
    pub fn mask(&self, original: &str) -> Redacted {
        let mut redacted = Redacted { text: String::with_capacity(original.len()), masked: Vec::new() };
        let mut copied = 0;
        for entity in self.entities.identifiers(original).iter().filter(|entity| self.kinds.contains(&entity.kind)) {
            redacted.text.push_str(&original[copied..entity.span.start]);
            let start = redacted.text.len();
            push_mask(&original[entity.span.range()], entity, &mut redacted.text);
            let span = Span::new(start, redacted.text.len());
            redacted.masked.push(Masked { kind: entity.kind, original: entity.span, span });
            copied = entity.span.end;
        }
        redacted.text.push_str(&original[copied..]);
        redacted
    }
}

fn push_mask(written: &str, entity: &Entity, out: &mut String) {
    let kind = entity.kind;
    if kind == EntityKind::Email {
        return push_email_mask(written, out);
    }
    let num_signs = written.chars().filter(|c| is_sign(kind, *c)).count();
    let (shown_first, shown_last) = shown(entity);
    // What stands before a value of figures (+86) is no secret.
    let before_value = num_signs.saturating_sub(entity.value.chars().filter(|c| is_sign(kind, *c)).count());
    let mut idx = 0;
    for c in written.chars() {
        if !is_sign(kind, c) {
            out.push(c);
            continue;
        }
        let is_shown = idx < before_value + shown_first || idx + shown_last >= num_signs;
        out.push(if is_shown { c } else { '*' });
        idx += 1;
    }
}

/// Returns how many of the value's characters are shown at its start and end.
fn shown(entity: &Entity) -> (usize, usize) {
    let value = &entity.value;
    match entity.kind {
        // The mobile net of Taiwan has ten digits.
        EntityKind::Phone if value.starts_with("09") && value.len() == 10 => (2, 3),
        // The area code of the fixed net.
        EntityKind::Phone if value.starts_with('0') && !value.starts_with("01") && !value.starts_with("02") => (4, 4),
        EntityKind::Phone if value.chars().count() < 10 => (0, 4),
        EntityKind::Phone => (3, 4),
        EntityKind::IdCard => (3, 2),
        EntityKind::PersonName if value.contains(|c| NAME_DOTS.contains(&c)) => (1, 0),
        EntityKind::PersonName => (surname_len(value).filter(|len| value.chars().count() > *len).unwrap_or(1), 0),
        EntityKind::Address => {
            (value[..public_len(value)].chars().filter(|c| is_sign(EntityKind::Address, *c)).count(), 0)
        }
        EntityKind::LicensePlate => (2, 1),
        EntityKind::Passport => (1, 2),
        EntityKind::SocialAccount => (1, 1),
        EntityKind::Credential => (0, 0),
        EntityKind::OrderNumber
        | EntityKind::TrackingNumber
        | EntityKind::BankCard
        | EntityKind::Email
        | EntityKind::Url
        | EntityKind::Money
        | EntityKind::DateTime
        | EntityKind::Product => (0, 4),
    }
}

/// What stands between the parts of a name of another people.
const NAME_DOTS: [char; 4] = ['·', '•', '・', '‧'];

fn push_email_mask(written: &str, out: &mut String) {
    let domain = written.find(['@', '＠']).unwrap_or(written.len());
    out.extend(written.chars().next());
    out.push_str("***");
    out.push_str(&written[domain..]);
}

/// Tells whether the character is of what is masked, not between it.
fn is_sign(kind: EntityKind, c: char) -> bool {
    match kind {
        EntityKind::Credential => true,
        _ => c.is_alphanumeric(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(original: &str, expected: &str) {
        assert_eq!(Redactor::new(true).mask(original).text, expected);
    }

    #[test]
    fn masks_keep_the_form() {
        check("电话13812345678急", "电话138****5678急");
        check("+86 138-1234-5678", "+86 138-****-5678");
        check("１３８１２３４５６７８", "１３８****５６７８");
        check("021-62345678", "021-****5678");
        check("11010519491231002X", "110*************2X");
        check("6222 0212 3456 7890 128", "**** **** **** ***0 128");
        check("zhang.san@qq.com", "z***@qq.com");
        check("订单A12345678", "订单*****5678");
        check("拨打95588", "拨打95588");
        check("我叫张伟", "我叫张*");
        check("收货人：欧阳娜娜", "收货人：欧阳**");
        check("張學友先生的件", "張**先生的件");
        check("张先生的件", "张先生的件");
        check("姓名：买买提·艾力", "姓名：买**·**");
        check("收件人：Li Wei", "收件人：L* ***");
        check("寄到浙江省杭州市西湖区文三路259号1幢1803室", "寄到浙江省杭州市西湖区**************");
        check("幸福小区3栋2-501", "*******-***");
        check("车牌粤B·D8K52", "车牌粤B·****2");
        check("护照E12345678", "护照E******78");
        check("加我微信liming_1990", "加我微信l*****_***0");
        check("密码是Abc12345!", "密码是*********");
        check("座机62345678", "座机****5678");
        check("010-68714432转801", "010-****4432转801");
        check("電話+852 6318 2704", "電話+852 **** 2704");
        check("0928-316-705", "09**-***-705");
        check("幺三八六二零四七七幺五", "幺三八****七七幺五");
        check("", "");
    }

    #[test]
    fn order_numbers_are_a_choice() {
        let redacted = Redactor::new(false).mask("订单A12345678,13812345678");
        assert_eq!(redacted.text, "订单A12345678,138****5678");
        let [masked] = redacted.masked[..] else { panic!("{redacted:?}") };
        assert_eq!((masked.kind, masked.original), (EntityKind::Phone, masked.span));
    }

    #[test]
    fn only_the_kinds_asked_for_are_masked() {
        let redactor = Redactor::of_kinds(vec![EntityKind::Phone, EntityKind::Money]);
        assert_eq!(redactor.mask("张伟先生13812345678退300元").text, "张伟先生138****5678退300元");
    }

    #[test]
    fn masking_twice_changes_nothing_more() {
        let mut rng = fastrand::Rng::with_seed(29);
        let parts = [
            "13812345678",
            "+86",
            "021-62345678",
            "11010519491231002X",
            "4111111111111111",
            "a.b@qq.com",
            "订单",
            "A12345678",
            "SF1234567890123",
            "，",
            " ",
            "退",
            "１３８１２３４５６７８",
            "银行卡",
            "身份证",
            "-",
            "我叫",
            "收货人：",
            "张伟",
            "欧阳娜娜",
            "买买提·艾力",
            "先生",
            "地址",
            "浙江省杭州市西湖区",
            "文三路259号",
            "幸福小区3栋2单元501",
            "车牌",
            "京A12345",
            "护照E12345678",
            "微信",
            "liming_1990",
            "密码",
            "Abc12345!",
        ];
        let redactor = Redactor::new(true);
        for _ in 0..20_000 {
            let text: String = (0..rng.usize(..7)).map(|_| parts[rng.usize(..parts.len())]).collect();
            let once = redactor.mask(&text);
            assert_eq!(redactor.mask(&once.text).text, once.text, "{text}");
            for masked in &once.masked {
                assert!(once.text[masked.span.range()].contains('*'), "{text}");
            }
        }
    }
}
