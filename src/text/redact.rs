//! Masks personal data, keeping the form: 138****5678.
//!
//! For everything that is stored or logged. Keeps separators, so that the text still reads; what is shown is never enough to
//! call or to pay. Invariants: a masked text masked again is the same; what is not masked stays byte for byte.

use super::entities::Entities;
use crate::domain::{Entity, EntityKind, Span};

/// Masks personal data, and order numbers where policy says so.
#[derive(Clone, Debug)]
pub struct Redactor {
    entities: Entities,
    masks_order_numbers: bool,
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
    /// Makes a redactor; numbers of orders and parcels are masked only where asked for.
    pub fn new(masks_order_numbers: bool) -> Self {
        Self { entities: Entities::new(&[]), masks_order_numbers }
    }

    /// Returns the text with each personal item masked.
    pub fn mask(&self, original: &str) -> Redacted {
        let mut redacted = Redacted { text: String::with_capacity(original.len()), masked: Vec::new() };
        let mut copied = 0;
        for entity in self.entities.identifiers(original).iter().filter(|entity| self.is_masked(entity.kind)) {
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

    fn is_masked(&self, kind: EntityKind) -> bool {
        kind.is_personal()
            || self.masks_order_numbers && matches!(kind, EntityKind::OrderNumber | EntityKind::TrackingNumber)
    }
}

fn push_mask(written: &str, entity: &Entity, out: &mut String) {
    // How many of the value's characters are shown at its start and end; what stands before the value (+86) is no secret.
    let (shown_first, shown_last) = match entity.kind {
        EntityKind::Email => return push_email_mask(written, out),
        EntityKind::Phone => (3, 4),
        EntityKind::IdCard => (3, 2),
        _ => (0, 4),
    };
    let num_signs = written.chars().filter(|c| is_sign(*c)).count();
    let before_value = num_signs.saturating_sub(entity.value.chars().filter(|c| is_sign(*c)).count());
    let mut idx = 0;
    for c in written.chars() {
        if !is_sign(c) {
            out.push(c);
            continue;
        }
        let is_shown = idx < before_value + shown_first || idx + shown_last >= num_signs;
        out.push(if is_shown { c } else { '*' });
        idx += 1;
    }
}

fn push_email_mask(written: &str, out: &mut String) {
    let domain = written.find(['@', '＠']).unwrap_or(written.len());
    out.extend(written.chars().next());
    out.push_str("***");
    out.push_str(&written[domain..]);
}

fn is_sign(c: char) -> bool {
    c.is_alphanumeric()
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
        ];
        let redactor = Redactor::new(true);
        for _ in 0..3_000 {
            let text: String = (0..rng.usize(..7)).map(|_| parts[rng.usize(..parts.len())]).collect();
            let once = redactor.mask(&text);
            assert_eq!(redactor.mask(&once.text).text, once.text, "{text}");
            for masked in &once.masked {
                assert!(once.text[masked.span.range()].contains('*'), "{text}");
            }
        }
    }
}
