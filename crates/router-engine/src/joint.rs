//! Where the words of a model that continues an answer meet those that were already said.

/// From this length on, a model that says again what was said is taken to repeat it. Shorter beginnings come twice in honest
/// answers, too.
const REPEATED: usize = 32;

/// What the model that continues was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Continues {
    /// Go on after what was said.
    After,
    /// Answer afresh: only an answer that begins with what was said can be used.
    Afresh,
}

/// The answer differs from what was already said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Diverged;

/// Joins the words of the model that continues to what was said.
#[derive(Debug)]
pub(crate) struct Joint {
    continues: Continues,
    /// What was said.
    said: String,
    /// The length of `said` without the white space at its end, with which no model is asked to go on.
    solid: usize,
    /// What came and is not passed on yet, because it may still turn out to be a repetition.
    held: String,
    joined: bool,
}

impl Joint {
    pub(crate) fn new(continues: Continues, said: String) -> Self {
        let solid = said.trim_end().len();
        Self { continues, said, solid, held: String::new(), joined: false }
    }

    /// What of `piece` is new to the caller; empty as long as that is not known.
    pub(crate) fn join(&mut self, piece: &str) -> Result<String, Diverged> {
        if self.joined {
            return Ok(piece.to_owned());
        }
        self.held.push_str(piece);
        let more_to_come = |of: &str| self.held.len() < of.len() && of.starts_with(self.held.as_str());
        let repeating = self.may_repeat() && more_to_come(&self.said);
        let only_space = self.continues == Continues::After && more_to_come(&self.said[self.solid..]);
        if repeating || only_space { Ok(String::new()) } else { self.release() }
    }

    /// The model has stopped: what is still held back, if it can be used.
    pub(crate) fn end(&mut self) -> Result<String, Diverged> {
        if self.joined { Ok(String::new()) } else { self.release() }
    }

    fn may_repeat(&self) -> bool {
        self.continues == Continues::Afresh || self.said.len() >= REPEATED
    }

    fn release(&mut self) -> Result<String, Diverged> {
        let held = std::mem::take(&mut self.held);
        let repeated = if self.may_repeat() { held.strip_prefix(self.said.as_str()) } else { None };
        let new = match (repeated, self.continues) {
            (Some(rest), _) => rest,
            (None, Continues::Afresh) => return Err(Diverged),
            // The white space that was kept from the model is likely to be the first thing it says.
            (None, Continues::After) => &held[common(&held, &self.said[self.solid..])..],
        };
        self.joined = true;
        Ok(new.to_owned())
    }
}

/// The length of the longest common beginning.
fn common(one: &str, other: &str) -> usize {
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    same.map(|(character, _)| character.len_utf8()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the caller sees after `said`, however the continuation is cut into pieces.
    fn joined(continues: Continues, said: &str, continuation: &str) -> Result<String, Diverged> {
        let characters: Vec<char> = continuation.chars().collect();
        let mut results = (1..=characters.len().max(1)).map(|size| {
            let mut joint = Joint::new(continues, said.to_owned());
            let mut whole = said.to_owned();
            for piece in characters.chunks(size) {
                whole.push_str(&joint.join(&piece.iter().collect::<String>())?);
            }
            whole.push_str(&joint.end()?);
            Ok(whole)
        });
        let first = results.next().unwrap();
        assert!(results.all(|other| other == first), "{said:?} + {continuation:?} depends on the pieces");
        first
    }

    const LONG: &str = "The quick brown fox jumps over the lazy dog, and";

    #[test]
    fn a_continuation_follows() {
        use Continues::After;
        assert_eq!(joined(After, LONG, " then sleeps.").unwrap(), format!("{LONG} then sleeps."));
        assert_eq!(joined(After, LONG, "").unwrap(), LONG);
        assert_eq!(joined(After, "ha ", "ha ha").unwrap(), "ha ha ha");
        assert_eq!(joined(After, LONG, "The quick brown").unwrap(), format!("{LONG}The quick brown"));
        assert_eq!(joined(After, "日本", "語です").unwrap(), "日本語です");
    }

    #[test]
    fn white_space_that_was_kept_from_the_model_comes_once() {
        use Continues::After;
        for continuation in ["world", " world", " \nworld"] {
            assert_eq!(joined(After, "Hello \n", continuation).unwrap(), "Hello \nworld", "{continuation:?}");
        }
        assert_eq!(joined(After, "Hello", "\n\nworld").unwrap(), "Hello\n\nworld");
    }

    #[test]
    fn a_model_that_says_it_all_again_is_heard_from_where_it_is_new() {
        let whole = format!("{LONG} then sleeps.");
        for continues in [Continues::After, Continues::Afresh] {
            assert_eq!(joined(continues, LONG, &whole).unwrap(), whole);
            assert_eq!(joined(continues, LONG, LONG).unwrap(), LONG);
        }
    }

    #[test]
    fn another_answer_cannot_be_used_nor_one_that_ends_before_what_was_said() {
        for other in ["Foxes are quick.", "The quick brown cat", "The quick", ""] {
            assert_eq!(joined(Continues::Afresh, LONG, other), Err(Diverged), "{other:?}");
        }
    }
}
