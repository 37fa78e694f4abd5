//! The label set of the four questions asked of a message.

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// All labels, in the order of the label set.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// Returns the stable string of the label.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// Looks a label up by its stable string.
            pub fn from_label(label: &str) -> Option<Self> {
                match label { $($text => Some($name::$variant),)+ _ => None }
            }
        }
    };
}

labels! {
    /// What the customer wants.
    InquiryType {
        Consultation = "consultation",
        Complaint = "complaint",
        Suggestion = "suggestion",
        /// Carries no request of its own.
        Other = "other",
    }
}

labels! {
    /// How soon a person must act; ordered, the most pressing last.
    Urgency {
        Normal = "normal",
        Important = "important",
        Urgent = "urgent",
    }
}

labels! {
    /// The tone of the words used.
    Sentiment {
        Negative = "negative",
        Neutral = "neutral",
        Positive = "positive",
    }
}

/// A part of the business; a string, for knowledge bases may bring their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(pub String);

impl Domain {
    /// The domain of what belongs to none.
    pub const OTHER: &'static str = "other";

    /// Returns the stable string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The domains of the shipped label set.
pub const DOMAINS: [&str; 13] = [
    "order",
    "logistics",
    "return_refund",
    "payment",
    "invoice",
    "account",
    "product",
    "promotion",
    "repair",
    "service",
    "telecom",
    "finance",
    Domain::OTHER,
];
