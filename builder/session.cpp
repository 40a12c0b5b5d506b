#include "builder/session.hpp"

#include <ctime>

namespace mybuild {

void EventLog::send(const Event& event) {
    const std::lock_guard lock(m_mutex);
    m_sink.on(event);
}

std::int64_t EventLog::now_ns() {
    std::timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string image_key(const plan::FromImage& origin) {
    return origin.name.canonical() + " " + origin.platform.str();
}

const StoredImage& Session::image(const plan::FromImage& origin) const {
    return images.at(image_key(origin));
}

void Session::add_definition(KeyBuilder& key, const plan::Origin& origin) const {
    if (const auto* stage = std::get_if<plan::FromStage>(&origin)) {
        const auto& steps = keyed[stage->index];
        key.add("stage", steps.empty() ? starts[stage->index].definition : steps.back().definition);
    } else if (const auto* from = std::get_if<plan::FromImage>(&origin)) {
        key.add("image", image(*from).id);
    }
}

Error Session::located(Error error, Span span) const {
    return std::move(error).at(file.source, span);
}

} // namespace mybuild
