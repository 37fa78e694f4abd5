//! Reads a knowledge base's profile and lexicon as they lie in `data/kb/<base>/`.
//!
//! What a profile leaves out takes the default. Unknown fields are refused, for they are slips of the pen. Must not
//! know the store.

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    error::{KnowledgeError, Result},
    policy::default_policy,
    validate::{check_base, settle_policy},
};
use crate::domain::{
    CalibrationPolicy, Department, KnowledgeBase, KnowledgeBaseId, Lexicon, Policy, Queue, ReplyTexts, Revision,
    SynonymSet, Timestamp, Weekday, WorkingHours,
};

/// Reads `profile.json`; fails where it is not of the shape, or where the base it describes is not allowed.
pub fn read_profile(id: KnowledgeBaseId, profile_json: &str) -> Result<KnowledgeBase> {
    let file: ProfileFile = parse("knowledge base profile", profile_json)?;
    let (display_name, description) = (file.display_name.clone(), file.description.clone());
    let mut policy = file.into_policy()?;
    settle_policy(&mut policy);
    let base = KnowledgeBase {
        id,
        display_name,
        description,
        policy,
        revision: Revision(0),
        record_revision: Revision(0),
        create_time: Timestamp(0),
        update_time: Timestamp(0),
    };
    match check_base(&base, "") {
        violations if violations.is_empty() => Ok(base),
        violations => Err(KnowledgeError::Invalid(violations)),
    }
}

/// Reads `lexicon.json`; the version is 0, as of what is not published yet.
pub fn read_lexicon(lexicon_json: &str) -> Result<Lexicon> {
    let file: LexiconFile = parse("lexicon file", lexicon_json)?;
    let terms = file.terms.into_iter().map(|term| term.text).collect();
    let sets = file.synonym_sets.into_iter().map(|set| SynonymSet { id: set.id, words: set.words });
    Ok(Lexicon { terms, synonym_sets: sets.collect(), version: 0 })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    display_name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    opening_questions: Vec<String>,
    #[serde(default)]
    texts: TextsFile,
    #[serde(default)]
    queues: Vec<QueueFile>,
    #[serde(default)]
    departments: BTreeMap<String, String>,
    #[serde(default)]
    working_hours: Vec<HoursFile>,
    #[serde(default)]
    sensitive_words: Vec<String>,
    #[serde(default)]
    calibration: CalibrationFile,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CalibrationFile {
    wanted_precision: Option<f32>,
    unanswerable_share: Option<f32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TextsFile {
    greeting: String,
    complaint_acknowledgement: String,
    suggestion_thanks: String,
    no_answer: String,
    handoff: String,
    handoff_off_hours: String,
    clarify: String,
    blocked: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QueueFile {
    id: String,
    name: String,
    domains: Vec<String>,
    #[serde(default)]
    skills: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursFile {
    days: Vec<String>,
    from: String,
    to: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LexiconFile {
    #[serde(default)]
    terms: Vec<TermFile>,
    #[serde(default)]
    synonym_sets: Vec<SetFile>,
}

#[derive(Deserialize)]
struct TermFile {
    text: String,
}

#[derive(Deserialize)]
struct SetFile {
    id: String,
    words: Vec<String>,
}

impl ProfileFile {
    fn into_policy(self) -> Result<Policy> {
        let default = default_policy();
        let hours: Result<Vec<WorkingHours>> = self.working_hours.iter().map(HoursFile::hours).collect();
        let hours = hours?;
        let departments = self.departments.into_iter().map(|(domain, name)| Department { domain, name });
        Ok(Policy {
            working_hours: if hours.is_empty() { default.working_hours } else { hours },
            queues: self.queues.into_iter().map(QueueFile::into_queue).collect(),
            departments: departments.collect(),
            texts: self.texts.into_texts(),
            opening_questions: self.opening_questions,
            sensitive_words: self.sensitive_words,
            calibration: self.calibration.into_policy(),
            ..default
        })
    }
}

impl CalibrationFile {
    fn into_policy(self) -> CalibrationPolicy {
        let default = CalibrationPolicy::default();
        CalibrationPolicy {
            wanted_precision: self.wanted_precision.unwrap_or(default.wanted_precision),
            unanswerable_share: self.unanswerable_share.unwrap_or(default.unanswerable_share),
        }
    }
}

impl TextsFile {
    fn into_texts(self) -> ReplyTexts {
        ReplyTexts {
            greeting: self.greeting,
            complaint_acknowledgement: self.complaint_acknowledgement,
            suggestion_thanks: self.suggestion_thanks,
            no_answer: self.no_answer,
            handoff: self.handoff,
            handoff_off_hours: self.handoff_off_hours,
            clarify: self.clarify,
            blocked: self.blocked,
        }
    }
}

impl QueueFile {
    fn into_queue(self) -> Queue {
        Queue { id: self.id, name: self.name, domains: self.domains, skills: self.skills }
    }
}

impl HoursFile {
    fn hours(&self) -> Result<WorkingHours> {
        let day = |name: &String| {
            let known = "must be mon, tue, wed, thu, fri, sat or sun";
            Weekday::from_name(name).ok_or_else(|| KnowledgeError::invalid("working_hours.days", known))
        };
        let days: Result<Vec<Weekday>> = self.days.iter().map(day).collect();
        Ok(WorkingHours { days: days?, from_minute: minute(&self.from)?, to_minute: minute(&self.to)? })
    }
}

/// Reads `HH:MM`, 00:00 to 24:00, as minutes after midnight.
fn minute(text: &str) -> Result<u16> {
    let parsed = text.split_once(':').and_then(|(hour, minute)| {
        let is_form = hour.len() == 2 && minute.len() == 2;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (is_form && minute < 60 && hour * 60 + minute <= 1440).then_some(hour * 60 + minute)
    });
    parsed.ok_or_else(|| KnowledgeError::invalid("working_hours", "times must be HH:MM, 00:00 to 24:00"))
}

fn parse<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|source| KnowledgeError::Malformed { what, source: Box::new(source) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> KnowledgeBaseId {
        KnowledgeBaseId::try_new("shop").expect("an id")
    }

    #[test]
    fn what_is_left_out_takes_the_default() {
        let base = read_profile(id(), r#"{"display_name": "店", "texts": {"greeting": "您好"}}"#).expect("a profile");
        let default = default_policy();
        let texts = ReplyTexts { greeting: "您好".to_owned(), ..default.texts.clone() };
        assert_eq!(base.policy, Policy { texts, ..default });
    }

    #[test]
    fn times_are_hours_and_minutes() {
        let check = |text: &str, want: Option<u16>| assert_eq!(minute(text).ok(), want, "{text}");
        check("00:00", Some(0));
        check("09:30", Some(570));
        check("24:00", Some(1440));
        for bad in ["24:01", "9:30", "09:60", "0930", "", "-1:00", "aa:bb"] {
            check(bad, None);
        }
    }

    #[test]
    fn slips_are_refused() {
        let check = |json: &str, want: &str| {
            let error = read_profile(id(), json).expect_err(json);
            let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert!(format!("{error} {source}").contains(want), "{error} {source}");
        };
        check(r#"{"display_name": "a", "qeues": []}"#, "unknown field `qeues`");
        check(r#"{"display_name": ""}"#, "display_name: must have 1 to 200");
        check(
            r#"{"display_name": "a", "working_hours": [{"days": ["monday"], "from": "09:00", "to": "10:00"}]}"#,
            "must be mon",
        );
        check(r#"{"display_name": "a", "texts": {"greeting": "{name}好"}}"#, "unknown slot {name}");
        check(r#"{"display_name": "a", "calibration": {"wanted_precision": 1.0}}"#, "wanted_precision: must be within");
    }

    #[test]
    fn a_lexicon_file_keeps_texts_and_drops_notes() {
        let json = r#"{"terms": [{"text": "花呗", "note": "x"}], "synonym_sets": [{"id": "refund", "words": ["退款", "退钱"]}]}"#;
        let lexicon = read_lexicon(json).expect("a lexicon");
        assert_eq!((lexicon.terms, lexicon.version), (vec!["花呗".to_owned()], 0));
        assert_eq!(lexicon.synonym_sets[0].words, ["退款", "退钱"]);
    }
}
