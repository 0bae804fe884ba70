//! What every store must do, written over the traits. A back end runs all of it with one line: `all_contracts!(each)`, where
//! `each!` makes a test of every name, on a fresh store.

use router_core::id::{RequestId, TenantId};
use router_core::price::Cost;
use router_core::prompt_type::PromptType;
use router_store::error::StoreError;
use router_store::feedback::{Feedback, FeedbackFilter, FeedbackStore};
use router_store::health::StoreHealth;
use router_store::page::{Page, PageRequest};
use router_store::record::{RequestFilter, RequestLog, RequestRecord, RequestStatus};
use router_store::run::{EvalRun, RunStatus, RunStore};
use router_store::score::{EvalScore, ScoreFilter, ScoreStore};

use crate::samples::{self, bare_record, id, intent, record};

/// Hands the names of all tests to a macro.
macro_rules! all_contracts {
    ($each:ident) => {
        $each! {
            contract::a_record_comes_back_as_it_was,
            contract::text_of_any_kind_and_length_comes_back,
            contract::a_batch_can_be_written_twice,
            contract::a_known_outcome_replaces_an_unknown_one_and_stays,
            contract::a_batch_is_written_whole_or_not_at_all,
            contract::an_id_without_a_time_is_refused,
            contract::of_more_tokens_than_can_be_counted_usage_and_cost_are_unknown,
            contract::tenants_do_not_see_each_other,
            contract::filters_hold_together,
            contract::pages_have_no_gap_and_no_double_while_records_arrive,
            contract::page_limits_are_clamped,
            contract::feedback_comes_back_as_it_was,
            contract::feedback_is_filtered_paged_and_kept_once,
            contract::a_rating_outside_one_to_five_is_refused,
            contract::scores_come_back_as_they_were,
            contract::scores_are_filtered_paged_and_kept_once,
            contract::a_score_outside_zero_to_one_is_refused,
            contract::runs_come_back_with_what_they_have_scored,
            contract::a_ping_is_answered,
            accounts::tenants_users_and_keys_come_back_as_they_were,
            accounts::who_does_not_exist_owns_nothing,
            accounts::every_change_that_replicas_keep_in_memory_raises_the_revision,
            accounts::revocations_matter_until_they_expire,
            accounts::overrides_are_changed_with_who_did_so_or_not_at_all,
            accounts::a_change_is_written_down_or_not_made,
            accounts::the_ledger_is_charged_once_and_corrected,
            accounts::hourly_sums_are_counted_once_and_corrected,
            accounts::old_records_are_forgotten_in_small_steps_and_the_ledger_is_not,
        }
    };
}
pub(crate) use all_contracts;

const ALL: PageRequest = PageRequest { limit: PageRequest::MOST, before: None };

/// As a list shows it.
fn listed(record: &RequestRecord) -> RequestRecord {
    RequestRecord { prompt: None, response: None, ..record.clone() }
}

fn ids(page: &Page<RequestRecord>) -> Vec<RequestId> {
    page.items.iter().map(|record| record.id).collect()
}

pub(crate) async fn a_record_comes_back_as_it_was(store: &impl RequestLog) {
    let records = [record(id()), bare_record(id()), RequestRecord::outcome_unknown(intent(id()))];
    store.append(&records).await.unwrap();
    for record in &records {
        assert_eq!(store.get(None, record.id).await.unwrap().as_ref(), Some(record));
    }
    let page = store.list(&RequestFilter::default(), ALL).await.unwrap();
    assert_eq!(page.items, records.iter().rev().map(listed).collect::<Vec<_>>());
    assert_eq!(page.next, None);
    assert_eq!(store.get(None, id()).await.unwrap(), None);
    store.append(&[]).await.unwrap();
}

pub(crate) async fn text_of_any_kind_and_length_comes_back(store: &impl RequestLog) {
    let texts = [
        "",
        "'; DROP TABLE requests; --",
        "\u{202e}עברית 漢字 e\u{301} 👩‍👩‍👧 \u{10ffff}\u{feff}\r\n\t\\\"",
        &"ß".repeat(1 << 20),
    ];
    for text in texts {
        let mut record = record(id());
        (record.prompt, record.response) = (Some(text.to_owned()), Some(text.to_owned()));
        record.metadata = Some(serde_json::json!({ text: [text] }));
        // Names are in indexes, so they are short.
        let name: String = text.chars().take(200).collect();
        (record.tenant, record.model_id) = (name.as_str().into(), Some(name.as_str().into()));
        store.append(std::slice::from_ref(&record)).await.unwrap();
        let found = store.get(Some(&record.tenant), record.id).await.unwrap();
        assert!(found.as_ref() == Some(&record), "{} bytes", text.len());
    }
}

pub(crate) async fn a_batch_can_be_written_twice(store: &impl RequestLog) {
    let batch: Vec<_> = (0..20).map(|_| record(id())).collect();
    store.append(&batch).await.unwrap();
    let changed = batch.iter().map(|old| RequestRecord { status: RequestStatus::Cancelled, ..old.clone() });
    store.append(&changed.collect::<Vec<_>>()).await.unwrap();
    store.append(&[&batch[..], &batch[..]].concat()).await.unwrap();
    let page = store.list(&RequestFilter::default(), ALL).await.unwrap();
    assert_eq!(page.items, batch.iter().rev().map(listed).collect::<Vec<_>>());
}

pub(crate) async fn a_known_outcome_replaces_an_unknown_one_and_stays(store: &impl RequestLog) {
    let known = RequestRecord { id: id(), ..record(id()) };
    let unknown = RequestRecord::outcome_unknown(intent(known.id));
    for (written, expected) in [(&unknown, &unknown), (&unknown, &unknown), (&known, &known), (&unknown, &known)] {
        store.append(std::slice::from_ref(written)).await.unwrap();
        assert_eq!(store.get(None, known.id).await.unwrap().as_ref(), Some(expected));
    }
    // In one batch too, in either order.
    for swapped in [false, true] {
        let known = record(id());
        let mut batch = [RequestRecord::outcome_unknown(intent(known.id)), known.clone()];
        if swapped {
            batch.reverse();
        }
        store.append(&batch).await.unwrap();
        assert_eq!(store.get(None, known.id).await.unwrap(), Some(known));
    }
}

/// Its id does not say when.
fn impossible() -> RequestRecord {
    record(RequestId(uuid::Uuid::nil()))
}

pub(crate) async fn of_more_tokens_than_can_be_counted_usage_and_cost_are_unknown(store: &impl RequestLog) {
    let mut absurd = record(id());
    absurd.usage.as_mut().unwrap().output.0 = u64::MAX;
    absurd.attempts[0].usage = absurd.usage;
    store.append(std::slice::from_ref(&absurd)).await.unwrap();
    let stored = store.get(None, absurd.id).await.unwrap();
    assert_eq!(stored, Some(RequestRecord { usage: None, cost: Cost::Unpriced, ..absurd }));
}

pub(crate) async fn a_batch_is_written_whole_or_not_at_all(store: &impl RequestLog) {
    let good = record(id());
    let refused = store.append(&[good.clone(), impossible()]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
    assert_eq!(store.get(None, good.id).await.unwrap(), None);
    store.append(&[good]).await.unwrap();
}

pub(crate) async fn an_id_without_a_time_is_refused(store: &impl RequestLog) {
    let refused = store.append(&[impossible()]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
}

pub(crate) async fn tenants_do_not_see_each_other(store: &(impl RequestLog + FeedbackStore + ScoreStore)) {
    let mine = record(id());
    let theirs = RequestRecord { tenant: "evil".into(), ..record(id()) };
    store.append(&[mine.clone(), theirs.clone()]).await.unwrap();
    let me: TenantId = "acme".into();
    assert_eq!(store.get(Some(&me), mine.id).await.unwrap(), Some(mine.clone()));
    assert_eq!(store.get(Some(&me), theirs.id).await.unwrap(), None);
    let filter = RequestFilter { tenant: Some(me.clone()), ..RequestFilter::default() };
    assert_eq!(ids(&RequestLog::list(store, &filter, ALL).await.unwrap()), [mine.id]);
    // What another tenant says of my request is still theirs.
    let feedback = Feedback { request_id: Some(mine.id), ..samples::feedback("evil") };
    let score = EvalScore { request_id: Some(mine.id), ..samples::score("evil") };
    FeedbackStore::add(store, &feedback).await.unwrap();
    ScoreStore::add(store, &score).await.unwrap();
    let filter = FeedbackFilter { tenant: Some(me.clone()), request_id: Some(mine.id), ..FeedbackFilter::default() };
    assert_eq!(FeedbackStore::list(store, &filter, ALL).await.unwrap().items, []);
    let filter = ScoreFilter { tenant: Some(me), request_id: Some(mine.id), ..ScoreFilter::default() };
    assert_eq!(ScoreStore::list(store, &filter, ALL).await.unwrap().items, []);
}

pub(crate) async fn filters_hold_together(store: &impl RequestLog) {
    let mut records = Vec::new();
    for tenant in ["a", "b"] {
        for model in ["x", "y"] {
            for prompt_type in [PromptType::General, PromptType::Analysis] {
                for status in RequestStatus::ALL {
                    let (tenant, model_id) = (tenant.into(), Some(model.into()));
                    records.push(RequestRecord { tenant, model_id, prompt_type, status, ..record(id()) });
                }
            }
        }
    }
    store.append(&records).await.unwrap();
    for chosen in 0..16 {
        let choose = |bit: u32| chosen & (1 << bit) != 0;
        let filter = RequestFilter {
            tenant: choose(0).then(|| "b".into()),
            model_id: choose(1).then(|| "x".into()),
            prompt_type: choose(2).then_some(PromptType::Analysis),
            status: choose(3).then_some(RequestStatus::Cancelled),
        };
        let expected = records.iter().rev().filter(|record| {
            filter.tenant.as_ref().is_none_or(|tenant| *tenant == record.tenant)
                && (filter.model_id.is_none() || filter.model_id == record.model_id)
                && filter.prompt_type.is_none_or(|kind| kind == record.prompt_type)
                && filter.status.is_none_or(|status| status == record.status)
        });
        let expected: Vec<_> = expected.map(|record| record.id).collect();
        assert_eq!(expected.len(), 32 >> (chosen & 7_u32).count_ones() >> if choose(3) { 2 } else { 0 });
        assert_eq!(ids(&store.list(&filter, ALL).await.unwrap()), expected, "{filter:?}");
    }
}

pub(crate) async fn pages_have_no_gap_and_no_double_while_records_arrive(store: &impl RequestLog) {
    let first: Vec<_> = (0..25).map(|_| record(id())).collect();
    store.append(&first).await.unwrap();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store.list(&RequestFilter::default(), PageRequest { limit: 5, before }).await.unwrap();
        assert_eq!(page.items.len(), 5);
        seen.extend(ids(&page));
        store.append(&[record(id()), record(id())]).await.unwrap();
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, first.iter().rev().map(|record| record.id).collect::<Vec<_>>());
}

pub(crate) async fn page_limits_are_clamped(store: &impl RequestLog) {
    let records: Vec<_> = (0..PageRequest::MOST + 1).map(|_| bare_record(id())).collect();
    store.append(&records).await.unwrap();
    for (limit, expected) in [(0, 1), (1, 1), (u32::MAX, PageRequest::MOST as usize)] {
        let page = store.list(&RequestFilter::default(), PageRequest { limit, before: None }).await.unwrap();
        assert_eq!(page.items.len(), expected);
        assert_eq!(page.next, page.items.last().map(|record| record.id));
    }
}

pub(crate) async fn feedback_comes_back_as_it_was(store: &impl FeedbackStore) {
    let whole = samples::feedback("acme");
    let bare = Feedback {
        id: id(),
        key: None,
        request_id: None,
        unresolved: true,
        prompt_type: None,
        category: None,
        comment: None,
        prompt: None,
        response: None,
        ..whole.clone()
    };
    for feedback in [&whole, &bare] {
        store.add(feedback).await.unwrap();
    }
    assert_eq!(store.list(&FeedbackFilter::default(), ALL).await.unwrap().items, [bare, whole]);
}

pub(crate) async fn feedback_is_filtered_paged_and_kept_once(store: &impl FeedbackStore) {
    let one = samples::feedback("acme");
    let two = Feedback { model_id: "claude-opus-4.8".into(), ..samples::feedback("acme") };
    for feedback in [&one, &two, &one, &Feedback { rating: 1, ..one.clone() }] {
        store.add(feedback).await.unwrap();
    }
    let all = FeedbackFilter { tenant: Some("acme".into()), ..FeedbackFilter::default() };
    let page = store.list(&all, PageRequest { limit: 1, before: None }).await.unwrap();
    assert_eq!((page.items, page.next), (vec![two.clone()], Some(two.id)));
    let page = store.list(&all, PageRequest { limit: 1, before: page.next }).await.unwrap();
    assert_eq!((page.items, page.next), (vec![one.clone()], None));
    let of_model = FeedbackFilter { model_id: Some(one.model_id.clone()), ..FeedbackFilter::default() };
    let of_request = FeedbackFilter { request_id: one.request_id, ..FeedbackFilter::default() };
    for filter in [of_model, of_request] {
        assert_eq!(store.list(&filter, ALL).await.unwrap().items, std::slice::from_ref(&one));
    }
}

pub(crate) async fn a_rating_outside_one_to_five_is_refused(store: &impl FeedbackStore) {
    for rating in [0, 6, 255] {
        let refused = store.add(&Feedback { rating, ..samples::feedback("acme") }).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
    }
    assert_eq!(store.list(&FeedbackFilter::default(), ALL).await.unwrap().items, []);
}

pub(crate) async fn scores_come_back_as_they_were(store: &impl ScoreStore) {
    let bare = samples::score("acme");
    let whole = EvalScore {
        id: id(),
        request_id: Some(id()),
        unresolved: false,
        prompt_type: Some(PromptType::CodeGeneration),
        comment: Some("好".to_owned()),
        prompt: Some("p".to_owned()),
        response: Some("r".to_owned()),
        ..bare.clone()
    };
    for score in [&bare, &whole] {
        store.add(score).await.unwrap();
    }
    assert_eq!(store.list(&ScoreFilter::default(), ALL).await.unwrap().items, [whole, bare]);
}

pub(crate) async fn scores_are_filtered_paged_and_kept_once(store: &impl ScoreStore) {
    let one = EvalScore { request_id: Some(id()), ..samples::score("acme") };
    let two = EvalScore { model_id: "gpt-4o".into(), ..samples::score("acme") };
    for score in [&one, &two, &one, &EvalScore { score: 0.0, ..one.clone() }] {
        store.add(score).await.unwrap();
    }
    let all = ScoreFilter { tenant: Some("acme".into()), ..ScoreFilter::default() };
    let page = store.list(&all, PageRequest { limit: 1, before: None }).await.unwrap();
    assert_eq!((page.items, page.next), (vec![two.clone()], Some(two.id)));
    let page = store.list(&all, PageRequest { limit: 1, before: page.next }).await.unwrap();
    assert_eq!((page.items, page.next), (vec![one.clone()], None));
    let of_model = ScoreFilter { model_id: Some(one.model_id.clone()), ..ScoreFilter::default() };
    let of_request = ScoreFilter { request_id: one.request_id, ..ScoreFilter::default() };
    for filter in [of_model, of_request] {
        assert_eq!(store.list(&filter, ALL).await.unwrap().items, std::slice::from_ref(&one));
    }
}

pub(crate) async fn a_score_outside_zero_to_one_is_refused(store: &impl ScoreStore) {
    for score in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let refused = store.add(&EvalScore { score, ..samples::score("acme") }).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
    }
}

pub(crate) async fn a_ping_is_answered(store: &impl StoreHealth) {
    store.ping().await.unwrap();
}

pub(crate) async fn runs_come_back_with_what_they_have_scored(store: &(impl RunStore + ScoreStore)) {
    let (ours, theirs) = (TenantId::from("acme"), TenantId::from("evil"));
    let begun = |tenant: &TenantId, total| EvalRun {
        id: id(),
        tenant: tenant.clone(),
        name: "nightly \u{1f319}".to_owned(),
        status: RunStatus::Running,
        total,
        scored: 0,
        message: None,
        started_at: samples::score("acme").created_at,
        ended_at: None,
    };
    let (first, second, other) = (begun(&ours, Some(3)), begun(&ours, None), begun(&theirs, None));
    for run in [&first, &second, &other] {
        store.put_run(run).await.unwrap();
    }
    let score = |run: &EvalRun| EvalScore { run_id: Some(run.id), ..samples::score("acme") };
    let scores = [score(&first), score(&first), score(&second), samples::score("acme")];
    for score in &scores {
        ScoreStore::add(store, score).await.unwrap();
    }
    let counted = EvalRun { scored: 2, ..first.clone() };
    assert_eq!(store.run(Some(&ours), first.id).await.unwrap(), Some(counted.clone()));
    assert_eq!(store.run(Some(&theirs), first.id).await.unwrap(), None);
    assert_eq!(store.run(None, id()).await.unwrap(), None);
    let ended = EvalRun {
        status: RunStatus::Failed,
        message: Some("the judge left".into()),
        ended_at: Some(first.started_at),
        ..counted
    };
    store.put_run(&ended).await.unwrap();
    let page = |before, limit| PageRequest { limit, before };
    let runs = store.runs(Some(&ours), page(None, 1)).await.unwrap();
    assert_eq!((runs.items, runs.next), (vec![EvalRun { scored: 1, ..second.clone() }], Some(second.id)));
    let runs = store.runs(Some(&ours), page(runs.next, 5)).await.unwrap();
    assert_eq!((runs.items, runs.next), (vec![ended], None));
    assert_eq!(store.runs(None, page(None, 5)).await.unwrap().items.len(), 3);
    let of_first = ScoreFilter { run_id: Some(first.id), ..ScoreFilter::default() };
    let found = ScoreStore::list(store, &of_first, page(None, 5)).await.unwrap().items;
    assert_eq!(found, [scores[1].clone(), scores[0].clone()]);
}
