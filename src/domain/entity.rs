//! Things named in a message.

use super::Span;

/// What kind of thing a span names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityKind {
    OrderNumber,
    TrackingNumber,
    Phone,
    IdCard,
    BankCard,
    Email,
    Url,
    Money,
    DateTime,
    Product,
}

impl EntityKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [EntityKind; 10] = [
        Self::OrderNumber,
        Self::TrackingNumber,
        Self::Phone,
        Self::IdCard,
        Self::BankCard,
        Self::Email,
        Self::Url,
        Self::Money,
        Self::DateTime,
        Self::Product,
    ];

    /// Returns the stable string of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderNumber => "order_number",
            Self::TrackingNumber => "tracking_number",
            Self::Phone => "phone",
            Self::IdCard => "id_card",
            Self::BankCard => "bank_card",
            Self::Email => "email",
            Self::Url => "url",
            Self::Money => "money",
            Self::DateTime => "date_time",
            Self::Product => "product",
        }
    }

    /// Tells whether the value identifies a person and is masked before it is stored.
    pub fn is_personal(self) -> bool {
        matches!(self, Self::Phone | Self::IdCard | Self::BankCard | Self::Email)
    }
}

/// One thing named in a message; the span is of the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    pub kind: EntityKind,
    pub span: Span,
    /// The value in canonical form: digits without separators, money as a decimal, dates as written.
    pub value: String,
}
