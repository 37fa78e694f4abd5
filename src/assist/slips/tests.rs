use std::collections::HashSet;

use super::*;
use crate::{
    domain::SynonymSet,
    text::{grams, normalize},
};

const WORDINGS: [&str; 5] =
    ["退款申请多久到账", "怎么取消自动续费", "公事包在哪里买", "流量用完以后限速吗", "信用卡账单日能改吗"];

fn mend(content: &str) -> Option<String> {
    let known: HashSet<u64> = WORDINGS.iter().flat_map(|text| grams(text)).map(gram_hash).collect();
    let set = SynonymSet { id: "refund".to_owned(), words: vec!["退款".to_owned(), "退前".to_owned()] };
    let overlay = Overlay::build(&[], &[set]).expect("a good lexicon");
    assert_eq!(normalize(content).as_str(), content);
    mended_by(&|gram| known.contains(&gram), &overlay, content)
}

#[test]
fn slips_are_mended_towards_what_the_base_writes() {
    for (typed, meant) in [
        ("退宽申请多久到账", "退款申请多久到账"),
        ("怎么取消自动序费", "怎么取消自动续费"),
        ("留量用完", "流量用完"),
        ("信用卡账单曰能改吗", "信用卡账单日能改吗"),
        ("信用卡帐单日能该吗", "信用卡账单日能改吗"),
    ] {
        assert_eq!(mend(typed).as_deref(), Some(meant), "{typed}");
    }
}

#[test]
fn a_word_of_the_same_sound_gives_way_where_its_neighbors_agree() {
    assert_eq!(mend("公式包在哪里买").as_deref(), Some("公事包在哪里买"));
    assert_eq!(mend("公式怎么算"), None);
}

#[test]
fn what_means_what_it_says_stays() {
    for text in [
        "怎么取消自动续费",
        "想把宽带退了",
        "怎么退前",
        "能改不改",
        "怎么注销账号",
        "iphone15多少钱",
        "退",
        "",
        "退款申请不久到账",
    ] {
        assert_eq!(mend(text), None, "{text}");
    }
}

#[test]
fn random_text_keeps_its_length_and_the_pairs_that_are_known() {
    let mut rng = fastrand::Rng::with_seed(23);
    let letters: Vec<char> = "退款宽申请情多久到账帐单日曰流留量能改该吗,a".chars().collect();
    let known: HashSet<u64> = WORDINGS.iter().flat_map(|text| grams(text)).map(gram_hash).collect();
    for _ in 0..2_000 {
        let text: String = (0..rng.usize(..12)).map(|_| letters[rng.usize(..letters.len())]).collect();
        let text = normalize(&text).as_str().to_owned();
        let Some(mended) = mend(&text) else { continue };
        assert_eq!(mended.chars().count(), text.chars().count(), "{text}");
        let pairs = |text: &str| text.chars().zip(text.chars().skip(1)).collect::<Vec<_>>();
        for ((a, b), (c, d)) in pairs(&text).into_iter().zip(pairs(&mended)) {
            assert!(!known.contains(&pair_hash(a, b)) || known.contains(&pair_hash(c, d)), "{text} {mended}");
        }
    }
}
