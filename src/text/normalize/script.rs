//! Traditional to Simplified, by the longest phrase of hanconv's tables (OpenCC).
//!
//! Must not touch Simplified text: nothing is looked up unless a character occurs that only Traditional text has. For
//! the same reason, of Taiwan's wording only phrases are replaced that hold such a character themselves and whose
//! meaning in a message to a service desk is plain: hanconv's whole table turns 查詢 into 查找 and 複製 into 拷贝.

use std::sync::LazyLock;

use hanconv::{RawDictionary, Trie};

use super::fold::Cell;

/// Keys of hanconv's Taiwan table that are replaced by the mainland's word.
const TAIWAN_WORDS: &[&str] = &[
    "網路",
    "網際網路",
    "區域網",
    "軟體",
    "硬體",
    "韌體",
    "螢幕",
    "觸控式螢幕",
    "簡訊",
    "視訊",
    "視訊通話",
    "訊息",
    "訊號",
    "資訊",
    "連結",
    "連線",
    "聯絡",
    "透過",
    "儲存",
    "傳送",
    "設定",
    "裝置",
    "記憶體",
    "隨身碟",
    "印表機",
    "掃描器",
    "筆記型電腦",
    "桌上型電腦",
    "檔案",
    "資料夾",
    "程式碼",
    "寬頻",
    "離線",
    "錄影",
    "觸控",
    "顯示卡",
    "行動電話",
    "行動網路",
    "行動硬碟",
    "計程車",
    "腳踏車",
    "簽帳金融卡",
    "飛航模式",
    "解除安裝",
    "開啟",
    "啟用",
    "來電轉接",
    "泡麵",
    "速食麵",
];

/// The word of address that OpenCC leaves alone.
const EXTRA_CHARACTERS: &[(&str, &str)] = &[("妳", "你")];

const BMP: usize = 0x1_0000;

static SCRIPT: LazyLock<Script> = LazyLock::new(Script::build);

struct Script {
    phrases: Trie<String>,
    /// One bit for each character of the basic plane that tells Traditional text.
    traditional: Vec<u64>,
}

/// Replaces Traditional script in place and tells whether anything changed.
pub(in crate::text) fn simplify(cells: &mut Vec<Cell>) -> bool {
    let script = &*SCRIPT;
    if !cells.iter().any(|cell| script.is_traditional(cell.ch)) {
        return false;
    }
    let mut out = Vec::with_capacity(cells.len());
    let mut i = 0;
    while i < cells.len() {
        match script.phrases.r#match(cells[i..].iter().map(|cell| cell.ch)) {
            Some((target, len)) => {
                replace(&cells[i..i + len], target, &mut out);
                i += len;
            }
            None => {
                out.push(cells[i]);
                i += 1;
            }
        }
    }
    let is_changed = out.len() != cells.len() || out.iter().zip(cells.iter()).any(|(new, old)| new.ch != old.ch);
    *cells = out;
    is_changed
}

/// Returns the Simplified form of one character; for scanning only, where lengths in characters must not change.
pub(in crate::text) fn simplify_char(c: char) -> char {
    let script = &*SCRIPT;
    if !script.is_traditional(c) {
        return c;
    }
    let target = script.phrases.r#match(std::iter::once(c)).and_then(|(target, _)| target.chars().next());
    target.unwrap_or(c)
}

impl Script {
    fn build() -> Self {
        let singles = || RawDictionary::TSCharacters.iter().chain(EXTRA_CHARACTERS.iter().copied());
        let simplified: Trie<&str> = RawDictionary::TSPhrases.iter().chain(singles()).collect();
        let taiwan = RawDictionary::TWPhrasesRev
            .iter()
            .filter(|(key, _)| TAIWAN_WORDS.contains(key))
            // A value may hold a capital (U盤), and case is folded before.
            .map(|(key, value)| (key, simplified.convert(value).to_lowercase()));
        let owned = |(key, value): (&'static str, &'static str)| (key, value.to_owned());
        let phrases = singles().chain(RawDictionary::TSPhrases.iter()).map(owned).chain(taiwan).collect();
        let mut script = Self { phrases, traditional: vec![0; BMP / 64] };
        for (key, value) in singles().filter(|(key, value)| key != value) {
            script.mark(key, value);
        }
        // A few phrases change without such a character (回覆): the one that changes is made to tell.
        for (key, value) in RawDictionary::TSPhrases.iter().filter(|(key, value)| key != value) {
            if !key.chars().any(|c| script.is_traditional(c)) {
                script.mark(key, value);
            }
        }
        script
    }

    fn mark(&mut self, key: &str, value: &str) {
        let differs = key.chars().zip(value.chars()).find(|(old, new)| old != new);
        if let Some(code) = differs.map(|(old, _)| old as usize).filter(|code| *code < BMP) {
            self.traditional[code / 64] |= 1 << (code % 64);
        }
    }

    fn is_traditional(&self, c: char) -> bool {
        let code = c as usize;
        if code < BMP { self.traditional[code / 64] >> (code % 64) & 1 == 1 } else { true }
    }
}

/// Pairs the characters where the counts agree; otherwise each new character stands for the whole phrase.
fn replace(source: &[Cell], target: &str, out: &mut Vec<Cell>) {
    if target.chars().count() == source.len() {
        out.extend(source.iter().zip(target.chars()).map(|(cell, ch)| Cell { ch, ..*cell }));
    } else {
        let (from, to) = (source[0].from, source[source.len() - 1].to);
        out.extend(target.chars().map(|ch| Cell { ch, from, to }));
    }
}
