//! Things named in a message.

use super::Span;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// What kind of thing a span names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EntityKind { $($(#[$doc])* $variant),+ }

        impl EntityKind {
            /// All kinds, in the order of their declaration.
            pub const ALL: &'static [EntityKind] = &[$(Self::$variant),+];

            /// Returns the stable string of the kind.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Looks a kind up by its stable string.
            pub fn from_label(label: &str) -> Option<Self> {
                match label { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

kinds! {
    OrderNumber = "order_number",
    TrackingNumber = "tracking_number",
    /// A full name; a surname with a title (张先生) is none.
    PersonName = "person_name",
    /// Down to the house; a city or a district alone is none.
    Address = "address",
    Phone = "phone",
    IdCard = "id_card",
    BankCard = "bank_card",
    Email = "email",
    LicensePlate = "license_plate",
    /// Of passports and of permits to travel.
    Passport = "passport",
    /// A WeChat or QQ account.
    SocialAccount = "social_account",
    /// A password or a one-time code.
    Credential = "credential",
    Url = "url",
    Money = "money",
    DateTime = "date_time",
    Product = "product",
}

impl EntityKind {
    /// Tells whether the value identifies a person, or opens what is his, and is masked before it is stored.
    pub fn is_personal(self) -> bool {
        match self {
            Self::PersonName
            | Self::Address
            | Self::Phone
            | Self::IdCard
            | Self::BankCard
            | Self::Email
            | Self::LicensePlate
            | Self::Passport
            | Self::SocialAccount
            | Self::Credential => true,
            Self::OrderNumber | Self::TrackingNumber | Self::Url | Self::Money | Self::DateTime | Self::Product => {
                false
            }
        }
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
