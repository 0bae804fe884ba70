//! The tables, as the migrations of every database make them.

diesel::table! {
    use diesel::sql_types::*;
    use crate::tables::sql_types::{Identifier, UtcDay};

    requests (id) {
        id -> Identifier,
        day -> UtcDay,
        tenant -> Text,
        key_id -> Nullable<Text>,
        status -> Text,
        error_kind -> Nullable<Text>,
        prompt_type -> Text,
        difficulty -> Double,
        model_id -> Nullable<Text>,
        provider -> Nullable<Text>,
        upstream_model -> Nullable<Text>,
        upstream_id -> Nullable<Text>,
        finish -> Nullable<Text>,
        dropped -> Text,
        catalogue -> BigInt,
        input_tokens -> Nullable<BigInt>,
        cache_read_tokens -> Nullable<BigInt>,
        cache_write_5m_tokens -> Nullable<BigInt>,
        cache_write_1h_tokens -> Nullable<BigInt>,
        output_tokens -> Nullable<BigInt>,
        reasoning_tokens -> Nullable<BigInt>,
        usage_source -> Nullable<Text>,
        cost_nanos -> Nullable<BigInt>,
        latency_us -> BigInt,
        cached -> Bool,
        simulated -> Bool,
        attempts -> Text,
        decision -> Text,
        metadata -> Nullable<Text>,
        prompt -> Nullable<Text>,
        response -> Nullable<Text>,
        user_id -> Nullable<Text>,
        tags -> Text,
        wanted_model -> Nullable<Text>,
        streamed -> Bool,
        keep_text -> Text,
        charged_nanos -> BigInt,
    }
}

diesel::table! {
    revision (id) {
        id -> BigInt,
        number -> BigInt,
    }
}

diesel::table! {
    tenants (id) {
        id -> Text,
        name -> Text,
        limits -> Text,
        budgets -> Text,
        keep_text -> Nullable<Text>,
        created_at_us -> BigInt,
        disabled_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        tenant -> Text,
        email -> Text,
        password_hash -> Nullable<Text>,
        role -> Text,
        limits -> Text,
        budgets -> Text,
        created_at_us -> BigInt,
        disabled_at_us -> Nullable<BigInt>,
        sessions_valid_from_us -> BigInt,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        digest -> Binary,
        tenant -> Text,
        user_id -> Nullable<Text>,
        name -> Text,
        role -> Text,
        allowed_models -> Nullable<Text>,
        allowed_providers -> Nullable<Text>,
        limits -> Text,
        budgets -> Text,
        keep_text -> Nullable<Text>,
        tags -> Text,
        created_at_us -> BigInt,
        expires_at_us -> Nullable<BigInt>,
        revoked_at_us -> Nullable<BigInt>,
    }
}

diesel::table! {
    revocations (token) {
        token -> Text,
        until_us -> BigInt,
    }
}

diesel::table! {
    overrides (path) {
        path -> Text,
        value -> Text,
        actor -> Text,
        at_us -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::tables::sql_types::{Identifier};

    admin_actions (id) {
        id -> Identifier,
        at_us -> BigInt,
        actor -> Text,
        action -> Text,
        subject -> Text,
        value_before -> Nullable<Text>,
        value_after -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::tables::sql_types::{UtcDay};

    spending (account_kind, account_id, day) {
        account_kind -> Text,
        account_id -> Text,
        day -> UtcDay,
        spent_nanos -> BigInt,
        priced -> BigInt,
        unpriced -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::tables::sql_types::{Identifier};

    feedback (id) {
        id -> Identifier,
        tenant -> Text,
        key_id -> Nullable<Text>,
        request_id -> Nullable<Identifier>,
        model_id -> Text,
        unresolved -> Bool,
        prompt_type -> Nullable<Text>,
        rating -> Integer,
        category -> Nullable<Text>,
        comment -> Nullable<Text>,
        created_at_us -> BigInt,
        prompt -> Nullable<Text>,
        response -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::tables::sql_types::{Identifier};

    eval_scores (id) {
        id -> Identifier,
        tenant -> Text,
        request_id -> Nullable<Identifier>,
        model_id -> Text,
        unresolved -> Bool,
        prompt_type -> Nullable<Text>,
        score -> Double,
        metric -> Text,
        judge -> Text,
        comment -> Nullable<Text>,
        created_at_us -> BigInt,
        prompt -> Nullable<Text>,
        response -> Nullable<Text>,
        run_id -> Nullable<Identifier>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::tables::sql_types::{Identifier};

    eval_runs (id) {
        id -> Identifier,
        tenant -> Text,
        name -> Text,
        status -> Text,
        total -> Nullable<BigInt>,
        message -> Nullable<Text>,
        started_at_us -> BigInt,
        ended_at_us -> Nullable<BigInt>,
    }
}
