use std::time::Duration;

use super::*;
use crate::{
    domain,
    text::{look_alikes, normalize, syllables},
};

const WORDS: &str = "# frequent words\n公式\n公事\n退\n款\n宽\n推\n货\n或\n快\n块\n怎\n么\n申请\n深情\n";

const FILLERS: &str = include_str!("../../../../data/noise/fillers.txt");

const TEXTS: [&str; 6] =
    ["怎么申请退款？", "信用卡账单日能改吗", "5.4寸的屏幕碎了，保修吗", "wifi密码忘了", "能开发票吗!", "退款多久到"];

/// The texts with noise, twenty times each, and whether the same seed gives the same.
fn noisy(kind: NoiseKind) -> Vec<(&'static str, String)> {
    let maker = NoiseMaker::new(WORDS, FILLERS).expect("good lists");
    let all = || -> Vec<(&'static str, String)> {
        let mut rng = fastrand::Rng::with_seed(3);
        let texts = TEXTS.into_iter().cycle().take(20 * TEXTS.len());
        texts.map(|text| (text, maker.noisy(kind, text, &mut rng))).collect()
    };
    let made = all();
    assert_eq!(made, all(), "the same seed, the same noise");
    made
}

#[test]
fn kinds_have_names_that_lead_back() {
    for kind in NoiseKind::ALL {
        assert_eq!(NoiseKind::from_name(kind.name()), Some(kind));
        assert_eq!(
            NoiseMaker::new("", FILLERS)
                .expect("a good list")
                .noisy(kind, "", &mut fastrand::Rng::with_seed(1))
                .is_empty(),
            !adds(kind)
        );
    }
    assert_eq!(NoiseKind::from_name("nonsense"), None);
}

/// Whether a kind says something where nothing is said.
fn adds(kind: NoiseKind) -> bool {
    matches!(kind, NoiseKind::RepeatedPunctuation | NoiseKind::Greeting | NoiseKind::Fillers)
}

#[test]
fn traditional_script_is_the_other_script() {
    let made = noisy(NoiseKind::Traditional);
    assert_eq!(made[0].1, "怎麼申請退款？");
    assert_eq!(made[1].1, "信用卡賬單日能改嗎");
}

#[test]
fn full_width_leaves_no_ascii() {
    let made = noisy(NoiseKind::FullWidth);
    assert!(made.iter().all(|(_, noisy)| !noisy.contains(|c: char| c.is_ascii())), "{made:?}");
    assert_eq!((made[3].1.as_str(), made[4].1.as_str()), ("ｗｉｆｉ密码忘了", "能开发票吗！"));
    assert_eq!(made[5].1, made[5].0, "nothing to widen");
}

#[test]
fn pinyin_stands_in_brackets_after_its_word() {
    let mut styles = std::collections::BTreeSet::new();
    for (text, noisy) in self::noisy(NoiseKind::BracketedPinyin) {
        let open = noisy.find(['(', '（', '[', '【']).unwrap_or_else(|| panic!("{noisy}"));
        let close = noisy.find([')', '）', ']', '】']).unwrap_or_else(|| panic!("{noisy}"));
        let close_len = noisy[close..].chars().next().map_or(0, char::len_utf8);
        assert_eq!(format!("{}{}", &noisy[..open], &noisy[close + close_len..]), text);
        let inside = &noisy[open..close];
        let letters: String = inside.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
        let word = noisy[..open].chars().next_back().map(String::from).unwrap_or_default();
        let last = syllables(&word)[0];
        let is_marked = !inside.chars().skip(1).all(|c| c.is_ascii());
        assert!(is_marked || letters.ends_with(last), "{noisy}");
        styles.insert((is_marked, inside.contains(' '), inside.contains(|c: char| c.is_ascii_digit())));
    }
    assert!(styles.len() >= 5, "{styles:?}");
}

#[test]
fn marks_are_repeated_and_nothing_else() {
    let words = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    for (text, noisy) in self::noisy(NoiseKind::RepeatedPunctuation) {
        assert_eq!(words(&noisy), words(text));
        assert!(noisy.contains("5.4") == text.contains("5.4"), "{noisy}");
        let last: Vec<char> = noisy.chars().rev().take(2).collect();
        assert!(noisy.len() > text.len() && last.iter().all(|c| !c.is_alphanumeric()), "{noisy}");
    }
}

#[test]
fn greetings_stand_around_the_question() {
    let made = noisy(NoiseKind::Greeting);
    let bare = |text: &str| text.trim_end_matches(['。', '，']).to_owned();
    assert!(made.iter().all(|(text, noisy)| noisy.contains(&bare(text)) && noisy.len() > text.len()));
    let share = |is_so: &dyn Fn(&str, &str) -> bool| made.iter().filter(|(text, noisy)| is_so(text, noisy)).count();
    assert!(share(&|text, noisy| !noisy.starts_with(text)) > 60 && share(&|text, noisy| !noisy.ends_with(text)) > 40);
}

#[test]
fn slips_of_sound_sound_alike() {
    let mut whole_words = 0;
    for (text, noisy) in self::noisy(NoiseKind::Homophone) {
        assert_eq!(syllables(text), syllables(&noisy), "{text} {noisy}");
        let wrong = text.chars().zip(noisy.chars()).filter(|(a, b)| a != b).count();
        assert!(wrong <= 2 && text.chars().count() == noisy.chars().count(), "{noisy}");
        whole_words += usize::from(noisy.contains("深情"));
    }
    assert!(whole_words > 3, "申请 has a word of its sound");
    let made = noisy(NoiseKind::Homophone);
    assert!(made.iter().filter(|(text, noisy)| text.contains("退款") && text != noisy).count() > 30);
}

#[test]
fn slips_of_shape_are_of_the_table() {
    let made = noisy(NoiseKind::LookAlike);
    for (text, noisy) in &made {
        let wrong: Vec<(char, char)> = text.chars().zip(noisy.chars()).filter(|(a, b)| a != b).collect();
        assert!(wrong.len() <= 1 && text.chars().count() == noisy.chars().count(), "{noisy}");
        assert!(wrong.iter().all(|(a, b)| look_alikes(*a).contains(b)), "{noisy}");
    }
    assert!(made.iter().filter(|(text, noisy)| text != noisy).count() > 80);
}

#[test]
fn fillers_stand_between_the_words() {
    for (text, noisy) in self::noisy(NoiseKind::Fillers) {
        let mut rest = noisy.chars();
        assert!(text.chars().all(|c| rest.any(|other| other == c)), "{text} is still said in {noisy}");
        assert!(noisy.chars().count() >= text.chars().count() + 15, "{noisy}");
        assert!(!noisy.starts_with(text) && !noisy.ends_with(text), "{noisy}");
        assert!(!text.contains("wifi") || noisy.contains("wifi"), "words stay whole: {noisy}");
    }
    let listed = FILLERS.lines().filter_map(|line| line.split_once(' '));
    let mut fillers: Vec<&str> = listed.filter(|(place, _)| *place != "#").map(|(_, filler)| filler).collect();
    fillers.sort_unstable();
    fillers.dedup();
    assert!(fillers.len() >= 80 && fillers.iter().all(|filler| !normalize(filler).is_empty()));
}

fn asked(is_answerable: bool, rank: Option<usize>, is_answered: bool) -> Asked {
    Asked {
        is_answerable,
        rank,
        confidence: 0.5,
        outcome: domain::Outcome::Answered,
        is_answered,
        is_answered_right: is_answered && rank == Some(1),
        first: None,
        answer: None,
        is_second_stage: false,
        cpu: Duration::ZERO,
    }
}

#[test]
fn figures_are_of_the_same_questions() {
    let right = || asked(true, Some(1), true);
    let wrong = || asked(true, Some(3), true);
    let pairs = [
        (right(), right()),
        (right(), wrong()),
        (right(), asked(true, None, false)),
        (wrong(), right()),
        (asked(false, None, false), asked(false, None, true)),
    ];
    let report = noise_report(NoiseKind::Homophone, &pairs);
    assert_eq!((report.changed, report.answerable), (5, 4));
    assert_eq!((report.r1.clean, report.r1.noisy, report.r1.difference.value), (0.75, 0.5, -0.25));
    assert!(!report.is_met && report.r1.difference.low < -0.25 && report.r1.difference.high > -0.25);
    assert_eq!((report.coverage_at_policy.clean, report.coverage_at_policy.noisy), (1.0, 0.75));
    assert_eq!((report.precision_at_policy.clean, report.precision_at_policy.noisy), (0.75, 0.5));
    assert_eq!((report.fa_at_policy.clean, report.fa_at_policy.noisy), (0.0, 1.0));
    assert!(noise_report(NoiseKind::FullWidth, &pairs[..1]).is_met);
    assert_eq!(noise_report(NoiseKind::FullWidth, &[]).r1.noisy, 0.0);
}
