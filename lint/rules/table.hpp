#pragma once

#include "lint/rule.hpp"

/// The rules, each defined in the file of its family.
namespace mybuild::lint::rules {

// BuildKit's
extern const Rule stage_name_casing;
extern const Rule from_as_casing;
extern const Rule no_empty_continuation;
extern const Rule consistent_instruction_casing;
extern const Rule duplicate_stage_name;
extern const Rule reserved_stage_name;
extern const Rule json_args_recommended;
extern const Rule maintainer_deprecated;
extern const Rule undefined_arg_in_from;
extern const Rule workdir_relative_path;
extern const Rule undefined_var;
extern const Rule multiple_instructions_disallowed;
extern const Rule legacy_key_value_format;
extern const Rule invalid_base_image_platform;
extern const Rule redundant_target_platform;
extern const Rule secrets_used_in_arg_or_env;
extern const Rule invalid_default_arg_in_from;
extern const Rule from_platform_flag_const_disallowed;
extern const Rule copy_ignored_file;
extern const Rule invalid_definition_description;
extern const Rule expose_proto_casing;
extern const Rule expose_invalid_format;

// Ours
extern const Rule unpinned_base_image;
extern const Rule apt_lists_left;
extern const Rule apk_index_left;
extern const Rule dnf_cache_left;
extern const Rule pip_cache_left;
extern const Rule apt_update_alone;
extern const Rule secret_value;
extern const Rule secret_file_copied;
extern const Rule copy_before_install;
extern const Rule unreachable_stage;
extern const Rule run_without_effect;
extern const Rule sudo_in_run;
extern const Rule add_instead_of_copy;
extern const Rule suspicious_syntax;
extern const Rule missing_user;

} // namespace mybuild::lint::rules
