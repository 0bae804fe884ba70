//! What a fault makes of the course of a stream.

use crate::answer::{Answer, Content, Finish};
use crate::fault::FaultKind;
use crate::part::{Block, Delta, Part};

/// A delta's size where it is to be huge.
const HUGE: usize = 2 << 20;

/// Changes the parts, and the answer's finish where the fault is one of it. Faults of the lines' form
/// ([`crate::sse`]) change nothing here.
pub(crate) fn play(fault: FaultKind, parts: &mut Vec<Part>, answer: &mut Answer) {
    match fault {
        FaultKind::SlowFirst(delay) => parts.insert(start(parts), Part::Wait(delay)),
        FaultKind::CutAfter(tokens) => end_with(parts, after(parts, tokens), [Part::Reset]),
        FaultKind::EndAfter(tokens) => end_with(parts, after(parts, tokens), []),
        FaultKind::StallAfter(tokens) => end_with(parts, after(parts, tokens), [Part::Stall]),
        FaultKind::ErrorAfter(tokens) => end_with(parts, after(parts, tokens), [Part::Error]),
        FaultKind::ErrorFirst => end_with(parts, start(parts), [Part::Error]),
        FaultKind::CutBody => {
            let tokens: u64 = parts.iter().map(Part::tokens).sum();
            end_with(parts, after(parts, tokens / 2), [Part::Cut]);
        }
        FaultKind::MalformedAfter(tokens) => parts.insert(after(parts, tokens), Part::Malformed),
        FaultKind::NoTerminator => parts.retain(|part| *part != Part::Done),
        FaultKind::ToolCut => cut_call(parts, answer, [Part::Reset]),
        FaultKind::ToolLength => {
            if matches!(answer.content, Content::Calls(_)) {
                answer.finish = Finish::Length;
            }
            let ending: Vec<_> = parts.iter().skip_while(|part| **part != Part::Finish).cloned().collect();
            cut_call(parts, answer, ending);
        }
        FaultKind::RepeatedFinish => parts.insert(finish(parts), Part::Finish),
        FaultKind::UsageBeforeFinish => {
            parts.retain(|part| *part != Part::Usage);
            parts.insert(finish(parts), Part::Usage);
        }
        FaultKind::UnknownEvents => before_tokens(parts, &Part::Unknown),
        FaultKind::Comments => before_tokens(parts, &Part::Comment),
        FaultKind::SplitUtf8 if matches!(answer.content, Content::Text(_)) => {
            after_last_delta(parts, Delta { text: " 日本語".to_owned(), token: false });
        }
        FaultKind::TwoMessageStarts => {
            let tokens: u64 = parts.iter().map(Part::tokens).sum();
            let begun = parts[..after(parts, tokens / 3)].to_vec();
            parts.splice(..0, begun);
        }
        FaultKind::HugeEvent => {
            // White space, so that a call's arguments stay what they are.
            after_last_delta(parts, Delta { text: " ".repeat(HUGE), token: false });
        }
        _ => {}
    }
}

/// The place of the first event.
fn start(parts: &[Part]) -> usize {
    parts.iter().position(|part| *part == Part::Start).unwrap_or(0)
}

/// The place of the finish.
fn finish(parts: &[Part]) -> usize {
    parts.iter().position(|part| *part == Part::Finish).unwrap_or(parts.len())
}

/// The place after so many tokens, all their deltas included; at most that of the last delta.
fn after(parts: &[Part], tokens: u64) -> usize {
    let mut seen = 0;
    let mut place = start(parts) + 1;
    for (at, part) in parts.iter().enumerate() {
        seen += part.tokens();
        if seen > tokens {
            break;
        }
        if matches!(part, Part::Delta(_) | Part::Open(Block::Call { .. })) {
            place = at + 1;
        }
    }
    place
}

fn end_with(parts: &mut Vec<Part>, place: usize, ending: impl IntoIterator<Item = Part>) {
    parts.truncate(place);
    parts.extend(ending);
}

/// Ends the last call in the middle of its arguments; an answer without calls stays whole.
fn cut_call(parts: &mut Vec<Part>, answer: &Answer, ending: impl IntoIterator<Item = Part>) {
    if !matches!(answer.content, Content::Calls(_)) {
        return;
    }
    let Some(call) = parts.iter().rposition(|part| matches!(part, Part::Open(Block::Call { .. }))) else { return };
    let deltas = parts[call..].iter().filter(|part| matches!(part, Part::Delta(_))).count();
    end_with(parts, call + 1 + deltas / 2, ending);
}

fn before_tokens(parts: &mut Vec<Part>, extra: &Part) {
    let with_extra = |part: Part| {
        let extra = (part.tokens() > 0).then(|| extra.clone());
        extra.into_iter().chain([part])
    };
    *parts = parts.drain(..).flat_map(with_extra).collect();
}

/// Adds to whatever the answer ends with.
fn after_last_delta(parts: &mut Vec<Part>, delta: Delta) {
    if let Some(last) = parts.iter().rposition(|part| matches!(part, Part::Delta(_))) {
        parts.insert(last + 1, Part::Delta(delta));
    }
}
