#include "builder/plan/fold.hpp"
#include "builder/plan/history.hpp"
#include "builder/plan/paths.hpp"
#include "builder/plan/predefined.hpp"
#include "builder/plan/stop_signal.hpp"
#include "parser/ports.hpp"
#include "parser/text.hpp"

#include <algorithm>

namespace mybuild::plan {

namespace {

struct Pair {
    std::string key;
    std::string value;
    Span key_span;
};

/// All of them as they are before the instruction: no pair sees another.
Result<std::vector<Pair>> expand_pairs(StageState& state, const std::vector<KeyValue>& pairs,
                                       std::string_view keyword) {
    Expander expander = state.expander();
    std::vector<Pair> expanded;
    expanded.reserve(pairs.size());
    for (const KeyValue& pair : pairs) {
        TRY_ASSIGN(auto key, expander.word(pair.key));
        if (key.empty())
            return state.fail_at(Error{.code = ErrorCode::invalid,
                                       .message = std::string(keyword) + " names can not be blank",
                                       .hint = "nothing is left of the name once it is expanded"},
                                 pair.key.span);
        TRY_ASSIGN(auto value, expander.word(pair.value));
        expanded.push_back(
            {.key = std::move(key), .value = std::move(value), .key_span = pair.key.span});
    }
    return expanded;
}

std::string pairs_text(std::string_view keyword, const std::vector<Pair>& pairs) {
    std::string text(keyword);
    for (const Pair& pair : pairs)
        text.append(" ").append(pair.key).append("=").append(pair.value);
    return text;
}

/// Adds to a sorted list without repetitions.
void insert_sorted(std::vector<std::string>& list, const std::string& item) {
    const auto at = std::ranges::lower_bound(list, item);
    if (at == list.end() || *at != item) list.insert(at, item);
}

/// The value that an ARG gets here; nothing: it is declared and has none.
Result<std::optional<std::string>> arg_value(StageState& state, const ArgItem& item) {
    const std::string& name = item.name.text;
    const auto given = state.options.build_args.find(name);
    if (given != state.options.build_args.end()) return given->second;
    if (item.value) {
        TRY_ASSIGN(auto value, state.expander().word(*item.value));
        return value;
    }
    const auto global = state.graph.global_args.find(name);
    return global == state.graph.global_args.end() ? std::nullopt : global->second;
}

} // namespace

Status fold(StageState& state, const Env& env, Step& step) {
    TRY_ASSIGN(const auto pairs, expand_pairs(state, env.pairs, "ENV"));
    for (const auto& [key, value, span] : pairs) {
        state.env.set(key, value);
        set_entry(state.config.env, key, value);
        step.words.push_back({key, span});
    }
    step.created_by = pairs_text("ENV", pairs);
    return {};
}

Status fold(StageState& state, const Label& label, Step& step) {
    TRY_ASSIGN(const auto pairs, expand_pairs(state, label.pairs, "LABEL"));
    for (const Pair& pair : pairs)
        state.config.labels[pair.key] = pair.value;
    step.created_by = pairs_text("LABEL", pairs);
    return {};
}

Status fold(StageState& state, const Arg& arg, Step& step) {
    step.created_by = "ARG";
    for (const ArgItem& item : arg.items) {
        const std::string& name = item.name.text;
        TRY_ASSIGN(const auto value, arg_value(state, item));
        state.args.declare(name, value);
        if (value && !is_kept_from_environment(name)) state.env.set(name, *value);
        step.created_by += " " + name + (value ? "=" + *value : "");
    }
    return {};
}

Status fold(StageState& state, const Maintainer& maintainer, Step& step) {
    state.config.author = maintainer.name.text;
    step.created_by = "MAINTAINER " + maintainer.name.text;
    return {};
}

Status fold(StageState& state, const Expose& expose, Step& step) {
    std::vector<Word> words = expose.ports;
    std::ranges::stable_sort(words, {}, &Word::text);
    Expander expander = state.expander();
    std::vector<std::string> keys;
    for (const Word& word : words) {
        TRY_ASSIGN(const auto texts, expander.words(word));
        for (const std::string& text : texts) {
            auto ports = parse_ports(text);
            if (!ports) return state.fail_at(std::move(ports).error(), word.span);
            step.words.push_back({text, word.span});
            for (auto& key : ports->keys())
                keys.push_back(std::move(key));
        }
    }
    for (const std::string& key : keys)
        insert_sorted(state.config.exposed_ports, key);
    step.created_by = "EXPOSE " + plain_list(keys);
    return {};
}

Status fold(StageState& state, const Volume& volume, Step& step) {
    Expander expander = state.expander();
    std::vector<std::string> paths;
    for (const Word& word : volume.paths) {
        TRY_ASSIGN(auto path,
                   expander.word({.text = std::string(text::trim(word.text)), .span = word.span}));
        if (path.empty())
            return state.fail_at(Error{.code = ErrorCode::invalid,
                                       .message = "VOLUME specified can not be an empty string",
                                       .hint = "nothing is left of the path once it is expanded"},
                                 word.span);
        paths.push_back(std::move(path));
    }
    for (const std::string& path : paths)
        insert_sorted(state.config.volumes, path);
    step.created_by = "VOLUME " + plain_list(paths);
    return {};
}

Status fold(StageState& state, const User& user, Step& step) {
    TRY_ASSIGN(state.config.user, state.expander().word(user.name));
    step.created_by = "USER " + state.config.user;
    return {};
}

Status fold(StageState& state, const Workdir& workdir, Step& step) {
    TRY_ASSIGN(const auto path, state.expander().word(workdir.path));
    step.words = {{path, workdir.path.span}};
    std::string& current = state.config.working_dir;
    current = next_workdir(current, path);
    step.created_by = "WORKDIR " + current;
    if (current == "/") return {};
    step.makes_layer = true;
    step.op = WorkdirOp{.path = state.directory(), .user = state.config.user};
    return {};
}

Status fold(StageState& state, const Stopsignal& stop, Step& step) {
    TRY_ASSIGN(auto text, state.expander().word(stop.signal));
    if (auto checked = check_stop_signal(text); !checked)
        return state.fail_at(std::move(checked).error(), stop.signal.span);
    step.created_by = "STOPSIGNAL " + text;
    state.config.stop_signal = std::move(text);
    return {};
}

} // namespace mybuild::plan
