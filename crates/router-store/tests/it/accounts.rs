//! Who may call, and what they spent: what every store must do.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use router_core::grants::{Account, Budget, BudgetPeriod, KeepText, Limits, Rate};
use router_core::id::RequestId;
use router_core::price::Cost;
use router_core::principal::Role;
use router_core::usd::Usd;
use router_store::audit::{AdminAction, AuditLog};
use router_store::error::StoreError;
use router_store::keys::{ApiKey, KeyStore};
use router_store::overrides::{Override, OverrideStore};
use router_store::page::PageRequest;
use router_store::record::{RequestFilter, RequestLog, RequestRecord, RequestStatus};
use router_store::retention::Retention;
use router_store::revision::Revision;
use router_store::sessions::{Revocation, RevocationStore};
use router_store::spending::{Spending, SpendingLedger};
use router_store::statistics::{Statistic, StatisticsFilter, StatisticsStore};
use router_store::tenants::{Tenant, TenantStore};
use router_store::users::{User, UserStore};
use serde_json::json;

use crate::samples::{id, intent, record};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn limits() -> Limits {
    let rate = |per_minute| Some(Rate { per_minute, burst: 7 });
    Limits { requests: rate(60), tokens: rate(100_000), concurrent: Some(3) }
}

fn budgets() -> Vec<Budget> {
    vec![Budget { period: BudgetPeriod::Month, limit: Usd::from_dollars(12.5), strict: true }]
}

fn tenant(name: &str) -> Tenant {
    Tenant {
        id: name.into(),
        name: format!("{name}, Inc. ☂"),
        limits: limits(),
        budgets: budgets(),
        keep_text: Some(KeepText::Redacted),
        created_at: at(0),
        disabled_at: None,
    }
}

fn user(name: &str) -> User {
    User {
        id: name.into(),
        tenant: "acme".into(),
        email: format!("{name}@example.org"),
        password_hash: Some("$argon2id$…".to_owned()),
        role: Role::Analyst,
        limits: Limits::default(),
        budgets: Vec::new(),
        created_at: at(1),
        disabled_at: Some(at(2)),
        sessions_valid_from: at(3),
    }
}

fn key(name: &str) -> ApiKey {
    ApiKey {
        id: name.into(),
        digest: [7; 32],
        tenant: "acme".into(),
        user: None,
        name: "the key".to_owned(),
        role: Role::Caller,
        allowed_models: Some(vec!["gpt-4o".into()]),
        allowed_providers: None,
        limits: limits(),
        budgets: budgets(),
        keep_text: None,
        tags: vec!["search".to_owned()],
        created_at: at(4),
        expires_at: Some(at(5)),
        revoked_at: None,
    }
}

pub(crate) async fn tenants_users_and_keys_come_back_as_they_were<S: TenantStore + UserStore + KeyStore>(store: &S) {
    store.put_tenant(&tenant("acme"), &done()).await.unwrap();
    store.put_user(&user("ann"), &done()).await.unwrap();
    store.put_key(&key("k1"), &done()).await.unwrap();
    store.put_key(&ApiKey { user: Some("ann".into()), created_at: at(6), ..key("k0") }, &done()).await.unwrap();
    assert_eq!(store.tenants().await.unwrap(), [tenant("acme")]);
    assert_eq!(store.users().await.unwrap(), [user("ann")]);
    let revoked = ApiKey { revoked_at: Some(at(9)), allowed_models: None, ..key("k1") };
    store.put_key(&revoked, &done()).await.unwrap();
    let keys = store.keys().await.unwrap();
    assert_eq!(keys[0], revoked, "the later word counts");
    assert_eq!((keys.len(), keys[1].id.as_str()), (2, "k0"), "oldest first");
}

pub(crate) async fn who_does_not_exist_owns_nothing<S: TenantStore + UserStore + KeyStore>(store: &S) {
    let refused =
        |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Refused { .. })), "{result:?}");
    refused(store.put_key(&key("k1"), &done()).await);
    refused(store.put_user(&user("ann"), &done()).await);
    store.put_tenant(&tenant("acme"), &done()).await.unwrap();
    store.put_user(&user("ann"), &done()).await.unwrap();
    refused(store.put_user(&User { id: "bob".into(), ..user("ann") }, &done()).await);
    refused(store.put_key(&ApiKey { user: Some("nobody".into()), ..key("k1") }, &done()).await);
}

pub(crate) async fn every_change_that_replicas_keep_in_memory_raises_the_revision<S>(store: &S)
where
    S: TenantStore + UserStore + KeyStore + RevocationStore + OverrideStore + Revision + AuditLog,
{
    let mut last = store.revision().await.unwrap();
    macro_rules! raises {
        ($change:expr) => {
            $change.await.unwrap();
            let now = store.revision().await.unwrap();
            assert!(now > last, "{}", stringify!($change));
            last = now;
        };
    }
    raises!(store.put_tenant(&tenant("acme"), &done()));
    raises!(store.put_user(&user("ann"), &done()));
    raises!(store.put_key(&key("k1"), &done()));
    raises!(store.revoke(&Revocation { token: "t".to_owned(), until: at(10) }));
    let change = Override { path: "a.b".to_owned(), value: json!(1), actor: "cli".to_owned(), at: at(0) };
    raises!(store.change(&[change], &[], &[]));
    raises!(store.change(&[], &["a.b".to_owned()], &[]));
    assert_eq!(store.revision().await.unwrap(), last, "nothing has changed");
}

pub(crate) async fn revocations_matter_until_they_expire(store: &impl RevocationStore) {
    let of = |token: &str, until| Revocation { token: token.to_owned(), until: at(until) };
    for revocation in [of("b", 20), of("a", 10), of("a", 99)] {
        store.revoke(&revocation).await.unwrap();
    }
    assert_eq!(store.revocations(at(9)).await.unwrap(), [of("a", 10), of("b", 20)], "the first word counts");
    assert_eq!(store.revocations(at(10)).await.unwrap(), [of("b", 20)]);
}

pub(crate) async fn overrides_are_changed_with_who_did_so_or_not_at_all(store: &(impl OverrideStore + AuditLog)) {
    let of = |path: &str, value| Override { path: path.to_owned(), value, actor: "user:ann".to_owned(), at: at(1) };
    let (first, second) = (done(), done());
    let set = [of("b", json!({"x": [1, null]})), of("a", json!(0.1))];
    store.change(&set, &[], std::slice::from_ref(&first)).await.unwrap();
    store
        .change(&[of("a", json!("later"))], &["b".to_owned(), "c".to_owned()], std::slice::from_ref(&second))
        .await
        .unwrap();
    assert_eq!(store.overrides().await.unwrap(), [of("a", json!("later"))]);
    // An action that is there already: nothing of the whole is kept.
    let again = store.change(&[of("d", json!(1))], &["a".to_owned()], std::slice::from_ref(&first)).await;
    assert!(again.is_err());
    assert_eq!(store.overrides().await.unwrap(), [of("a", json!("later"))]);
    let page = store.actions(PageRequest { limit: 5, before: None }).await.unwrap();
    assert_eq!(page.items, [second, first]);
}

/// Something that was done.
fn done() -> AdminAction {
    AdminAction {
        id: id(),
        at: at(1),
        actor: "cli".to_owned(),
        action: "key.create".to_owned(),
        subject: "key:k1".to_owned(),
        before: None,
        after: Some(json!({"name": "\u{2602}"})),
    }
}

pub(crate) async fn a_change_is_written_down_or_not_made(store: &(impl TenantStore + AuditLog)) {
    let (one, two) = (done(), done());
    store.put_tenant(&tenant("acme"), &one).await.unwrap();
    store.put_tenant(&tenant("evil"), &two).await.unwrap();
    // That action is there already.
    let renamed = Tenant { name: "renamed".to_owned(), ..tenant("acme") };
    assert!(store.put_tenant(&renamed, &one).await.is_err());
    assert_eq!(store.tenants().await.unwrap()[0].name, tenant("acme").name);
    let page = store.actions(PageRequest { limit: 1, before: None }).await.unwrap();
    assert_eq!((page.items, page.next), (vec![two.clone()], Some(two.id)));
    let page = store.actions(PageRequest { limit: 1, before: page.next }).await.unwrap();
    assert_eq!((page.items, page.next), (vec![one], None));
}

fn today(id: RequestId) -> Date {
    let (seconds, _) = id.0.get_timestamp().unwrap().to_unix();
    Offset::UTC.to_datetime(Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap()).date()
}

fn of(spending: &[Spending], account: &Account) -> (Usd, Usd, Usd, u64) {
    let line = spending.iter().find(|line| line.account == *account).unwrap();
    (line.day, line.month, line.total, line.unpriced)
}

pub(crate) async fn the_ledger_is_charged_once_and_corrected<S: RequestLog + SpendingLedger>(store: &S) {
    let cents = |cents: i64| Usd::from_nanos(cents * 10_000_000);
    let priced = |charged: i64| {
        let (cost, charged) = (Cost::Priced { usd: cents(charged) }, cents(charged));
        RequestRecord { user: Some("ann".into()), cost, charged, ..record(id()) }
    };
    // Nobody knows what became of it; what was reserved is charged.
    let lost = router_store::record::Intent { user: Some("ann".into()), reserved: cents(50), ..intent(id()) };
    let lost = RequestRecord::outcome_unknown(lost);
    let batch = [priced(1), priced(2), lost.clone()];
    store.append(&batch).await.unwrap();
    // The same batch again, after a crash between the store and the acknowledgement.
    store.append(&batch).await.unwrap();
    let today = today(lost.id);
    let accounts = [Account::Tenant("acme".into()), Account::Key("key-1".into()), Account::User("ann".into())];
    let spending = store.spending(today).await.unwrap();
    for account in &accounts {
        assert_eq!(of(&spending, account), (cents(53), cents(53), cents(53), 1), "{account}");
    }
    // The outcome turns up.
    let found = RequestRecord { id: lost.id, ..priced(4) };
    for _ in 0..2 {
        store.append(std::slice::from_ref(&found)).await.unwrap();
    }
    let spending = store.spending(today).await.unwrap();
    for account in &accounts {
        assert_eq!(of(&spending, account), (cents(7), cents(7), cents(7), 0), "{account}");
    }
    let days = store.days(&accounts[0], today, today).await.unwrap();
    assert_eq!(days.iter().map(|day| (day.day, day.spent, day.requests)).collect::<Vec<_>>(), [(today, cents(7), 3)]);
    let tomorrow = today.tomorrow().unwrap();
    assert_eq!(of(&store.spending(tomorrow).await.unwrap(), &accounts[0]).0, Usd::ZERO, "another day");
    assert!(store.days(&accounts[0], tomorrow, tomorrow).await.unwrap().is_empty());
}

pub(crate) async fn hourly_sums_are_counted_once_and_corrected<S: RequestLog + StatisticsStore>(store: &S) {
    let record = |id| RequestRecord { status: RequestStatus::Succeeded, ..record(id) };
    let lost = RequestRecord::outcome_unknown(intent(id()));
    let failed = RequestRecord { status: RequestStatus::Failed, cost: Cost::Unpriced, ..record(id()) };
    let theirs = RequestRecord { tenant: "evil".into(), ..record(id()) };
    let known = [record(id()), record(id()), failed, theirs];
    let batch: Vec<_> = known.iter().cloned().chain([lost.clone()]).collect();
    // Twice, as after a crash between the store and the acknowledgement.
    for _ in 0..2 {
        store.append(&batch).await.unwrap();
    }
    let now = Timestamp::now();
    let all = StatisticsFilter {
        tenant: Some("acme".into()),
        model_id: None,
        from: now - 25.hours(),
        to: now,
        step_hours: 24 * 365 * 100,
    };
    let sum = async |filter: &StatisticsFilter| {
        let lines = store.statistics(filter).await.unwrap();
        lines.into_iter().fold((0, 0, 0, 0, 0, Usd::ZERO), |(r, s, f, u, p, c), Statistic { tally, .. }| {
            let cost = c.saturating_add(tally.cost);
            (
                r + tally.requests,
                s + tally.succeeded,
                f + tally.failed,
                u + tally.outcome_unknown,
                p + tally.unpriced,
                cost,
            )
        })
    };
    let cost = record(id()).cost.usd().unwrap();
    let twice = cost.saturating_add(cost);
    assert_eq!(sum(&all).await, (4, 2, 1, 1, 2, twice));
    // The outcome turns up, of another model than the one that was meant to be asked.
    let found = RequestRecord { id: lost.id, model_id: Some("another".into()), ..record(id()) };
    for _ in 0..2 {
        store.append(std::slice::from_ref(&found)).await.unwrap();
    }
    assert_eq!(sum(&all).await, (4, 3, 1, 0, 1, twice.saturating_add(cost)));
    let of_model = StatisticsFilter { model_id: Some("another".into()), ..all.clone() };
    assert_eq!(sum(&of_model).await, (1, 1, 0, 0, 0, cost));
    let lines = store.statistics(&of_model).await.unwrap();
    assert_eq!(lines[0].tally.output_tokens, found.usage.unwrap().output.0);
    assert_eq!(lines[0].tally.latency, found.latency);
    let tally = lines[0].tally;
    assert_eq!(tally.within.iter().sum::<u64>(), 1);
    let half = tally.latency_quantile(1.0).unwrap();
    assert!(found.latency <= half && half <= found.latency * 3, "{half:?} of {:?}", found.latency);
    let models: std::collections::BTreeSet<_> = found.attempts.iter().map(|attempt| &attempt.model_id).collect();
    assert_eq!(tally.failed_over, u64::from(models.len() > 1));
    // An hour is a stretch of its own, and says when it began.
    let hours = store.statistics(&StatisticsFilter { step_hours: 1, ..of_model }).await.unwrap();
    assert!(
        hours[0].start <= now && now.duration_since(hours[0].start) < Duration::from_secs(7200).try_into().unwrap()
    );
    let everyone = StatisticsFilter { tenant: None, ..all.clone() };
    assert_eq!(sum(&everyone).await.0, 5);
    assert_eq!(sum(&StatisticsFilter { to: now - 3.hours(), ..everyone }).await.0, 0);
}

pub(crate) async fn old_records_are_forgotten_in_small_steps_and_the_ledger_is_not<S>(store: &S)
where
    S: RequestLog + SpendingLedger + Retention,
{
    let (day, kept) = (jiff::civil::date(2026, 3, 1), jiff::civil::date(2026, 3, 2));
    let at = |day: Date, second: i8| {
        let time = Offset::UTC.to_timestamp(day.at(23, 59, second, 999_000_000)).unwrap();
        let seconds = u64::try_from(time.as_second()).unwrap();
        RequestId(uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 999_000_000)))
    };
    let old: Vec<_> = (0..450).map(|number| record(at(day, number_of(number)))).collect();
    let new = record(at(kept, 0));
    store.append(&old).await.unwrap();
    store.append(std::slice::from_ref(&new)).await.unwrap();
    let before = store.spending(kept).await.unwrap();
    let mut steps = 1;
    while store.forget(kept).await.unwrap() {
        steps += 1;
    }
    assert!(steps > 1, "one step would keep everybody waiting");
    let left = store.list(&RequestFilter::default(), PageRequest { limit: 500, before: None }).await.unwrap().items;
    assert_eq!(left.iter().map(|record| record.id).collect::<Vec<_>>(), [new.id]);
    assert_eq!(store.spending(kept).await.unwrap(), before);
    assert!(!store.forget(kept).await.unwrap(), "nothing is left to do");
}

/// Seconds of a minute, in turn.
fn number_of(number: usize) -> i8 {
    i8::try_from(number % 60).unwrap()
}
