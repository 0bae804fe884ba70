//! One timer for many waits.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// Rings when a wait has lasted until it was due. It is set anew when it rings too early, not at each wait: most waits end
/// long before they are due, and the next is due later.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready once it is `due`.
    pub(crate) fn poll(&mut self, due: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let alarm = self.0.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if due < alarm.deadline() {
            alarm.as_mut().reset(due);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= due {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(due);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_rings_when_it_is_due_earlier_or_later_than_before() {
        let begun = Instant::now();
        let mut alarm = Alarm::default();
        // Not waited for: only set.
        let far = begun + Duration::from_secs(100);
        assert!(poll_fn(|cx| Poll::Ready(alarm.poll(far, cx))).await.is_pending());
        for seconds in [12, 13, 30] {
            let due = begun + Duration::from_secs(seconds);
            poll_fn(|cx| alarm.poll(due, cx)).await;
            assert_eq!(begun.elapsed().as_secs(), seconds);
        }
    }
}
