//! The tables, as `migrations/sqlite` makes them.

diesel::table! {
    requests (id) {
        id -> Binary,
        day -> Text,
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
    }
}

diesel::table! {
    feedback (id) {
        id -> Binary,
        tenant -> Text,
        key_id -> Nullable<Text>,
        request_id -> Nullable<Binary>,
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
    eval_scores (id) {
        id -> Binary,
        tenant -> Text,
        request_id -> Nullable<Binary>,
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
    }
}
