#include "ssh/agent.hpp"

#include "ssh/wire.hpp"

#include <algorithm>

namespace mybuild::ssh {
namespace {

// draft-ietf-sshm-ssh-agent, "Message numbers"
constexpr std::uint8_t failure = 5;
constexpr std::uint8_t request_identities = 11;
constexpr std::uint8_t identities_answer = 12;
constexpr std::uint8_t sign_request = 13;
constexpr std::uint8_t sign_response = 14;

std::string list(const std::vector<PrivateKey>& keys) {
    WireWriter out;
    out.byte(identities_answer).number(static_cast<std::uint32_t>(keys.size()));
    for (const auto& key : keys)
        out.string(key.public_key()).string(key.comment());
    return out.data();
}

std::string sign(const std::vector<PrivateKey>& keys, WireReader in) {
    const auto public_key = in.string();
    const auto data = in.string();
    const auto flags = in.number();
    if (!in.is_good()) return refusal();
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const PrivateKey& one) {
        return one.public_key() == public_key;
    });
    if (key == keys.end()) return refusal();
    const auto signature = key->sign(data, flags);
    if (!signature) return refusal();
    return WireWriter().byte(sign_response).string(*signature).data();
}

} // namespace

bool may_reach_agent(std::string_view request) {
    const auto type = WireReader(request).byte();
    return type == request_identities || type == sign_request;
}

std::string refusal() {
    return WireWriter().byte(failure).data();
}

std::string answer(const std::vector<PrivateKey>& keys, std::string_view request) {
    WireReader in(request);
    switch (in.byte()) {
    case request_identities:
        return list(keys);
    case sign_request:
        return sign(keys, in);
    default:
        return refusal();
    }
}

} // namespace mybuild::ssh
