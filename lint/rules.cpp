#include "lint/rules.hpp"

#include "lint/rules/table.hpp"
#include "parser/text.hpp"

#include <algorithm>
#include <array>

namespace mybuild::lint {
namespace {

constexpr std::array table{
    &rules::stage_name_casing,
    &rules::from_as_casing,
    &rules::no_empty_continuation,
    &rules::consistent_instruction_casing,
    &rules::duplicate_stage_name,
    &rules::reserved_stage_name,
    &rules::json_args_recommended,
    &rules::maintainer_deprecated,
    &rules::undefined_arg_in_from,
    &rules::workdir_relative_path,
    &rules::undefined_var,
    &rules::multiple_instructions_disallowed,
    &rules::legacy_key_value_format,
    &rules::invalid_base_image_platform,
    &rules::redundant_target_platform,
    &rules::secrets_used_in_arg_or_env,
    &rules::invalid_default_arg_in_from,
    &rules::from_platform_flag_const_disallowed,
    &rules::copy_ignored_file,
    &rules::invalid_definition_description,
    &rules::expose_proto_casing,
    &rules::expose_invalid_format,

    &rules::unpinned_base_image,
    &rules::apt_lists_left,
    &rules::apk_index_left,
    &rules::dnf_cache_left,
    &rules::pip_cache_left,
    &rules::apt_update_alone,
    &rules::secret_value,
    &rules::secret_file_copied,
    &rules::copy_before_install,
    &rules::unreachable_stage,
    &rules::run_without_effect,
    &rules::sudo_in_run,
    &rules::add_instead_of_copy,
    &rules::suspicious_syntax,
    &rules::missing_user,
};

} // namespace

std::span<const Rule* const> all_rules() {
    return table;
}

const Rule* find_rule(std::string_view name) {
    const auto found = std::ranges::find_if(
        table, [&](const Rule* rule) { return text::equal_ignoring_case(rule->name, name); });
    return found == table.end() ? nullptr : *found;
}

} // namespace mybuild::lint
