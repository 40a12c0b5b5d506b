#include "base/error_list.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace mybuild {
namespace {

bool same(const Error& a, const Error& b) {
    if (a.message != b.message || a.where.has_value() != b.where.has_value()) return false;
    return !a.where || (a.where->source == b.where->source && a.where->span == b.where->span);
}

bool stands_before(const Error& a, const Error& b) {
    if (!a.where || !b.where) return !a.where && b.where;
    const auto& [a_source, a_span] = *a.where;
    const auto& [b_source, b_span] = *b.where;
    return std::tie(a_source->name(), a_span.begin, a_span.end) <
           std::tie(b_source->name(), b_span.begin, b_span.end);
}

} // namespace

void ErrorList::add(Error error) {
    for (auto& one : separated(std::move(error))) {
        const bool known = std::any_of(m_errors.begin(), m_errors.end(),
                                       [&](const Error& other) { return same(one, other); });
        if (!known) m_errors.push_back(std::move(one));
    }
}

std::vector<Error> ErrorList::sorted() && {
    std::stable_sort(m_errors.begin(), m_errors.end(), stands_before);
    return std::move(m_errors);
}

Status ErrorList::status() && {
    if (m_errors.empty()) return {};
    return fail(joined(std::move(*this).sorted()));
}

Error joined(std::vector<Error> errors) {
    auto first = std::move(errors.front());
    first.others.insert(first.others.end(), std::make_move_iterator(errors.begin() + 1),
                        std::make_move_iterator(errors.end()));
    return first;
}

std::vector<Error> separated(Error error) {
    auto others = std::move(error.others);
    error.others.clear();
    std::vector<Error> all;
    all.push_back(std::move(error));
    for (auto& other : others)
        for (auto& one : separated(std::move(other)))
            all.push_back(std::move(one));
    return all;
}

} // namespace mybuild
