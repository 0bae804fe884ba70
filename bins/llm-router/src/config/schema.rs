//! The JSON Schema of the file, for editors and for the documentation.

use schemars::generate::SchemaSettings;

use super::file::ConfigFile;

/// The schema as it is committed in `docs/config.schema.json`: pretty-printed, with a line break at its end.
///
/// # Errors
/// None that a schema of these types could cause; serialization says it may fail.
pub fn text() -> Result<String, serde_json::Error> {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<ConfigFile>();
    let mut schema = schema.to_value();
    // So that moving a field does not move its lines in the committed document.
    schema.sort_all_objects();
    Ok(serde_json::to_string_pretty(&schemars::Schema::try_from(schema)?)? + "\n")
}
