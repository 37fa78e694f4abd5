//! What argues that a person must act soon, and how a knowledge base weighs it.

use std::collections::BTreeMap;

use super::{Span, Timestamp, Urgency};

/// What a signal of urgency is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignalKind {
    /// Danger to people or property.
    Safety,
    MoneyAtRisk,
    AccountAtRisk,
    /// The customer means to go to a regulator, a court, the police or the press.
    LegalOrMediaThreat,
    /// Something is needed by a moment.
    Deadline,
    /// The customer asks again about the same thing.
    RepeatContact,
    /// A service is down: for a whole house or town, or for this customer.
    ServiceDown,
    /// A rule that names no other kind.
    Rule,
    /// The word of the model itself.
    Head,
}

impl SignalKind {
    pub const ALL: [SignalKind; 9] = [
        Self::Safety,
        Self::MoneyAtRisk,
        Self::AccountAtRisk,
        Self::LegalOrMediaThreat,
        Self::Deadline,
        Self::RepeatContact,
        Self::ServiceDown,
        Self::Rule,
        Self::Head,
    ];

    /// Returns the stable string of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safety => "safety",
            Self::MoneyAtRisk => "money_at_risk",
            Self::AccountAtRisk => "account_at_risk",
            Self::LegalOrMediaThreat => "legal_or_media_threat",
            Self::Deadline => "deadline",
            Self::RepeatContact => "repeat_contact",
            Self::ServiceDown => "service_down",
            Self::Rule => "rule",
            Self::Head => "head",
        }
    }

    /// Looks a kind up by its stable string.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What a signal of the kind weighs where the policy says nothing: about the share of messages with it that are
    /// indeed of its level.
    pub fn default_weight(self) -> f32 {
        match self {
            Self::Head => 1.0,
            Self::Safety | Self::AccountAtRisk | Self::LegalOrMediaThreat | Self::RepeatContact => 0.95,
            Self::MoneyAtRisk | Self::Deadline | Self::ServiceDown | Self::Rule => 0.9,
        }
    }
}

/// Something that argues for an urgency.
#[derive(Clone, Debug, PartialEq)]
pub struct UrgencySignal {
    pub kind: SignalKind,
    /// The rule that found it; empty where none did.
    pub rule_id: String,
    /// Of the original text; the whole of it where the signal has no place of its own.
    pub span: Span,
    /// How probable the signal alone makes its level, in (0, 1].
    pub weight: f32,
    pub level: Urgency,
    /// By when the customer needs it, where the words tell.
    pub deadline: Option<Timestamp>,
    /// Whether it stems from the earlier turns, not from the words of the message.
    pub is_from_history: bool,
}

/// How a knowledge base weighs signals.
#[derive(Clone, Debug, PartialEq)]
pub struct UrgencyPolicy {
    /// In [0, 1] by kind; 0 silences a kind, and one that is left out has its default.
    pub weights: BTreeMap<SignalKind, f32>,
    /// At or above this probability a message is urgent; low, for to miss one costs more than one too many.
    pub urgent_threshold: f32,
    /// At or above this probability of being at least important, a message is.
    pub important_threshold: f32,
    /// A complaint is at least of this urgency.
    pub complaint_floor: Urgency,
}

impl UrgencyPolicy {
    /// Returns what a signal of the kind weighs.
    pub fn weight(&self, kind: SignalKind) -> f32 {
        self.weights.get(&kind).copied().unwrap_or_else(|| kind.default_weight())
    }
}

impl Default for UrgencyPolicy {
    fn default() -> Self {
        Self {
            weights: SignalKind::ALL.into_iter().map(|kind| (kind, kind.default_weight())).collect(),
            // To miss what is urgent costs more than to look once in vain.
            urgent_threshold: 0.41,
            important_threshold: 0.5,
            complaint_floor: Urgency::Important,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names_and_weights() {
        for kind in SignalKind::ALL {
            assert_eq!(SignalKind::from_name(kind.as_str()), Some(kind));
            assert!((0.0..=1.0).contains(&kind.default_weight()) && kind.default_weight() > 0.0, "{kind:?}");
            assert_eq!(UrgencyPolicy::default().weight(kind), kind.default_weight());
        }
        let silent = UrgencyPolicy { weights: [(SignalKind::Safety, 0.0)].into(), ..UrgencyPolicy::default() };
        assert_eq!((silent.weight(SignalKind::Safety), silent.weight(SignalKind::Head)), (0.0, 1.0));
        assert_eq!(SignalKind::from_name("fire"), None);
    }
}
